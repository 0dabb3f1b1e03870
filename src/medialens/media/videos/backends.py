"""Which library decodes video files: PyAV, or torchcodec where it is installed, works, and keeps the limits.

The choice changes how fast it goes, never what is seen: torchcodec decodes the files of which it is known to give the
same frames, down to the pixel, and PyAV all others. Only PyAV can be told how large frames may grow on the way, and
torchcodec is 0 to 15 % faster, with tiny frames up to 25 %. So it is chosen where there is nothing to be told: where
`MediaLimits.max_frame_pixels` is as much as FFmpeg takes anyway, which says that files are trusted. The environment
variable MEDIALENS_VIDEO_DECODER says otherwise: ``torchcodec`` is for all files, ``pyav`` for none.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import os
from fractions import Fraction
from typing import Literal

from medialens.errors import InputError
from medialens.media.frame_rate import FrameRate, Shrink, keep_whole
from medialens.media.limits import MediaLimits
from medialens.media.moments import Window
from medialens.media.source import Encoded
from medialens.media.videos.frame_reader import Pixels, sample_container
from medialens.media.videos.torchcodec_frames import sample_by_torchcodec

VARIABLE = "MEDIALENS_VIDEO_DECODER"
_DEFAULT_LIMITS = MediaLimits()
_CHOICES = ("auto", "pyav", "torchcodec")


MOST_PIXELS = 2**28
"""Of a frame that FFmpeg decodes, whatever it is told: `av_image_check_size2` wants that
``(8 * width + 1024) * (height + 128) < 2**31``."""


@dataclasses.dataclass(frozen=True)
class Backend:
    """What decodes videos, and why."""

    name: Literal["pyav", "torchcodec"]
    because: str


def choose_backend(limits: MediaLimits = _DEFAULT_LIMITS) -> Backend:
    """What the environment variable MEDIALENS_VIDEO_DECODER says, or else (``auto``) what keeps the limits.

    Raises:
        InputError: It says something else, or torchcodec, which does not work here.
    """
    wanted, problem = _wanted(), torchcodec_problem()
    if wanted == "torchcodec":
        if problem:
            msg = f"{VARIABLE} asks for torchcodec, which does not work here: {problem}; unset it, and PyAV decodes"
            raise InputError(msg, value=wanted)
        return Backend("torchcodec", f"{VARIABLE} says so; PyAV decodes what torchcodec would show differently")
    if wanted == "pyav":
        return Backend("pyav", f"{VARIABLE} says so")
    if problem:
        return Backend("pyav", f"torchcodec cannot: {problem}")
    if limits.max_frame_pixels >= MOST_PIXELS:
        return Backend("torchcodec", "it works, and max_frame_pixels is no limit; PyAV decodes what it would change")
    trusted = f"for trusted files, MediaLimits(max_frame_pixels=float('inf')) or {VARIABLE}=torchcodec"
    return Backend("pyav", f"it keeps max_frame_pixels where frames grow; torchcodec works too: {trusted}")


def _wanted() -> str:
    wanted = os.environ.get(VARIABLE, "").strip().lower() or "auto"
    if wanted not in _CHOICES:
        msg = f"{VARIABLE}={wanted!r} is no choice; expected one of {', '.join(_CHOICES)}"
        raise InputError(msg, value=wanted)
    return wanted


@functools.cache
def torchcodec_problem() -> str:
    """Why torchcodec cannot decode here, in one line; "" where it can."""
    try:
        importlib.import_module("torchcodec.decoders")
    except ModuleNotFoundError as error:
        return f"{error.name} is not installed"
    except Exception as error:  # noqa: BLE001  # shared libraries are missing, or are those of another torch
        lines = str(error).strip().splitlines() or [""]
        return f"{type(error).__name__}: {lines[0]:.200}"
    return ""


def sample_file(
    video: Encoded, window: Window, how: int | FrameRate, limits: MediaLimits, keep: Shrink = keep_whole
) -> tuple[list[Pixels], list[Fraction]]:
    """The frames of the window that are looked at, and when each begins, in seconds; see `moments.looks`.

    Raises the same errors as `sample_container`.
    """
    may_be_torchcodec = _wanted() == "torchcodec" or limits.max_frame_pixels >= MOST_PIXELS
    if may_be_torchcodec and choose_backend(limits).name == "torchcodec":  # choosing imports torchcodec
        sampled = sample_by_torchcodec(video, window, how, limits, keep)
        if sampled is not None:
            return sampled
    return sample_container(video, window, how, limits, keep)
