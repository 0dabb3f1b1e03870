import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medialens.errors import InputError
from medialens.scoring.fusion import fuse_ranks

RANKINGS = st.lists(st.lists(st.sampled_from("abcdefgh"), unique=True), max_size=4)


def test_scores_are_those_of_the_paper():
    fused = dict(fuse_ranks([["a", "b", "c"], ["c", "a"]]))

    assert fused["a"] == pytest.approx(1 / 61 + 1 / 62)
    assert fused["b"] == pytest.approx(1 / 62)
    assert fused["c"] == pytest.approx(1 / 63 + 1 / 61)
    assert list(fused) == ["a", "c", "b"]


def test_weights_and_k():
    fused = dict(fuse_ranks([["a", "b"], ["b", "a"]], k=1, weights=[3, 1]))

    assert fused == {"a": pytest.approx(3 / 2 + 1 / 3), "b": pytest.approx(3 / 3 + 1 / 2)}
    assert fuse_ranks([["a"], ["b"]], weights=[0, 1]) == [("b", pytest.approx(1 / 61)), ("a", 0.0)]


@given(RANKINGS)
def test_it_is_the_exact_sum_best_first_and_ties_keep_their_order(rankings):
    fused = fuse_ranks(rankings)

    met = list(dict.fromkeys(thing for ranking in rankings for thing in ranking))
    exact = {
        thing: sum(Fraction(1, 61 + ranking.index(thing)) for ranking in rankings if thing in ranking) for thing in met
    }
    assert [thing for thing, _ in fused] == sorted(met, key=lambda thing: -exact[thing])
    assert all(math.isclose(score, exact[thing], rel_tol=1e-12) for thing, score in fused)


@given(st.lists(st.sampled_from("abcdefgh"), unique=True), st.integers(1, 3))
def test_rankings_that_agree_stay_as_they_are(ranking, n_rankings):
    assert [thing for thing, _ in fuse_ranks([ranking] * n_rankings)] == ranking


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rankings": [["a", "a"]]}, "twice"),
        ({"rankings": [["a"]], "weights": [1, 2]}, "1 rankings need as many weights, got 2"),
        ({"rankings": [["a"]], "weights": [-1]}, "at least 0"),
        ({"rankings": [["a"]], "k": float("nan")}, "at least 0"),
    ],
)
def test_what_cannot_be_fused(arguments, message):
    with pytest.raises(InputError, match=message):
        fuse_ranks(**arguments)
