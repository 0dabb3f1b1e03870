"""Which library decodes video files: PyAV, or torchcodec where it is asked for.

The choice changes how fast it goes, never what is seen: torchcodec decodes the files of which it is known to give the
same frames, down to the pixel, and PyAV all others. PyAV is preferred although torchcodec needs about a tenth less
time, because only PyAV can be told `MediaLimits`: a file whose frames grow on the way fills the memory before
torchcodec says so. Where files are trusted, set the environment variable MEDIALENS_VIDEO_DECODER to ``torchcodec``.
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
_CHOICES = ("auto", "pyav", "torchcodec")


@dataclasses.dataclass(frozen=True)
class Backend:
    """What decodes videos, and why."""

    name: Literal["pyav", "torchcodec"]
    because: str


def choose_backend() -> Backend:
    """What the environment variable MEDIALENS_VIDEO_DECODER says; ``auto`` (the default) is PyAV.

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
    other = f"torchcodec cannot: {problem}" if problem else f"torchcodec works too: {VARIABLE}=torchcodec"
    return Backend("pyav", f"it keeps all limits; {other}")


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
    if _wanted() == "torchcodec" and choose_backend().name == "torchcodec":  # asking imports torchcodec
        sampled = sample_by_torchcodec(video, window, how, limits, keep)
        if sampled is not None:
            return sampled
    return sample_container(video, window, how, limits, keep)
