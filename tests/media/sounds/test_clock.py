"""Which sample a frame begins with: known frames, their times told in ever coarser units."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medialens.media.sounds.clock import number_of


@dataclasses.dataclass
class Frame:
    pts: int | None
    samples: int


def frames(lengths, rate, unit_seconds, *, begins=Fraction(0)):
    """Frames of these lengths, their times rounded to whole units."""
    at, made = begins, []
    for length in lengths:
        made.append(Frame(round(at / unit_seconds), length))
        at += Fraction(length, rate)
    return made


@given(
    rate=st.sampled_from([8000, 22_050, 44_100, 48_000]),
    length=st.sampled_from([512, 960, 1024, 1152]),
    first=st.integers(1, 512),
    past=st.integers(0, 500_000),
    unit=st.sampled_from([Fraction(1, 1000), Fraction(1, 90_000), Fraction(1, 14_112_000)]),
)
@settings(deadline=None)
def test_frames_of_one_length_are_numbered_exactly(rate, length, first, past, unit):
    """Whatever the unit, and though the first one is cut short."""
    begins = Fraction(past % 3000, 1001)
    track = frames([first, *[length] * 60], rate, unit, begins=begins)
    lead = frames([length] * 40, rate, unit, begins=begins + Fraction(first + past * length, rate))

    assert number_of(lead, track[:50], unit * rate) == first + past * length


@given(lengths=st.lists(st.sampled_from([128, 576, 1024]), min_size=80, max_size=80), past=st.integers(0, 10**8))
@settings(deadline=None)
def test_frames_of_other_lengths_are_numbered_within_a_millisecond(lengths, past):
    rate, unit = 44_100, Fraction(1, 1000)
    lead = frames(lengths, rate, unit, begins=Fraction(past, rate))

    assert abs(number_of(lead, frames(lengths[:50], rate, unit), unit * rate) - past) <= 44


def test_times_that_were_guessed_are_put_right_by_the_last_ones():
    lead = [Frame(9000, 100), Frame(9100, 100), Frame(5000, 100), Frame(5100, 100)]

    assert number_of(lead, [Frame(0, 100)], Fraction(1), is_guessed=True) == 4800
    assert number_of(lead, [Frame(0, 100)], Fraction(1)) == 9000


@pytest.mark.parametrize("lead", [[], [Frame(None, 100)]])
def test_without_times_there_is_no_number(lead):
    assert number_of(lead, [Frame(0, 100)], Fraction(1)) is None
    assert number_of([Frame(None, 100), Frame(300, 100)], [Frame(0, 100)], Fraction(1)) == 200
