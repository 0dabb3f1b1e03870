"""Where one shot of a video ends and the next begins, by PySceneDetect (extra ``scenes``).

    frames, each once, made small --detector--> cuts: when the first frame of a new shot begins
    cuts --pure--> windows: short shots joined to the one before, long ones cut into equal parts

PySceneDetect is given our own frames and no clock: it says at which frame a shot begins, and when that frame is on
show is told from the file. So the times are those of presentation, as everywhere here: whatever the rate, constant or
not, and wherever the clock of the file begins.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from medialens.errors import InputError
from medialens.extras import require

_THRESHOLDS = {"adaptive": 3.0, "content": 27.0}  # PySceneDetect's own
_COUNTER_FPS = 30.0  # its time codes need a rate; here they only count frames

SMALL_SIDE = 256
"""Pixels of the longer side of the frames that are compared: shots differ in much more than detail."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SceneSettings:
    """How scenes are told apart, and how long they are.

    Attributes:
        detector: ``adaptive`` compares how much changes from one frame to the next with how much changes around it, so
            it sees faint cuts in calm pictures and does not take motion for one; ``content`` has one threshold for all.
        threshold: How different frames must be; None is PySceneDetect's own, 3 and 27.
        min_seconds: A shorter scene is joined to the one before it.
        max_seconds: A longer one is cut into equal parts.
    """

    detector: Literal["adaptive", "content"] = "adaptive"
    threshold: float | None = None
    min_seconds: float = 1.0
    max_seconds: float = 30.0

    def __post_init__(self) -> None:
        if self.detector not in _THRESHOLDS:
            msg = f"detector={self.detector!r} is not one of {', '.join(_THRESHOLDS)}"
            raise InputError(msg, value=self.detector)
        if not 0 < 2 * self.min_seconds <= self.max_seconds < math.inf:
            msg = (
                f"min_seconds={self.min_seconds!r} and max_seconds={self.max_seconds!r}: expected a minimum above 0, "
                "and a maximum of at least twice that"
            )
            raise InputError(msg, min_seconds=self.min_seconds, max_seconds=self.max_seconds)
        if self.threshold is not None and not 0 < self.threshold < math.inf:
            msg = f"threshold={self.threshold!r} must be a number above 0"
            raise InputError(msg, value=self.threshold)


def find_cuts(frames: Iterable[tuple[float, npt.NDArray[np.uint8]]], settings: SceneSettings) -> list[float]:
    """When the first frame of each shot but the first begins, ascending.

    Args:
        frames: All of a video, in order: when each begins, in seconds, and its pixels, uint8 (height, width, 3), blue
            first. They are looked at one by one and not kept.
        settings: What counts as different.

    Raises:
        MissingExtraError: PySceneDetect is not installed.
    """
    scenedetect = require("scenedetect", extra="scenes", to="Cutting a video into scenes")
    detector = _detector(scenedetect, settings)
    starts: list[float] = []
    found: list[Any] = []
    for start, pixels in frames:
        found += detector.process_frame(scenedetect.FrameTimecode(len(starts), _COUNTER_FPS), pixels)
        starts.append(start)
    if starts:
        found += detector.post_process(scenedetect.FrameTimecode(len(starts) - 1, _COUNTER_FPS))
    return [starts[number] for number in sorted({int(cut.frame_num) for cut in found}) if number > 0]


def cut_scenes(cuts: Sequence[float], duration_seconds: float, settings: SceneSettings) -> list[tuple[float, float]]:
    """Windows from cut to cut that cover all of the duration and do not overlap, in whole milliseconds.

    Args:
        cuts: Ascending.
        duration_seconds: When the last window ends.
        settings: How short and how long they may be.
    """
    end = max(1, round(duration_seconds * 1000))
    shortest, longest = max(1, round(settings.min_seconds * 1000)), round(settings.max_seconds * 1000)
    bounds = [0]
    for cut in (round(cut * 1000) for cut in cuts):
        if cut - bounds[-1] >= shortest and end - cut >= shortest:
            bounds.append(cut)
    edges = [edge for span in itertools.pairwise([*bounds, end]) for edge in _parts(*span, longest)]
    return [(start / 1000, stop / 1000) for start, stop in itertools.pairwise([*edges, end])]


def _parts(start: int, end: int, longest: int) -> list[int]:
    """Where the equal parts begin that none is longer than allowed of."""
    count = math.ceil((end - start) / longest)
    return [start + (end - start) * number // count for number in range(count)]


def _detector(scenedetect: Any, settings: SceneSettings) -> Any:
    # Without a minimum length of its own: it would count frames, which last differently long.
    threshold = _THRESHOLDS[settings.detector] if settings.threshold is None else settings.threshold
    if settings.detector == "adaptive":
        return scenedetect.AdaptiveDetector(adaptive_threshold=threshold, min_scene_len=0)
    return scenedetect.ContentDetector(threshold=threshold, min_scene_len=0)
