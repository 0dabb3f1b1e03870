from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medialens.scoring.ranking import cosine_logits, logit, rank_order, sigmoid

SCORES = st.lists(st.sampled_from([-1.5, 0.0, 0.5, 2.0, float("nan")]), max_size=12)


@given(scores=SCORES)
def test_best_first_and_equal_scores_keep_their_order(scores):
    expected = sorted((at for at, score in enumerate(scores) if not math.isnan(score)), key=lambda at: -scores[at])
    assert rank_order(scores) == expected


@given(scores=SCORES, top_n=st.integers(-2, 14))
def test_top_n_cuts_after_sorting(scores, top_n):
    assert rank_order(scores, top_n=top_n) == rank_order(scores)[: max(top_n, 0)]


def test_cosine_logits_by_hand():
    logits = cosine_logits([3.0, 4.0], [[6.0, 8.0], [4.0, -3.0], [0.0, 0.0]], scale=10, bias=-1)
    assert logits.tolist() == pytest.approx([9.0, -1.0, -1.0])
    assert logits.dtype == np.float64


@given(value=st.floats(-700, 700))
def test_sigmoid_is_its_definition_and_never_overflows(value):
    assert sigmoid(value) == pytest.approx(1 / (1 + np.exp(-np.float64(value))), rel=1e-12)


def test_sigmoid_saturates_where_logits_still_differ():
    logits = np.array([60.0, 50.0])
    assert sigmoid(logits)[0] == sigmoid(logits)[1] == 1.0
    assert rank_order(logits) == [0, 1]


@given(value=st.floats(-15, 15))
def test_logit_is_the_inverse(value):
    assert logit(sigmoid(value)) == pytest.approx(value, abs=1e-8)
