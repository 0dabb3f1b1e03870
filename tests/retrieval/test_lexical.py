"""Search for words."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medialens.retrieval.lexical import WordIndex, words_of


def test_the_score_is_bm25():
    # Worked out from the formula: two texts of 3 and 1 words, of mean length 2; "fox" is in one, twice.
    index = WordIndex(["fox dog Fox", "dog"])
    idf = math.log(1 + (2 - 1 + 0.5) / (1 + 0.5))
    norm = 1.5 * (1 - 0.75 + 0.75 * 3 / 2)
    assert index.search("FOX?") == [(0, pytest.approx(idf * 2 * 2.5 / (2 + norm)))]


def test_the_rarer_word_counts_more_and_a_shorter_text_is_better():
    index = WordIndex(["revenue rose", "revenue fell", "revenue fell in the last three months of the year", "weather"])
    assert [at for at, _ in index.search("revenue fell")] == [1, 2, 0]
    assert index.search("taxes") == index.search("") == []
    assert index.search("revenue", k=1) == index.search("revenue")[:1]


def test_equal_texts_keep_their_order_and_nothing_is_found_in_nothing():
    assert [at for at, _ in WordIndex(["b", "a", "b", "b"]).search("b")] == [0, 2, 3]
    assert WordIndex([]).search("b") == WordIndex([""]).search("b") == []


def test_words_of_any_language():
    assert words_of("Straße, ÜBER-all 3.5 snake_case") == ["strasse", "über", "all", "3", "5", "snake", "case"]
    assert words_of("東京タワーは赤い") == list("東京タワーは赤い")
    assert [at for at, _ in WordIndex(["大阪城", "東京タワー"]).search("東京")] == [1]


@given(st.lists(st.text(alphabet="ab ", max_size=12), max_size=8), st.text(alphabet="abc ", max_size=6))
def test_what_is_found_shares_a_word_and_is_in_order(texts, query):
    found = WordIndex(texts).search(query)
    assert {at for at, _ in found} == {at for at, text in enumerate(texts) if set(text.split()) & set(query.split())}
    assert [(-score, at) for at, score in found] == sorted((-score, at) for at, score in found)
    assert all(score > 0 for _, score in found)
