from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medialens.errors import MediaError
from medialens.media.moments import Window, look_at, moments, on_show

SECONDS = st.fractions(min_value=0, max_value=1000, max_denominator=1000)
LENGTHS = st.fractions(min_value=Fraction(1, 1000), max_value=1000, max_denominator=1000)


@pytest.mark.parametrize(("n_frames", "expected"), [(1, (0.5,)), (2, (0.25, 0.75)), (4, (0.125, 0.375, 0.625, 0.875))])
def test_moments_are_the_middles_of_equal_parts(n_frames, expected):
    assert moments(n_frames) == expected


@given(LENGTHS, st.integers(1, 50))
def test_a_whole_clip_is_looked_at_in_those_moments(duration, n_frames):
    times = look_at(Window(), duration, n_frames, "a clip")

    assert [float(time / duration) for time in times] == pytest.approx(moments(n_frames))


@given(SECONDS, LENGTHS, LENGTHS, st.integers(1, 50))
def test_moments_lie_evenly_inside_the_window(start, length, rest, n_frames):
    window = Window(start, start + length)

    times = look_at(window, start + length + rest, n_frames, "a clip")

    assert times[0] - start == start + length - times[-1]  # as far from its beginning as from its end
    assert all(later - earlier == length / n_frames for earlier, later in pairwise(times))
    assert start < times[0]


@given(SECONDS, LENGTHS, LENGTHS, st.integers(1, 20))
def test_a_window_beyond_the_end_goes_as_far_as_the_clip(start, length, rest, n_frames):
    duration = start + length

    beyond = look_at(Window(start, duration + rest), duration, n_frames, "a clip")

    assert beyond == look_at(Window(start), duration, n_frames, "a clip")
    assert beyond[-1] < duration


@given(LENGTHS, SECONDS)
def test_a_window_after_the_end_is_refused(duration, late):
    with pytest.raises(MediaError, match=r"'a clip' lasts .* choose a start_seconds within the clip") as caught:
        look_at(Window(duration + late), duration, 4, "'a clip'")
    assert caught.value.start_seconds >= caught.value.duration_seconds


@given(st.lists(LENGTHS, min_size=1, max_size=20), st.fractions(min_value=0, max_value=1, max_denominator=1000))
def test_the_frame_on_show_is_the_one_whose_time_it_is(durations, share):
    starts = [sum(durations[:at], Fraction(0)) for at in range(len(durations))]
    moment = share * sum(durations)

    number = on_show(starts, moment)

    assert starts[number] <= moment
    assert number == len(durations) - 1 or moment < starts[number] + durations[number]


@given(st.integers(1, 300), st.integers(1, 300))
def test_frames_that_begin_at_a_moment_are_the_ones_seen(n_frames, n_looks):
    """Exact arithmetic: floats would see frame 0 instead of frame 1 at 0.1 * 3 seconds and the like."""
    starts = [Fraction(number, 30) for number in range(n_frames)]

    times = look_at(Window(), Fraction(n_frames, 30), n_looks, "a clip")

    assert [on_show(starts, time) for time in times] == [
        (2 * at + 1) * n_frames // (2 * n_looks) for at in range(n_looks)
    ]


def test_before_the_first_frame_the_first_is_seen():
    assert on_show([Fraction(1), Fraction(2)], Fraction(0)) == 0


@pytest.mark.parametrize(
    ("window", "whole"),
    [((None, None), True), ((0.0, None), True), ((0, 5.0), False), ((0.5, None), False)],
)
def test_which_window_is_all_of_a_clip(window, whole):
    assert Window.of(*window).is_whole == whole


def test_seconds_are_what_they_are_spelled():
    assert Window.of(0.1, 0.3) == Window(Fraction(1, 10), Fraction(3, 10))
    assert str(Window.of(0.1, None)) == "0.100000,"
