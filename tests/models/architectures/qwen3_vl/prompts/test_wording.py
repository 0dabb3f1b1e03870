"""Templates are found where transformers looks for them, and plain repositories are worded by their authors' rules."""

from __future__ import annotations

import json
import shutil

import pytest
from tests.models.architectures.qwen3_vl.prompts.prompt_cases import CLIP, IMAGE, Case
from tests.models.architectures.qwen3_vl.prompts.readers import items, looking, reader_of, tokenizer_of
from tests.tiny_qwen import CHAT_TEMPLATE, RERANKER_TEMPLATE

from medialens.errors import RepositoryError
from medialens.hub.manifest import read_manifest
from medialens.hub.repository import open_repository
from medialens.models.architectures.qwen3_vl.prompts.wording import Wording, read_wording

LOOK = ([(1, 4, 4)], [((2, 4, 4), (0.25, 1.5))])

# As the authors' notebook and `reranker_template.jinja` have them.
EMBEDDER = """\
<|im_start|>system
Retrieve images or text relevant to the user's query.<|im_end|>
<|im_start|>user
A woman playing with her dog on a beach at sunset.<|im_end|>
<|im_start|>assistant
"""
RERANKER = """\
<|im_start|>system
Judge whether the Document meets the requirements based on the Query and the Instruct provided. \
Note that the answer can only be "yes" or "no".<|im_end|>
<|im_start|>user
<Instruct>: Given a search query, retrieve relevant candidates that answer the query.<Query>:a dog
<Document>:<|vision_start|><|image_pad|><|image_pad|><|image_pad|><|image_pad|><|vision_end|>on a beach<|im_end|>
<|im_start|>assistant
"""


@pytest.fixture
def folder(tiny_model, tmp_path):
    """A plain repository to write to."""
    return shutil.copytree(tiny_model("qwen3_vl_plain"), tmp_path / "plain")


def rendered(tiny_model, task, *sides, instruction="", **more):
    folder = tiny_model("qwen3_vl_plain")
    prompt = reader_of(folder, task, **more).read(items(Case("", sides)), instruction, looking(*LOOK)).prompt
    return tokenizer_of(folder).decode(prompt.ids)


def template_of(folder, *, task="embed", asked=None):
    return read_wording(read_manifest(open_repository(folder)), task, tokenizer_of(folder), asked=asked).template


def test_a_plain_embedder_is_asked_as_its_authors_do(tiny_model):
    text = "A woman playing with her dog on a beach at sunset."
    told = "Retrieve images or text relevant to the user's query"
    assert rendered(tiny_model, "embed", (text,), instruction=told) == EMBEDDER
    assert "Represent the user's input.<|im_end|>" in rendered(tiny_model, "embed", (text,))


def test_a_plain_reranker_is_asked_as_its_authors_do(tiny_model):
    assert rendered(tiny_model, "score", ("a dog",), ("on a beach", IMAGE)) == RERANKER


@pytest.mark.parametrize(
    ("asked", "told"),
    [("Find it", "Find it."), (" Find it! ", "Find it!"), ("\u627e\u5230\u5b83\u3002", "\u627e\u5230\u5b83\u3002")],
)
def test_instructions_end_in_punctuation(asked, told):
    assert Wording(template="", ends_in_punctuation=True).instruct(asked) == told
    assert Wording(template="").instruct(asked) == asked


def test_clips_and_pictures_come_before_the_one_text(tiny_model):
    text = rendered(tiny_model, "embed", ("two cats", IMAGE, CLIP))
    assert text.index("<|video_pad|>") < text.index("<|image_pad|>") < text.index("two cats")
    text = rendered(tiny_model, "embed", ("two cats", IMAGE, "a dog"))
    assert text.index("two cats") < text.index("<|image_pad|>") < text.index("a dog")


def test_an_item_that_says_nothing_says_so(tiny_model):
    assert "\nNULL<|im_end|>" in rendered(tiny_model, "embed", ("",))
    assert "<Query>:NULL\n<Document>:a dog" in rendered(tiny_model, "score", ("",), ("a dog",))
    assert "NULL" not in rendered(tiny_model, "embed", ("", IMAGE))


def test_what_the_system_says_of_its_own_stands_alone():
    wording = Wording(template="", instruction="Represent the user's input.")
    assert wording.instruct("", is_told=True) == ""
    assert wording.instruct("Find it.", is_told=True) == "Find it."


@pytest.mark.parametrize("place", ["chat_template.jinja", "chat_template.json", "processor_config.json", "tokenizer"])
def test_templates_are_found_in_every_place(folder, place):
    (folder / "chat_template.jinja").unlink()
    tokenizer_of.cache_clear()
    content = "{{ 'here' }}"
    if place == "tokenizer":
        config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        (folder / "tokenizer_config.json").write_text(json.dumps(config | {"chat_template": content}), encoding="utf-8")
    else:
        text = content if place.endswith("jinja") else json.dumps({"chat_template": content})
        (folder / place).write_text(text, encoding="utf-8")
    assert template_of(folder) == content


def test_the_callers_template_comes_first(folder):
    assert template_of(folder) == CHAT_TEMPLATE
    assert template_of(folder, asked="{{ 'mine' }}") == "{{ 'mine' }}"
    assert template_of(folder, task="score", asked={"default": "{{ 'mine' }}"}) == "{{ 'mine' }}"
    with pytest.raises(RepositoryError, match="expected a text, or texts by name"):
        template_of(folder, asked=7)


def test_no_template_is_told(folder):
    (folder / "chat_template.jinja").unlink()
    tokenizer_of.cache_clear()
    with pytest.raises(RepositoryError, match="no chat template 'default'"):
        template_of(folder)


def test_a_repository_names_its_template(tiny_model):
    assert template_of(tiny_model("qwen3_vl_reranker"), task="score") == RERANKER_TEMPLATE


def test_the_callers_template_needs_no_name(tiny_model):
    folder = tiny_model("qwen3_vl_reranker")
    assert template_of(folder, task="score", asked="{{ 'mine' }}") == "{{ 'mine' }}"
    assert template_of(folder, task="score", asked={"reranker": "{{ 'mine' }}"}) == "{{ 'mine' }}"


def test_a_named_template_that_is_missing_is_told(tiny_model, tmp_path):
    folder = shutil.copytree(tiny_model("qwen3_vl_reranker"), tmp_path / "reranker")
    shutil.rmtree(folder / "additional_chat_templates")
    tokenizer_of.cache_clear()
    with pytest.raises(RepositoryError, match="no chat template 'reranker'"):
        template_of(folder, task="score")
