"""What is said in a video or sound, and in which of its windows: from the user, a file beside it, or a recogniser.

list of TimedText ---------------------------------+
film.srt, film.vtt, film.en.srt --subtitles.py-----+--> transcript --> what is said in each window
sound --in pieces, cut where it is quiet-- Recogniser
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from medialens.errors import InputError, MediaNotFoundError
from medialens.media.limits import MediaLimits
from medialens.media.segment.subtitles import PARSERS, TimedText, read_subtitles

RECOGNISED_RATE_HZ = 16_000
"""Samples per second of the sound that a recogniser is given: what Whisper and most others listen at."""

_SUBTITLES = re.compile(r"(?:\.[A-Za-z0-9_-]{1,35})?(?:\.srt|\.vtt)", re.IGNORECASE)
_SHORTEST = 1e-3  # what takes no time at all counts as a millisecond


@runtime_checkable
class Recogniser(Protocol):
    """Hears what is said."""

    def __call__(self, samples: npt.NDArray[np.float32]) -> Iterable[TimedText]:
        """What is said in a piece of sound, with times counted from the beginning of the piece.

        Args:
            samples: Shape (n,), one channel in -1..1, `RECOGNISED_RATE_HZ` a second; some minutes at most.
        """
        ...


Transcript: TypeAlias = Literal["beside"] | str | Path | Sequence[TimedText] | Recogniser
"""``"beside"``, the path of a .srt or .vtt file, timed texts, or who recognises speech."""


def find_beside(path: str | Path) -> Path:
    """The subtitles of a video or sound in its own folder: ``film.vtt``, ``film.srt``, or else ``film.en.srt``.

    Raises:
        MediaNotFoundError: There is no such file.
        InputError: There are several, in several languages.
    """
    media = Path(path)
    try:
        names = sorted(entry.name for entry in os.scandir(media.parent))
    except OSError as error:
        msg = f"the folder of {str(media)!r} cannot be searched for its subtitles: {error}; pass their path"
        raise MediaNotFoundError(msg, source=str(media)) from error
    exact = [name for name in names if name.lower() in {(media.stem + end).lower() for end in PARSERS}]
    found = exact or [name for name in names if _is_named_after(name, media.stem)]
    if not found:
        msg = f"no subtitles beside {str(media)!r}: looked for {media.stem}.srt, {media.stem}.vtt, {media.stem}.en.srt"
        raise MediaNotFoundError(msg, source=str(media))
    if len(found) > 1 and not exact:
        msg = f"several subtitles beside {str(media)!r}: {', '.join(found)}; pass the path of one as transcript="
        raise InputError(msg, paths=tuple(found))
    return media.parent / max(found, key=lambda name: name.lower().endswith(".vtt"))


def read_transcript(
    transcript: Literal["beside"] | str | Path | Sequence[TimedText], path: str | Path, limits: MediaLimits
) -> tuple[TimedText, ...]:
    """What is said in the video or sound at `path`.

    Raises:
        InputError: `transcript` is none of these.
        MediaError: A file of subtitles cannot be read.
    """
    if isinstance(transcript, str) and transcript == "beside":
        return read_subtitles(find_beside(path), limits)
    if isinstance(transcript, (str, Path)):
        return read_subtitles(transcript, limits)
    cues = list(transcript) if isinstance(transcript, Iterable) else [transcript]
    if not all(isinstance(cue, TimedText) for cue in cues):
        msg = (
            f"transcript={transcript!r:.80} is not 'beside', the path of a .srt or .vtt file, a list of TimedText, "
            "or a recogniser"
        )
        raise InputError(msg, value=transcript)
    return tuple(sorted(cues, key=lambda cue: cue.start_seconds))


def said_in(windows: Sequence[tuple[float, float]], transcript: Iterable[TimedText]) -> list[str]:
    """What is said in each of the windows, in order of time.

    A text belongs to a window if it lies in it by at least half, or fills at least half of it; and in any case to the
    window that it shares most time with, the first of several. So a text that is said while any window is open is
    never lost, and one that is said across a cut is found on both sides only if it is long.

    Args:
        windows: Start and end of each, in seconds; in any order, they may overlap.
        transcript: In order of time.
    """
    starts, ends = np.asarray(windows, dtype=np.float64).reshape(-1, 2).T
    said: list[list[str]] = [[] for _ in windows]
    for cue in transcript:
        end = max(cue.end_seconds, cue.start_seconds + _SHORTEST)
        shared = np.minimum(ends, end) - np.maximum(starts, cue.start_seconds)
        if not len(shared) or shared.max() <= 0:
            continue
        enough = 2 * shared >= np.minimum(ends - starts, end - cue.start_seconds)
        enough[shared.argmax()] = True
        for at in np.flatnonzero(enough):
            said[at].append(cue.text)
    return [" ".join(texts) for texts in said]


def _is_named_after(name: str, stem: str) -> bool:
    return name.startswith(stem) and _SUBTITLES.fullmatch(name[len(stem) :]) is not None
