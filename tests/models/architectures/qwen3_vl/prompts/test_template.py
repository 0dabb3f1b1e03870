"""Skeletons: what a template does to the parts is found out, followed where it can be, and refused where not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.models.architectures.qwen3_vl.prompts.readers import tokenizer_of
from tests.tiny_qwen import CHAT_TEMPLATE

from medialens.errors import InputError
from medialens.models.architectures.qwen3_vl.prompts.pieces import Control, Slot, Turn, Words, part_name
from medialens.models.architectures.qwen3_vl.prompts.template import ChatTemplate

PLACEHOLDERS = {"image": "<|image_pad|>", "video": "<|video_pad|>"}
EACH = "{%- for message in messages -%}{%- for part in message.content -%}"
END = "{%- endfor -%}{%- endfor -%}"


@pytest.fixture(scope="module")
def tokenizer(tiny_model):
    return tokenizer_of(tiny_model("qwen3_vl_embedder"))


@pytest.fixture(scope="module")
def make(tokenizer):
    return lambda text, **settings: ChatTemplate(tokenizer, text, settings=settings, placeholders=PLACEHOLDERS)


def test_a_skeleton_is_words_controls_and_slots(make, tokenizer):
    start, end, see, seen = (
        Control(tokenizer.convert_tokens_to_ids(token))
        for token in ("<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>")
    )
    assert make(CHAT_TEMPLATE, add_generation_prompt=True).skeleton((Turn("user", ("text", "image", "text")),)) == (
        *(start, Words("user\n"), Slot(0, "text"), see, Slot(1, "image"), seen, Slot(2, "text"), end),
        *(Words("\n"), start, Words("assistant\n")),
    )


def test_pictures_and_clips_are_counted_apart(make):
    pieces = make(CHAT_TEMPLATE).skeleton((Turn("user", ("image", "video")), Turn("user", ("image", "video", "text"))))
    slots = [(piece.part, piece.kind) for piece in pieces if isinstance(piece, Slot)]
    assert slots == [(0, "image"), (1, "video"), (2, "image"), (3, "video"), (4, "text")]


def test_a_template_is_rendered_once_a_structure(make, tokenizer, monkeypatch):
    template = make(CHAT_TEMPLATE)
    first = template.skeleton((Turn("user", ("text",)),))
    monkeypatch.setattr(type(tokenizer), "apply_chat_template", lambda *_, **__: pytest.fail("rendered again"))
    assert template.skeleton((Turn("user", ("text",)),)) is first


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("{{ 'nothing' }}", "0 times"),
        ("{{ part.text }}{{ part.text }}", "2 times"),
        ("{{ part.text | upper }}", "as it is"),
        ("{{ part.text | tojson }}", "white space"),
        ("{{ part.text | e }}", "as it is"),
        ("{{ part.text[:5] }}", "as it is"),
        ("{{ part.text | replace('\\n', ' ') }}", "white space"),
        ("{{ raise_exception('no such role') }}", "no such role"),
    ],
)
def test_a_text_that_is_lost_or_rewritten_is_refused(make, written, reason):
    with pytest.raises(InputError, match=reason) as caught:
        make(EACH + written + END).skeleton((Turn("user", ("text",)),))
    assert "processor_kwargs" in str(caught.value)
    assert "user: text" in str(caught.value)


@pytest.mark.parametrize("written", ["", "<|image_pad|><|image_pad|>", "<|video_pad|>"])
def test_a_picture_that_is_lost_or_repeated_is_refused(make, written):
    with pytest.raises(InputError, match="parts of kind"):
        make(EACH + written + END).skeleton((Turn("user", ("image",)),))


def test_turns_with_pictures_must_come_in_their_order(make):
    backwards = CHAT_TEMPLATE.replace("in messages -", "in messages | reverse -")
    with pytest.raises(InputError, match="another order"):
        make(backwards).skeleton(
            (Turn("system", ("text",)), Turn("query", ("image",)), Turn("document", ("image", "text")))
        )
    with pytest.raises(InputError, match="another order"):
        make(backwards).skeleton((Turn("query", ("image",)), Turn("document", ("video",))))
    pieces = make(backwards).skeleton((Turn("query", ("text",)), Turn("document", ("image",))))
    assert [piece.part for piece in pieces if isinstance(piece, Slot)] == [1, 0]


@pytest.mark.parametrize(
    ("written", "strips"),
    [
        ("part.text", ("", "")),
        ("part.text.strip()", (None, None)),
        ("part.text | trim", (None, None)),
        ("part.text.lstrip()", (None, "")),
        ("part.text.strip('\\n')", ("\n", "\n")),
    ],
)
@given(text=st.text("ab \n\t", min_size=1))
def test_a_template_that_strips_is_followed(make, tokenizer, written, strips, text):
    template = EACH + "({{ " + written + " }})" + END
    (name,) = [part_name("text", text)]
    pieces = make(template).skeleton((Turn("user", (name,)),))
    ours = "".join(piece.strip(text) if isinstance(piece, Slot) else piece.text for piece in pieces)
    messages = [{"role": "user", "content": [{"type": "text", "text": text}]}]
    assert ours == tokenizer.apply_chat_template(messages, chat_template=template, tokenize=False)
    assert all(piece.strips == strips for piece in pieces if isinstance(piece, Slot))


def test_a_second_system_message_that_is_lost_is_told(make):
    """As in the published templates, which write the first message of the system alone."""
    only = "in messages if message == messages[0] or message.role != 'system' -"
    with pytest.raises(InputError, match="pass instruction=''"):
        make(CHAT_TEMPLATE.replace("in messages -", only)).skeleton(
            (Turn("system", ("text",)), Turn("system", ("text",)), Turn("user", ("text",)))
        )


def test_blank_texts_are_shown_to_the_template(make):
    template = make(EACH + "{% if part.text %}{{ part.text }}{% else %}NULL{% endif %}" + END)
    assert template.skeleton((Turn("user", (part_name("text", ""),)),)) == (Words("NULL"),)
    assert template.skeleton((Turn("user", (part_name("text", " "),)),)) == (Words(" "),)
    assert template.skeleton((Turn("user", (part_name("text", "x"),)),)) == (Slot(0, "text"),)


def test_what_a_tokenizer_puts_around_texts_belongs_to_the_prompt(tiny_model, tokenizer):
    from tokenizers.processors import TemplateProcessing
    from transformers import AutoTokenizer

    ending = AutoTokenizer.from_pretrained(tiny_model("qwen3_vl_embedder"))
    end = "<|endoftext|>"
    ending.backend_tokenizer.post_processor = TemplateProcessing(
        single=f"$A {end}", pair="$A $B", special_tokens=[(end, tokenizer.convert_tokens_to_ids(end))]
    )
    template = ChatTemplate(ending, CHAT_TEMPLATE, settings={}, placeholders=PLACEHOLDERS)
    assert template.skeleton((Turn("user", ("text",)),))[-1] == Control(tokenizer.convert_tokens_to_ids(end))
