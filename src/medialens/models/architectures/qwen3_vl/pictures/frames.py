"""Frames of a clip, in pairs: when each pair is shown, and which frames stay where there is room for fewer. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

_LEAST_TOKENS = 4
"""Of a pair of frames: the least that the models' authors give to a picture; below it frames are left out instead."""

T = TypeVar("T")


def paired(values: Sequence[T], step: int = 2) -> list[T]:
    """The values, and the last of them again until they fill the last pair."""
    return [*values, *[values[-1]] * (-len(values) % step)]


def pair_times(times_seconds: Sequence[float], step: int = 2) -> tuple[float, ...]:
    """When each pair of frames is shown: halfway between its first and its last frame, in seconds."""
    times = paired(times_seconds, step)
    return tuple((first + last) / 2 for first, last in zip(times[::step], times[step - 1 :: step], strict=True))


def thinned(n_frames: int, max_tokens: int, step: int = 2) -> tuple[int, ...]:
    """Numbers of the frames to keep, spread evenly, so that `max_tokens` give each pair enough to be seen."""
    most = step * max(1, max_tokens // _LEAST_TOKENS)
    if n_frames <= most:
        return tuple(range(n_frames))
    return tuple(np.linspace(0, n_frames - 1, most).round().astype(int).tolist())
