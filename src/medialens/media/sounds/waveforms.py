"""Samples of any type and any number of channels, to one channel of float32. Pure."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Mono: TypeAlias = npt.NDArray[np.float32]
Channels: TypeAlias = npt.NDArray[np.float32]


def to_unit_range(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Integers, signed or unsigned, over their whole range, to -1..1; floating point as it is."""
    kind = values.dtype
    if np.issubdtype(kind, np.floating):
        return values.astype(np.float32, copy=False)
    half = 2.0 ** (8 * kind.itemsize - 1)
    middle = half if np.issubdtype(kind, np.unsignedinteger) else 0.0
    return ((values.astype(np.float64) - middle) / half).astype(np.float32)


def fold(channels: Channels) -> Mono:
    """(channels, samples) to (samples,): the mean, which is never louder than the loudest channel.

    libswresample's own matrix adds two channels with a weight of 0.71 each instead, and so makes the same sound on both
    of them 1.41 times as loud, and clip.
    """
    mono: Mono = channels[0] if len(channels) == 1 else channels.mean(axis=0, dtype=np.float32)
    return mono
