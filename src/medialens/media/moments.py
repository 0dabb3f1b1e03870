"""When to look at a clip: moments, windows, and the frame that is on show at a moment. Pure, in exact fractions.

A model looks at so many moments of every clip, or at so many frames a second, which are counted and chosen by number:

    |---------------- the clip, or its window of it ----------------|
        o               o               o               o               4 moments: the middles of 4 equal parts
    [f0      )[f1                 )[f2  )[f3                        )   frames, each shown until the next one
        f0              f1              f3              f3              what is seen

Models of the second kind look at the moments at which their frames begin.

Times are fractions, because the middle of a part often is exactly where a frame begins, and a rounding error would
then decide which of two frames is seen.
"""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Sequence
from fractions import Fraction

from medialens.errors import MediaError
from medialens.media.frame_rate import FrameRate

_FINEST = 1_000_000
"""Windows are cut at microseconds: 0.1, which no float holds, is a tenth of a second."""

_STEP = Fraction(1, 100)
"""Of time in files, in seconds: that of GIF, the coarsest."""


def moments(n_frames: int) -> tuple[float, ...]:
    """When to look at a clip that lasts from 0 to 1: at the middle of each of `n_frames` equal parts.

    Not at its very ends, where a clip cut out of a film may already show the next shot.
    """
    return tuple((index + 0.5) / n_frames for index in range(n_frames))


@dataclasses.dataclass(frozen=True)
class Window:
    """The part of a clip that is looked at; seconds from its beginning. An end of None is the clip's own."""

    start: Fraction = Fraction(0)
    end: Fraction | None = None

    @classmethod
    def of(cls, start_seconds: float | None, end_seconds: float | None) -> Window:
        """The window that a caller named."""
        return cls(_exact(start_seconds or 0.0), None if end_seconds is None else _exact(end_seconds))

    @property
    def is_whole(self) -> bool:
        """Whether it is all of every clip."""
        return self.start == 0 and self.end is None

    def __str__(self) -> str:
        return f"{float(self.start):.6f},{'' if self.end is None else f'{float(self.end):.6f}'}"


def look_at(window: Window, duration: Fraction, n_frames: int, name: str) -> tuple[Fraction, ...]:
    """The moments to look at, in seconds from the beginning of a clip of that duration.

    A window that begins inside the clip and ends after it is looked at as far as the clip goes: how long a file is,
    is rarely known to the last frame.

    Raises:
        MediaError: The window begins after the clip is over.
    """
    start, end = _ends(window, duration, name)
    part = (end - start) / n_frames
    return tuple(start + part * (2 * index + 1) / 2 for index in range(n_frames))


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Clock:
    """When the frames of a clip begin.

    Attributes:
        starts: One a frame, ascending, in units, by whatever clock.
        unit: Seconds of one.
        zero: What that clock says when the clip begins.
        duration: Of the clip, in seconds.
        fps: How many frames are shown in a second, on average; 0 for one that stands still.
    """

    starts: Sequence[int] | Sequence[Fraction]
    unit: Fraction = Fraction(1)
    zero: int = 0
    duration: Fraction
    fps: float

    def seconds(self, number: int) -> Fraction:
        """When that frame begins, from the beginning of the clip."""
        return (self.starts[number] - self.zero) * self.unit

    def units(self, seconds: Fraction) -> Fraction:
        """What the clock says at that time."""
        return self.zero + seconds / self.unit


@dataclasses.dataclass(frozen=True, kw_only=True)
class Looks:
    """When to look, and by which times the frames that are seen are called.

    Attributes:
        moments: In seconds from the beginning of the clip, ascending.
        numbers: Which frames are meant; none where it is the moments that count.
        fps: How many frames are shown in a second, on average. A float, and what is computed with it as well: prompts
            have times to a tenth of a second, and where one lies between two of them, the last bit decides.
    """

    moments: tuple[Fraction, ...]
    numbers: tuple[int, ...] = ()
    fps: float = 0.0

    def times(self, starts: Sequence[Fraction]) -> list[Fraction]:
        """What to call the frames that begin at `starts`.

        Files tell time in steps of a thousandth of a second or a hundredth; where no more lies between a frame's
        beginning and its place in an even row, it is called by its place, as models of a frame rate were trained.
        """
        if not self.numbers or not self.fps:
            return list(starts)
        even = (Fraction(number / self.fps) for number in self.numbers)
        return [place if abs(place - start) <= _STEP else start for place, start in zip(even, starts, strict=True)]


def looks(how: int | FrameRate, window: Window, clock: Clock, name: str) -> Looks:
    """When to look at a clip: at the middles of so many equal parts, or at the beginnings of a rate's frames.

    A rate counts the frames that begin in the window, as if they were all; if none does, the one on show.

    Raises:
        MediaError: The window begins after the clip is over.
    """
    if isinstance(how, int):
        return Looks(moments=look_at(window, clock.duration, how, name))
    start, end = _ends(window, clock.duration, name)
    n_frames = len(clock.starts)
    first = 0 if start == 0 else bisect.bisect_left(clock.starts, clock.units(start))
    last = n_frames if end == clock.duration else bisect.bisect_left(clock.starts, clock.units(end))
    if last <= first:
        first = on_show(clock.starts, clock.units(start))
        last = first + 1
    numbers = tuple(first + number for number in how.choose(last - first, clock.fps or how.assumed_fps))
    seen = tuple(clock.seconds(number) for number in numbers)
    return Looks(moments=seen, numbers=numbers, fps=clock.fps)


def _ends(window: Window, duration: Fraction, name: str) -> tuple[Fraction, Fraction]:
    """The window's, as far as the clip goes."""
    end = duration if window.end is None else min(window.end, duration)
    if window.start >= end and window.start > 0:
        msg = (
            f"{name} lasts {float(duration):.3f} seconds, and its window begins at {float(window.start):.3f}; "
            "choose a start_seconds within the clip"
        )
        raise MediaError(msg, source=name, start_seconds=float(window.start), duration_seconds=float(duration))
    return window.start, end


def on_show(starts: Sequence[int] | Sequence[Fraction], moment: Fraction) -> int:
    """Which frame is seen at `moment`: the last that has begun; before the first one has, the first.

    Args:
        starts: When each frame begins, ascending.
        moment: In the same unit.
    """
    return max(0, bisect.bisect_right(starts, moment) - 1)


def _exact(seconds: float) -> Fraction:
    return Fraction(seconds).limit_denominator(_FINEST)
