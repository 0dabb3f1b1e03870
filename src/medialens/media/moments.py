"""When to look at a clip: moments, windows, and the frame that is on show at a moment. Pure, in exact fractions.

    |---------------- the clip, or its window of it ----------------|
        o               o               o               o               4 moments: the middles of 4 equal parts
    [f0      )[f1                 )[f2  )[f3                        )   frames, each shown until the next one
        f0              f1              f3              f3              what is seen

Times are fractions, because the middle of a part often is exactly where a frame begins, and a rounding error would
then decide which of two frames is seen.
"""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Sequence
from fractions import Fraction

from medialens.errors import MediaError

_FINEST = 1_000_000
"""Windows are cut at microseconds: 0.1, which no float holds, is a tenth of a second."""


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
    end = duration if window.end is None else min(window.end, duration)
    if window.start >= end and window.start > 0:
        msg = (
            f"{name} lasts {float(duration):.3f} seconds, and its window begins at {float(window.start):.3f}; "
            "choose a start_seconds within the clip"
        )
        raise MediaError(msg, source=name, start_seconds=float(window.start), duration_seconds=float(duration))
    part = (end - window.start) / n_frames
    return tuple(window.start + part * (2 * index + 1) / 2 for index in range(n_frames))


def on_show(starts: Sequence[Fraction], moment: Fraction) -> int:
    """Which frame is seen at `moment`: the last that has begun; before the first one has, the first.

    Args:
        starts: When each frame begins, ascending.
        moment: In the same unit.
    """
    return max(0, bisect.bisect_right(starts, moment) - 1)


def _exact(seconds: float) -> Fraction:
    return Fraction(seconds).limit_denominator(_FINEST)
