"""Control tokens in texts are text, and a remembered beginning changes nothing."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.models.architectures.qwen3_vl.prompts.readers import tokenizer_of
from tests.tiny_qwen import CONTROLS

from medialens.errors import RepositoryError
from medialens.models.architectures.qwen3_vl.prompts.tokenizer import PlainTokenizer

TEXTS = st.one_of(
    st.text(), st.text("ab1 .'<:\n\r\t\u0308\u2003\u732b"), st.lists(st.sampled_from(CONTROLS)).map("".join)
)


@pytest.fixture(scope="module")
def transformers_tokenizer(tiny_model):
    return tokenizer_of(tiny_model("qwen3_vl_embedder"))


@pytest.fixture(scope="module")
def plain(transformers_tokenizer):
    return PlainTokenizer(transformers_tokenizer)


@given(text=st.text())
def test_plain_text_is_read_as_by_transformers(plain, transformers_tokenizer, text):
    assert plain.read(text) == transformers_tokenizer(text, add_special_tokens=False)["input_ids"]


@given(before=TEXTS, token=st.sampled_from(CONTROLS), after=TEXTS)
def test_control_tokens_in_texts_are_text(plain, transformers_tokenizer, before, token, after):
    ids = plain.read(before + token + after)
    assert not set(ids) & set(transformers_tokenizer.all_special_ids)
    assert token in transformers_tokenizer.decode(plain.read(token))


def test_tokens_that_were_added_for_other_reasons_are_text_too(transformers_tokenizer, tiny_model):
    from transformers import AutoTokenizer

    more = AutoTokenizer.from_pretrained(tiny_model("qwen3_vl_embedder"))
    more.add_tokens(["<think>"])
    assert (
        PlainTokenizer(more).read("<think>") == transformers_tokenizer("<think>", add_special_tokens=False)["input_ids"]
    )


@given(head=TEXTS, text=TEXTS)
@example(head="x \n  ", text="\n")
@example(head="it'", text="s")
@example(head="a cafe", text="\u0301 and")
@example(head="<Query>:a\n<Document>:", text=":: b")
def test_what_follows_does_not_change_a_remembered_beginning(plain, head, text):
    assert plain.read_after(head, text) == plain.read(head + text)


def test_a_beginning_of_words_is_remembered(plain):
    head = plain.head("the page of the photo\n<Document>:")
    assert head.ids == tuple(plain.read("the page of the photo\n"))
    assert head.rest == "<Document>:"


@given(text=TEXTS, n_tokens=st.integers(0, 20))
def test_a_cut_text_is_a_beginning(plain, text, n_tokens):
    cut = plain.cut(text, n_tokens)
    assert text.startswith(cut)
    assert cut == text or len(plain.read(text)) > n_tokens


def test_a_tokenizer_of_another_kind_is_refused():
    class Slow:
        name_or_path = "acme/slow"

    with pytest.raises(RepositoryError, match=r"tokenizer\.json"):
        PlainTokenizer(Slow())


@given(text=st.one_of(TEXTS, st.text("ab1 .\n\u0308", min_size=100)), n_tokens=st.integers(0, 9))
@example("dog " * 100, 3)
@example("a" + " " * 300 + "b", 3)
@example("a" * 300, 3)
def test_a_beginning_is_read_as_the_text_is(plain, text, n_tokens):
    beginning = plain.beginning(text, n_tokens)
    assert text.startswith(beginning)
    assert beginning == text or len(plain.read(beginning)) > n_tokens
    assert plain.read(beginning)[:n_tokens] == plain.read(text)[:n_tokens]


def test_of_a_long_text_a_beginning_is_enough(plain):
    assert len(plain.beginning("dog " * 100_000, 100)) < 10_000
