"""Which sample a frame of sound begins with, from the times of frames around it. Pure.

Many formats tell times to the sample. Some tell them in milliseconds, so that each frame's is rounded, each by
something else; together they narrow down where the frames are. Some are not sure of the first ones after a leap.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol


class Timed(Protocol):
    """A frame of sound: when it begins, in units of its stream, and how many samples it has."""

    @property
    def pts(self) -> int | None:
        """None where nobody knows."""
        ...

    @property
    def samples(self) -> int:
        """At least one."""
        ...


def number_of(lead: Sequence[Timed], begun: Sequence[Timed], unit: Fraction, *, is_guessed: bool = False) -> int | None:
    """Number of the first sample of `lead`, counted from the first one of `begun`; None where no times are known.

    Where all frames are equally long, it is a whole number of them away.

    Args:
        lead: Frames in a row, somewhere in the sound.
        begun: Frames in a row from its beginning; one is enough where `unit` is not above 1.
        unit: Samples in one unit of their times.
        is_guessed: Whether the times at the beginning of `lead` are guesses, and those at its end are not.
    """
    places = _places_of(lead, unit)
    if not places:
        return None
    if unit <= 1:
        return round((places[-1] if is_guessed else places[0]) - _places_of(begun, unit)[0])
    number = _middle_of(places) - _middle_of(_places_of(begun, unit))
    lengths = {frame.samples for frame in (*begun[1:], *lead[:-1])}
    if len(lengths) == 1:
        length, first = lengths.pop(), begun[0].samples
        return first + length * round((number - first) / length)
    return round(number)


def _places_of(frames: Sequence[Timed], unit: Fraction) -> list[Fraction]:
    """Where the first of the frames begins, in samples, as each of them says."""
    lengths = itertools.accumulate((frame.samples for frame in frames), initial=0)
    pairs = zip(frames, lengths, strict=False)
    return [frame.pts * unit - past for frame, past in pairs if frame.pts is not None]


def _middle_of(places: Sequence[Fraction]) -> Fraction:
    return (min(places) + max(places)) / 2
