"""What is said in a video or sound, and in which of its windows: from the user, a file beside it, or a recogniser.

list of TimedText ---------------------------------+
film.srt, film.vtt, film.en.srt --subtitles.py-----+--> transcript --> what is said in each window
sound --in pieces, cut where it is quiet-- Recogniser
"""

from __future__ import annotations

import bisect
import itertools
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from medialens.errors import InputError, MediaLimitError, MediaNotFoundError
from medialens.media.limits import MediaLimits
from medialens.media.segment.subtitles import PARSERS, TimedText, read_subtitles

RECOGNISED_RATE_HZ = 16_000
"""Samples per second of the sound that a recogniser is given: what Whisper and most others listen at."""

_SUBTITLES = re.compile(r"(?:\.[A-Za-z0-9_-]{1,35})?(?:\.srt|\.vtt)", re.IGNORECASE)
MAX_CHARACTERS = 100_000_000
"""Of what is said in all windows of a medium: a long text that lasts for hours is in each of its windows."""

_ELSEWHERE = re.compile(r"<media://|https?://", re.IGNORECASE)
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


Transcript: TypeAlias = Literal["beside"] | str | Path | Sequence[TimedText | Mapping[str, Any]] | Recogniser
"""``"beside"``, the path of a .srt or .vtt file, timed texts (what Whisper gives, ``{"start": 1.0, "end": 2.5, "text":
"..."}``, will do), or who recognises speech."""


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
    transcript: Literal["beside"] | str | Path | Sequence[TimedText | Mapping[str, Any]],
    path: str | Path,
    limits: MediaLimits,
) -> tuple[TimedText, ...]:
    """What is said in the video or sound at `path`.

    Raises:
        InputError: `transcript` is none of these.
        MediaError: A file of subtitles cannot be read.
    """
    if isinstance(transcript, str) and transcript == "beside":
        if _ELSEWHERE.match(str(path)):
            msg = f"{str(path)!r:.200} is no file with others beside it; pass the path of its subtitles as transcript="
            raise MediaNotFoundError(msg, source=str(path))
        return read_subtitles(find_beside(path), limits)
    if isinstance(transcript, (str, Path)):
        return read_subtitles(transcript, limits)
    cues = [_timed(cue) for cue in transcript] if isinstance(transcript, Iterable) else [None]
    known = [cue for cue in cues if cue is not None]
    if len(known) < len(cues):
        msg = (
            f"transcript={transcript!r:.80} is not 'beside', the path of a .srt or .vtt file, a list of TimedText or "
            "of what Whisper gives (start, end, text), or a recogniser"
        )
        raise InputError(msg, value=transcript)
    return tuple(sorted(known, key=lambda cue: cue.start_seconds))


def _timed(cue: Any) -> TimedText | None:
    """What recognisers of speech give, too: dicts and objects with ``start``, ``end`` and ``text``."""
    if isinstance(cue, TimedText):
        return cue
    keys = ("start", "end", "text")
    start, end, text = (cue.get(key) if isinstance(cue, Mapping) else getattr(cue, key, None) for key in keys)
    return None if start is None or end is None or text is None else TimedText(start, end, text)


def said_in(windows: Sequence[tuple[float, float]], transcript: Iterable[TimedText]) -> list[str]:
    """What is said in each of the windows, in order of time.

    A text belongs to a window if it lies in it by at least half, or fills at least half of it; and in any case to the
    window that it shares most time with, the first of several. So a text that is said while any window is open is
    never lost, and one that is said across a cut is found on both sides only if it is long.

    Args:
        windows: Start and end of each, in seconds; in any order, they may overlap.
        transcript: In order of time.

    Raises:
        MediaLimitError: All windows together would have more than `MAX_CHARACTERS`.
    """
    order = sorted(range(len(windows)), key=lambda at: windows[at][0])
    starts = [windows[at][0] for at in order]
    latest = list(itertools.accumulate((windows[at][1] for at in order), max))  # no window up to here ends later
    said: list[list[str]] = [[] for _ in windows]
    n_characters = 0
    for cue in transcript:
        end = max(cue.end_seconds, cue.start_seconds + _SHORTEST)
        near = order[bisect.bisect_right(latest, cue.start_seconds) : bisect.bisect_left(starts, end)]
        heard = _windows_of(cue.start_seconds, end, [(at, *windows[at]) for at in sorted(near)])
        n_characters += len(heard) * (len(cue.text) + 1)
        if n_characters > MAX_CHARACTERS:
            raise _too_much(n_characters)
        for at in heard:
            said[at].append(cue.text)
    return [" ".join(texts) for texts in said]


def _windows_of(start: float, end: float, windows: Sequence[tuple[int, float, float]]) -> set[int]:
    """To which of the windows, (number, start, end) each and in order, a text belongs."""
    heard: set[int] = set()
    most, nearest = 0.0, None
    for at, begins, ends in windows:
        shared = min(ends, end) - max(begins, start)
        if shared > 0 and 2 * shared >= min(ends - begins, end - start):
            heard.add(at)
        if shared > most:
            most, nearest = shared, at
    return heard if nearest is None else heard | {nearest}


def _too_much(n_characters: int) -> MediaLimitError:
    msg = (
        f"what is said fills all windows together with {n_characters} characters or more, above the limit of "
        f"{MAX_CHARACTERS}: long texts that last long are repeated in every window; divide them"
    )
    return MediaLimitError(msg, limit="MAX_CHARACTERS", value=n_characters, maximum=MAX_CHARACTERS)


def _is_named_after(name: str, stem: str) -> bool:
    return name.startswith(stem) and _SUBTITLES.fullmatch(name[len(stem) :]) is not None
