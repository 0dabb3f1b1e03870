"""Whatever is handed in, a prompt fits, and keeps its template, its pictures, its query and its document."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.models.architectures.qwen3_vl.prompts.prompt_cases import IMAGE, Case
from tests.models.architectures.qwen3_vl.prompts.readers import items, looking, reader_of, tokenizer_of

from medialens.errors import InputError
from medialens.models.architectures.qwen3_vl.prompts.truncation import share, water_level

STILL = (1, 8, 8)  # 16 tokens
TAIL = "<|im_end|>\n<|im_start|>assistant\n"
LENGTHS = st.integers(1, 120)


def words(n, word="dog "):
    return (word * n).strip()


@pytest.fixture(scope="module")
def embedder(tiny_model):
    return tiny_model("qwen3_vl_embedder")


@pytest.fixture(scope="module")
def reranker(tiny_model):
    return tiny_model("qwen3_vl_reranker")


@given(n_words=LENGTHS, n_images=st.integers(0, 2), room=st.integers(0, 80), after=st.booleans())
@settings(max_examples=50)
def test_an_item_keeps_its_pictures_and_the_tail(embedder, n_words, n_images, room, after):
    parts = (*[IMAGE] * n_images, words(n_words)) if after else (words(n_words), *[IMAGE] * n_images)
    max_tokens = 60 + 18 * n_images + room
    reader = reader_of(embedder, "embed", max_tokens=max_tokens)
    prompt = reader.read(items(Case("", (parts,))), "Find it.", looking([STILL] * n_images)).prompt
    text = tokenizer_of(embedder).decode(prompt.ids)
    assert prompt.n_tokens <= max_tokens
    assert text.startswith("<|im_start|>system\nFind it.<|im_end|>\n<|im_start|>user\n")
    assert text.endswith(TAIL)
    assert text.count("<|image_pad|>") == sum(visual.n_tokens for visual in prompt.visuals)
    assert len(prompt.visuals) == n_images
    assert "dog" in text


@given(n_query=LENGTHS, n_document=LENGTHS, room=st.integers(24, 120))
@settings(max_examples=50)
def test_query_and_document_survive(reranker, n_query, n_document, room):
    fixed = reader_of(reranker, "score").read(items(Case("", (("x",), ("y",)))), "Judge.", looking()).prompt.n_tokens
    reader = reader_of(reranker, "score", max_tokens=fixed + room)
    case = Case("", ((words(n_query, "dog "),), (words(n_document, "cat "),)))
    reading = reader.read(items(case), "Judge.", looking())
    text = tokenizer_of(reranker).decode(reading.prompt.ids)
    query, document = text.partition("<Query>:")[2].removesuffix(TAIL).split("\n<Document>:")
    assert reading.prompt.n_tokens <= fixed + room
    assert text.endswith(TAIL)
    assert words(n_query, "dog ").startswith(query)
    assert words(n_document, "cat ").startswith(document)
    assert query
    assert document
    assert bool(reading.notes) == (query != words(n_query, "dog "))
    if query != words(n_query, "dog "):
        assert len(document.split()) <= len(query.split()) / 2


def test_only_the_document_is_shortened_for_a_short_query(reranker):
    reader = reader_of(reranker, "score", max_tokens=220)
    reading = reader.read(items(Case("", (("a red circle",), (words(500),)))), "Judge.", looking())
    text = tokenizer_of(reranker).decode(reading.prompt.ids)
    assert "<Query>:a red circle\n<Document>:dog dog" in text
    assert reading.prompt.n_tokens == 220
    assert not reading.notes


def test_a_shortened_text_says_all_that_has_room(embedder):
    reader = reader_of(embedder, "embed", max_tokens=60)
    assert reader.read(items(Case("", ((words(500),),))), "", looking()).prompt.n_tokens == 60


def test_of_several_texts_the_last_is_shortened_first(embedder):
    reader = reader_of(embedder, "embed", max_tokens=90)
    prompt = reader.read(items(Case("", ((words(20), IMAGE, words(60, "cat ")),))), "", looking([STILL])).prompt
    text = tokenizer_of(embedder).decode(prompt.ids)
    assert text.count("dog") == 20
    assert 0 < text.count("cat") < 60


def test_the_largest_pictures_shrink_and_it_is_told(embedder):
    reader = reader_of(embedder, "embed", max_tokens=120)
    case = Case("", ((IMAGE, ("image", 9, 9), "two cats"),))
    reading = reader.read(items(case), "", looking([(1, 20, 20), (1, 4, 4)]))
    assert [visual.n_tokens for visual in reading.prompt.visuals] == [81, 4]
    assert reading.notes == ("image shrunk from 100 to 81 tokens to fit 120",)
    assert "two cats" in tokenizer_of(embedder).decode(reading.prompt.ids)


def test_shrinking_can_be_switched_off(embedder):
    reader = reader_of(embedder, "embed", max_tokens=120, shrinks=False)
    with pytest.raises(InputError, match="take 100 tokens") as caught:
        reader.read(items(Case("", ((IMAGE, "two cats"),))), "", looking([(1, 20, 20)]))
    assert caught.value.limit == 120


def test_an_instruction_that_leaves_no_room_is_told(embedder):
    reader = reader_of(embedder, "embed", max_tokens=60)
    with pytest.raises(InputError, match="shorten the instruction"):
        reader.read(items(Case("", (("two cats",),))), words(80), looking())


@given(sizes=st.lists(st.integers(1, 50), min_size=1, max_size=6), room=st.integers(0, 200))
def test_the_water_level_is_the_highest_that_fits(sizes, room):
    level = water_level(sizes, room)
    assert sum(min(size, level) for size in sizes) <= room or level == 0
    assert level == max(sizes) or sum(min(size, level + 1) for size in sizes) > room


@given(n_query=st.integers(0, 100), n_document=st.integers(0, 100), room=st.integers(2, 150))
def test_shares_fill_the_room(n_query, n_document, room):
    for_query, for_document = share(n_query, n_document, room)
    assert for_query + for_document == min(room, n_query + n_document)
    assert for_query == n_query or for_document <= max(1, room // 4)
    assert for_document >= min(n_document, max(1, room // 4))


def test_pictures_that_shrink_alike_are_told_of_once(embedder):
    parts = (*[IMAGE] * 5, "a dog")
    reading = reader_of(embedder, "embed", max_tokens=90).read(
        items(Case("", (parts,))), "Find it.", looking([STILL] * 5)
    )
    (note,) = reading.notes
    assert "shrunk from 16 to" in note
    assert note.endswith("(5 times)")


@pytest.mark.parametrize("n_words", [3_000, 30_000])
def test_a_text_far_too_long_is_cut_where_a_long_one_is(reranker, n_words):
    reader = reader_of(reranker, "score", max_tokens=400)
    long, longer = (
        reader.read(items(Case("", ((words(n, "dog "),), (words(n, "cat "),)))), "Judge.", looking())
        for n in (500, n_words)
    )
    assert longer.prompt.ids.tolist() == long.prompt.ids.tolist()
    assert longer.notes == long.notes != ()
