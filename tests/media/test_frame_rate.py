"""Which frames a rate chooses; that they are the reference's is compared in tests/reference/test_qwen3_vl_pixels.py."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medialens.media.frame_rate import FrameRate


@given(
    n_frames=st.integers(1, 5000),
    fps=st.floats(0.5, 240),
    wanted=st.floats(0.1, 60),
    least=st.integers(1, 8),
    more=st.integers(0, 800),
)
def test_within_bounds_from_the_first_to_the_last(n_frames, fps, wanted, least, more):
    rate = FrameRate(fps=wanted, min_frames=least, max_frames=least + more)
    numbers = rate.choose(n_frames, fps)

    assert min(least, n_frames) <= len(numbers) <= min(least + more, n_frames)
    assert list(numbers) == sorted(set(numbers))
    assert numbers[0] == 0
    assert numbers[-1] == n_frames - 1 or len(numbers) == 1


@pytest.mark.parametrize(
    ("n_frames", "fps", "expected"),
    [
        (90, 30.0, (0, 18, 36, 53, 71, 89)),  # three seconds, two frames each
        (10, 30.0, (0, 3, 6, 9)),  # a third of a second: the least, which is four
        (3, 30.0, (0, 1, 2)),  # no more than there are
        (9000, 30.0, tuple(round(number * 8999 / 7) for number in range(8))),  # five minutes: the most
    ],
)
def test_known_choices(n_frames, fps, expected):
    assert FrameRate(fps=2, min_frames=4, max_frames=8).choose(n_frames, fps) == expected


def test_all_of_them():
    assert FrameRate(fps=None).choose(5, 24.0) == (0, 1, 2, 3, 4)
