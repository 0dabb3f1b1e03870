"""Poolings against sums written out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from medialens.models.layers.pooling import POOLING_MODES, pool

FEATURES = torch.tensor([[[1.0, 10.0], [2.0, -20.0], [6.0, 30.0], [99.0, 99.0]]])
MASK = torch.tensor([[1, 1, 1, 0]])


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("cls", [1, 10]),
        ("lasttoken", [6, 30]),
        ("max", [6, 30]),
        ("mean", [3, 20 / 3]),
        ("mean_sqrt_len_tokens", [9 / 3**0.5, 20 / 3**0.5]),
        ("weightedmean", [(1 + 4 + 18) / 6, (10 - 40 + 90) / 6]),
    ],
)
def test_each(mode, expected):
    np.testing.assert_allclose(pool(FEATURES, MASK, [mode])[0], expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("cls", [2, -20]),
        ("lasttoken", [6, 30]),
        ("max", [6, 30]),
        ("mean", [4, 5]),
        ("mean_sqrt_len_tokens", [8 / 2**0.5, 10 / 2**0.5]),
        ("weightedmean", [(4 + 18) / 5, (-40 + 90) / 5]),  # places are those of the whole text
    ],
)
def test_without_the_prompt(mode, expected):
    pooled = pool(FEATURES, MASK, [mode], prompt_lengths=torch.tensor([1]))

    np.testing.assert_allclose(pooled[0], expected, rtol=1e-6)


def test_several_stand_side_by_side():
    assert pool(FEATURES, MASK, ["lasttoken", "cls"])[0].tolist() == [6, 30, 1, 10]


@given(n_padding=st.integers(0, 7), seed=st.integers(0, 99))
def test_padding_does_not_count(n_padding, seed):
    features = torch.from_numpy(np.random.default_rng(seed).normal(size=(2, 5, 3)).astype(np.float32))
    mask = torch.ones((2, 5), dtype=torch.long)
    padded = torch.cat([features, torch.full((2, n_padding, 3), 1e4)], dim=1)
    longer = torch.cat([mask, torch.zeros((2, n_padding), dtype=torch.long)], dim=1)

    torch.testing.assert_close(pool(padded, longer, POOLING_MODES), pool(features, mask, POOLING_MODES))


def test_half_precision_is_pooled_in_single():
    many = torch.full((1, 4096, 1), 1.001, dtype=torch.bfloat16)

    pooled = pool(many, torch.ones((1, 4096), dtype=torch.long), ["mean"])

    assert pooled.dtype == torch.float32
    assert pooled.item() == pytest.approx(float(many[0, 0, 0]), rel=1e-6)
