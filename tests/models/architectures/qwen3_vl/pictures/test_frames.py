"""Pairs of frames, their times, and which frames stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medialens.models.architectures.qwen3_vl.pictures.frames import pair_times, paired, thinned


def test_the_last_one_fills_its_pair():
    assert paired([1, 2, 3]) == [1, 2, 3, 3]
    assert paired([1, 2]) == [1, 2]


@pytest.mark.parametrize(
    ("times", "expected"),
    [((0.0, 0.5, 1.0, 1.5), (0.25, 1.25)), ((0.0, 0.5, 1.0), (0.25, 1.0)), ((7.0,), (7.0,))],
    ids=str,
)
def test_a_pair_is_shown_halfway(times, expected):
    assert pair_times(times) == expected


@given(n_frames=st.integers(1, 800), tokens=st.integers(1, 400))
def test_thinned(n_frames, tokens):
    numbers = thinned(n_frames, tokens)

    assert numbers[0] == 0
    assert list(numbers) == sorted(set(numbers))
    assert numbers[-1] == n_frames - 1
    assert len(paired(numbers)) // 2 * 4 <= max(tokens, 4)
