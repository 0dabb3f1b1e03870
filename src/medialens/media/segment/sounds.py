"""A sound, or the sound of a video, window by window. The store holds the one file."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from medialens.inputs import Audio
from medialens.media.limits import MediaLimits
from medialens.media.reference import MediaReference
from medialens.media.segment.segment import Segment
from medialens.media.segment.speech import recognise
from medialens.media.segment.transcript import Recogniser, Transcript, read_transcript, said_in
from medialens.media.segment.whole import Whole, keep_whole
from medialens.media.segment.windows import cut_windows
from medialens.media.sounds.probing import probe_sound
from medialens.media.source import Encoded, read_part
from medialens.media.store import MediaStore, open_store

WINDOW_SECONDS = 30.0
_OVERLAP = 0.1
"""Of a window, unless it is said otherwise."""

_DEFAULT_LIMITS = MediaLimits()


def split_sound(  # noqa: PLR0913  # each is a plain choice of the caller's
    path: Whole,
    *,
    store: MediaStore | str | Path | None = None,
    window_seconds: float = WINDOW_SECONDS,
    overlap_seconds: float | None = None,
    transcript: Transcript | None = None,
    copy: bool = False,
    limits: MediaLimits = _DEFAULT_LIMITS,
) -> list[Segment]:
    """The windows of a sound, each a reference ``#t=start,end`` to it, in order, with what is said in it.

    They are `window_seconds` long and cover all of it; see `cut_windows` for the last one. Times are in whole
    milliseconds, counted from the beginning of the sound; of the sound of a video from the first picture on, so that
    they are those of its clips.

    Args:
        path: A file, or a URL that `limits` allow; a reference to what the store has; or the bytes of a file, a data
            URI or an open file, which are put into the store. Of a video the sound is taken; its references have the
            type ``audio/...``, for they are heard, not looked at.
        store: Where it is registered; None is the default store.
        window_seconds: How long a window is. A CLAP hears 10 seconds at once, and of more the mean.
        overlap_seconds: How much of a window is in the next one as well; None is a tenth of it.
        transcript: What is said: a list of `TimedText`, the path of a .srt or .vtt file, ``"beside"`` for the one that
            lies beside the sound and has its name, or a `Recogniser`. See `said_in` for which window has what.
        copy: Keep the bytes in the store. Otherwise the store points to the file.
        limits: What may be read and decoded.

    Raises:
        MediaDecodeError: It holds no sound, or is corrupt; or the subtitles are malformed.
        MediaLimitError: It is longer than `limits.max_seconds`, or would be too many windows.
        MediaNotFoundError: There is no such file, or no subtitles beside it.
        InputError: Lengths that are none.
        MissingExtraError: PyAV is not installed.
    """
    media = open_store(store)
    known = keep_whole(path, media, copy=copy, limits=limits)
    whole = as_sound(known)
    sound = read_part(Audio(str(whole), store=media), limits)
    facts = probe_sound(sound, limits)
    windows = cut_windows(
        float(facts.end_seconds),
        window_seconds=window_seconds,
        overlap_seconds=overlap_seconds,
        usual_overlap=_OVERLAP,
    )
    windows = [window for window in windows if window[1] > facts.start_seconds]  # that of a video may begin late
    return [
        Segment(
            reference=dataclasses.replace(whole, start_seconds=start, end_seconds=end),
            store=media,
            source=media.source(whole),
            text=said,
        )
        for (start, end), said in zip(windows, _said(windows, transcript, sound, limits), strict=True)
    ]


def _said(
    windows: Sequence[tuple[float, float]], transcript: Transcript | None, sound: Encoded, limits: MediaLimits
) -> list[str]:
    if transcript is None:
        return [""] * len(windows)
    if isinstance(transcript, Recogniser):
        return said_in(windows, recognise(sound, transcript, limits))
    return said_in(windows, read_transcript(transcript, sound.name, limits))


def as_sound(reference: MediaReference) -> MediaReference:
    """The reference to the sound of a medium: to its bytes, but to be heard."""
    _, _, subtype = reference.mime_type.partition("/")
    return dataclasses.replace(reference, mime_type=f"audio/{subtype}")
