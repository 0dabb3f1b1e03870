"""Where to cut what lasts: windows of equal length that overlap and leave nothing out. Pure, in whole milliseconds.

|------------------------- what is cut -------------------------|
[     window 1     )
               [     window 2     )                                 each begins one step after the one before:
                              [     window 3     )                  step = window - overlap
                                            [     window 4     ]    the last one ends with the whole
"""

from __future__ import annotations

import math
import numbers
from typing import Any

from medialens.errors import InputError, MediaLimitError

MAX_WINDOWS = 100_000
"""Of one medium: more are a mistake in the lengths, and would fill a store."""

_SHORTEST_REST = 4
"""A rest that is shorter than this part of a step is no window of its own: it makes the one before it longer."""


def cut_windows(
    duration_seconds: float, *, window_seconds: float, overlap_seconds: float | None = None, usual_overlap: float = 0.0
) -> list[tuple[float, float]]:
    """Windows that cover all of a duration, as (start, end) in seconds, ascending.

    Each is `window_seconds` long. The last one ends with the whole, and so overlaps the one before it by more than was
    asked. Where it would bring less than a quarter of a step that is new, the window before it is made longer instead:
    no two windows are nearly the same. What is shorter than a window is one window.

    Args:
        duration_seconds: How long the whole lasts.
        window_seconds: Length of a window.
        overlap_seconds: How much of a window is in the next one as well; less than its length.
        usual_overlap: What None stands for, as a share of a window.

    Returns:
        Times in whole milliseconds, which is what a media reference keeps.

    Raises:
        InputError: A length is no number of seconds, or the overlap leaves less than a millisecond to go on by.
        MediaLimitError: There would be more than `MAX_WINDOWS`.
    """
    total = max(1, _milliseconds("duration_seconds", duration_seconds))
    window = _milliseconds("window_seconds", window_seconds)
    overlap = (
        round(window * usual_overlap) if overlap_seconds is None else _milliseconds("overlap_seconds", overlap_seconds)
    )
    if window < 1 or overlap >= window:
        msg = (
            f"window_seconds={window_seconds!r} and overlap_seconds={overlap_seconds!r} leave nothing to go on by; "
            "expected a window of at least 0.001 and an overlap that is shorter"
        )
        raise InputError(msg, window_seconds=window_seconds, overlap_seconds=overlap_seconds)
    step = window - overlap
    _check_count(1 + max(0, total - window) // step, total, step)
    return [(start / 1000, end / 1000) for start, end in _cut(total, window, step)]


def _cut(total: int, window: int, step: int) -> list[tuple[int, int]]:
    whole = [(start, start + window) for start in range(0, total - window + 1, step)]
    if not whole:
        return [(0, total)]
    rest = total - whole[-1][1]
    if rest * _SHORTEST_REST < step:
        return [*whole[:-1], (whole[-1][0], total)]
    return [*whole, (total - window, total)]


def _milliseconds(name: str, seconds: Any) -> int:
    is_number = not isinstance(seconds, bool) and isinstance(seconds, numbers.Real)
    length = float(seconds) if is_number else math.nan
    if not (0 <= length < math.inf) or (length == 0 and name == "duration_seconds"):
        least = "above 0" if name == "duration_seconds" else "of at least 0"
        msg = f"{name}={seconds!r:.80} must be a number of seconds {least}"
        raise InputError(msg, value=seconds)
    return round(length * 1000)


def _check_count(count: int, total: int, step: int) -> None:
    if count > MAX_WINDOWS:
        msg = (
            f"{total / 1000:.3f} seconds in steps of {step / 1000:.3f} make {count} windows, above the limit of "
            f"{MAX_WINDOWS}; choose longer windows or less overlap"
        )
        raise MediaLimitError(msg, limit="MAX_WINDOWS", value=count, maximum=MAX_WINDOWS)
