from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medialens.errors import MediaError
from medialens.media.frame_rate import FrameRate
from medialens.media.moments import Clock, Window, look_at, looks, moments, on_show

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


RATE = FrameRate(fps=2, min_frames=1)


def _even(n_frames, fps, unit=None):
    """A clip of even frames, told in units: that of a frame, or a coarser one."""
    unit = unit or 1 / Fraction(fps)
    starts = [int(Fraction(number) / fps / unit) for number in range(n_frames)]
    return Clock(
        starts=[start + 700 for start in starts], unit=unit, zero=700, duration=Fraction(n_frames) / fps, fps=float(fps)
    )


def test_so_many_moments_of_a_clip_are_those_of_look_at():
    clock = _even(30, 10)
    chosen = looks(4, Window(), clock, "a clip")

    assert chosen.moments == look_at(Window(), Fraction(3), 4, "a clip")
    assert chosen.times([Fraction(7), Fraction(8)]) == [7, 8]


@given(n_frames=st.integers(1, 300), fps=st.sampled_from([5, 10, 24, Fraction(24000, 1001), 60]))
def test_a_rate_looks_at_the_beginnings_of_the_frames_it_chooses(n_frames, fps):
    clock = _even(n_frames, fps)
    chosen = looks(RATE, Window(), clock, "a clip")

    assert chosen.numbers == RATE.choose(n_frames, float(fps))
    assert [on_show(clock.starts, clock.units(moment)) for moment in chosen.moments] == list(chosen.numbers)
    assert chosen.times(chosen.moments) == [Fraction(number / float(fps)) for number in chosen.numbers]


@given(n_frames=st.integers(1, 300), fps=st.sampled_from([24, Fraction(24000, 1001), 30]))
def test_frames_are_called_by_their_places_where_a_file_rounds(n_frames, fps):
    clock = _even(n_frames, fps, unit=Fraction(1, 1000))  # as webm does
    chosen = looks(RATE, Window(), clock, "a clip")

    assert chosen.times(chosen.moments) == [Fraction(number / float(fps)) for number in chosen.numbers]


def test_uneven_frames_are_called_by_when_they_begin():
    clock = Clock(starts=[Fraction(0), Fraction(1, 10), Fraction(5)], duration=Fraction(6), fps=0.5)
    chosen = looks(FrameRate(fps=None), Window(), clock, "a clip")

    assert chosen.moments == (0, Fraction(1, 10), 5)
    assert chosen.times(chosen.moments) == [0, Fraction(1, 10), 5]  # were they even: 0, 2 and 4


@given(start=st.integers(0, 90), length=st.integers(1, 100))
def test_a_rate_counts_the_frames_of_the_window_alone(start, length):
    window = Window(Fraction(start, 10), Fraction(start + length, 10))
    chosen = looks(RATE, window, _even(100, 10), "a clip")

    n_frames = min(100, start + length) - start
    assert chosen.numbers == tuple(start + number for number in RATE.choose(n_frames, 10.0))
    assert all(window.start <= moment < window.end for moment in chosen.moments)


def test_a_window_inside_one_frame_shows_that_frame():
    clock = _even(4, 1)

    assert looks(RATE, Window(Fraction("2.2"), Fraction("2.3")), clock, "a clip").numbers == (2,)
    assert looks(RATE, Window(Fraction("3.2")), clock, "a clip").numbers == (3,)
    with pytest.raises(MediaError, match="'a clip' lasts 4"):
        looks(RATE, Window(Fraction(4)), clock, "'a clip'")


def test_a_still_picture_has_no_rate():
    chosen = looks(RATE, Window(), Clock(starts=[Fraction(0)], duration=Fraction(0), fps=0), "a picture")

    assert (chosen.moments, chosen.numbers) == ((0,), (0,))
    assert chosen.times(chosen.moments) == [0]
