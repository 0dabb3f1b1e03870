"""How many frames of a clip a model looks at, if it says so by the second, and which. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Shrink: TypeAlias = Callable[[npt.NDArray[np.uint8], int], npt.NDArray[np.uint8]]
"""Makes a frame as small as a model looks at it, given how many frames of the clip it looks at."""


def keep_whole(frame: npt.NDArray[np.uint8], _n_frames: int) -> npt.NDArray[np.uint8]:
    """The frame as it is: the `Shrink` of models that do not say how closely they look."""
    return frame


@dataclasses.dataclass(frozen=True, kw_only=True)
class FrameRate:
    """Frames a second, within bounds, spread evenly from the first frame of the clip to the last.

    What Qwen's models were trained on (transformers' ``Qwen3VLVideoProcessor.sample_frames``).

    Attributes:
        fps: Frames looked at for each second of the clip; None is all there are.
        min_frames, max_frames: Of one clip; never more than it has.
        assumed_fps: Of a clip that came as frames, without a rate.
    """

    fps: float | None
    min_frames: int = 1
    max_frames: int = 768
    assumed_fps: float = 24.0

    def choose(self, n_frames: int, fps: float) -> tuple[int, ...]:
        """The numbers of the frames to look at, ascending, the first and the last among them.

        Args:
            n_frames: How many the clip has, at least one.
            fps: How many of them are shown in a second.
        """
        if self.fps is None:
            return tuple(range(n_frames))
        # In this order: where it comes out at a whole number, rounding errors decide.
        wanted = int(n_frames / fps * self.fps)
        count = min(max(wanted, self.min_frames), self.max_frames, n_frames)
        return tuple(np.linspace(0, n_frames - 1, count).round().astype(int).tolist())
