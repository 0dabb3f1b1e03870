import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from medialens.scoring.metrics import bootstrap_interval, ranks_of, recall_at

SCORES = st.integers(1, 6).flatmap(
    lambda n: st.integers(1, 7).flatmap(
        lambda m: st.tuples(
            arrays(np.float64, (n, m), elements=st.sampled_from([-1.0, 0.0, 0.25, 0.5, 1.0])),
            arrays(np.int64, n, elements=st.integers(0, m - 1)),
        )
    )
)


@given(SCORES)
def test_the_rank_counts_whatever_does_not_score_less(case):
    scores, relevant = case
    expected = [sum(not other < row[column] for other in row) for row, column in zip(scores, relevant, strict=True)]
    assert ranks_of(scores, relevant).tolist() == expected


@given(SCORES)
def test_recall_grows_with_k_up_to_one(case):
    scores, relevant = case
    recalls = [recall_at(scores, relevant, k) for k in range(1, scores.shape[1] + 1)]
    assert recalls == sorted(recalls)
    assert recalls[-1] == 1.0


def test_a_model_that_cannot_tell_documents_apart_has_no_recall():
    assert recall_at(np.zeros((4, 5)), np.arange(4), 1) == 0.0


def test_a_score_that_is_not_a_number_stands_last():
    assert ranks_of(np.array([[np.nan, 0.0, -1.0]]), np.array([0])).tolist() == [3]


def test_worked_example():
    scores = np.array([[0.9, 0.1, 0.2], [0.8, 0.7, 0.1], [0.3, 0.2, 0.1]])
    assert ranks_of(scores, np.arange(3)).tolist() == [1, 2, 3]
    assert recall_at(scores, np.arange(3), 1) == pytest.approx(1 / 3)
    assert recall_at(scores, np.arange(3), 2) == pytest.approx(2 / 3)


def test_the_interval_of_a_mean_agrees_with_the_normal_approximation():
    values = (np.random.default_rng(1).random(2000) < 0.8).astype(np.float64)
    low, high = bootstrap_interval(values)
    half = 1.96 * values.std() / np.sqrt(values.size)
    assert low == pytest.approx(values.mean() - half, abs=0.004)
    assert high == pytest.approx(values.mean() + half, abs=0.004)


def test_the_interval_is_the_same_for_the_same_seed_and_a_point_for_equal_values():
    values = np.random.default_rng(2).random(50)
    assert bootstrap_interval(values, seed=3) == bootstrap_interval(values, seed=3)
    assert bootstrap_interval(np.ones(9)) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ranks_of(np.zeros(3), np.zeros(3, int)), r"got \(3,\) and \(3,\)"),
        (lambda: recall_at(np.zeros((1, 2)), np.zeros(1, int), 0), "got 0"),
        (lambda: bootstrap_interval(np.zeros(0)), r"got \(0,\)"),
        (lambda: bootstrap_interval(np.ones(3), confidence=1.0), "got 1.0"),
    ],
)
def test_arguments_that_make_no_sense_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
