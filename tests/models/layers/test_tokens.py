"""Token ids from many threads, cut by settings of their own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from transformers import AutoTokenizer

from medialens.models.layers.tokens import TextReader, pad

TEXTS = ["a red circle", "dog " * 50, "", "Two CATS [SEP]", "naïve café"]


@pytest.fixture(params=["bert", "clip", "siglip", "t5_embedder"])
def tokenizer(request, tiny_model):
    return AutoTokenizer.from_pretrained(tiny_model(request.param))


def test_same_ids_as_the_tokenizer(tokenizer):
    reader = TextReader(tokenizer, max_tokens=12)

    for text in TEXTS:
        expected = tokenizer(text, truncation=True, max_length=12, split_special_tokens=True)["input_ids"]
        assert list(reader.read(text).ids) == expected


def test_readers_with_other_limits_do_not_disturb_each_other(tokenizer):
    """Of one tokenizer, at once, on many threads: transformers' own would mix up their lengths."""
    readers = {limit: TextReader(tokenizer, max_tokens=limit) for limit in (4, 9, 16)}
    expected = {(limit, text): readers[limit].read(text) for limit in readers for text in TEXTS}
    work = list(expected) * 40

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda one: readers[one[0]].read(one[1]), work))

    assert results == [expected[one] for one in work]


def test_the_tokenizer_itself_is_left_alone(tiny_bert):
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    before = tokenizer.backend_tokenizer.to_str()

    TextReader(tokenizer, max_tokens=3, lowercase=True).read("a dog on the left")

    assert tokenizer.backend_tokenizer.to_str() == before


def test_prefix_counts_leading_special_tokens_only(tiny_bert):
    reader = TextReader(AutoTokenizer.from_pretrained(tiny_bert), max_tokens=48)

    # [CLS] query : -> 3, without the [SEP] at the end
    assert reader.count_prefix("query: ") == 3


def test_padding_on_either_side():
    right, mask = pad([[1, 2], [3]], value=9)
    left, _ = pad([[1, 2], [3]], value=9, length=3, side="left")

    assert right.tolist() == [[1, 2], [3, 9]]
    assert mask.tolist() == [[1, 1], [1, 0]]
    assert left.tolist() == [[9, 1, 2], [9, 9, 3]]
