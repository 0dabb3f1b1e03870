"""Files that hold sound, opened by PyAV: which are taken, and how whatever is wrong with one names the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

from medialens.errors import MediaDecodeError
from medialens.extras import require
from medialens.media.access.sniff import HEAD_BYTES, sniff
from medialens.media.limits import MediaLimits
from medialens.media.sounds.resampling import check_rate
from medialens.media.sounds.track import SoundTrack, decoded, too_long
from medialens.media.source import Encoded
from medialens.media.videos.containers import FORMATS as VIDEO_FORMATS
from medialens.media.videos.containers import leave_others
from medialens.media.videos.ffmpeg import Seekable, check_codec, refuse_url, told_as_decode_errors

FORMATS: Mapping[str, str] = {
    **VIDEO_FORMATS,
    "audio/wav": "wav",
    "audio/flac": "flac",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
    "audio/aiff": "aiff",
    "audio/x-caf": "caf",
    "audio/basic": "au",
    "audio/amr": "amr",
    "audio/x-ms-wma": "asf",
    "video/x-ms-asf": "asf",
}
"""What is decoded here, and FFmpeg's name of it; FFmpeg is never left to guess."""

_TAG_HEAD = 10


@contextmanager
def open_sound(sound: Encoded, limits: MediaLimits) -> Iterator[SoundTrack]:
    """The track of sound of a file.

    Raises:
        MissingExtraError: PyAV is not installed.
        MediaDecodeError: It holds no sound, or is corrupt.
        MediaLimitError: It is longer than `limits.max_seconds`.
    """
    if sound.mime_type not in FORMATS:
        msg = (
            f"{sound.name!r} is no sound that can be decoded: it holds {sound.what}; "
            "expected wav, flac, mp3, ogg, m4a, aac, aiff, wma, caf, au, amr, or a video with sound"
        )
        raise MediaDecodeError(msg, source=sound.name, mime_type=sound.mime_type)
    av = require("av", extra="audio", to=f"Decoding {sound.mime_type} ({sound.name!r:.80})")
    with (
        told_as_decode_errors(sound),
        sound.open() as file,
        av.open(Seekable(file), format=_format_of(sound), metadata_errors="replace", io_open=refuse_url) as container,
    ):
        yield _track(av, container, sound, limits)


def _track(av: Any, container: Any, sound: Encoded, limits: MediaLimits) -> SoundTrack:
    stream = _audio_stream(container, sound)
    seconds = (container.duration or 0) / av.time_base
    if seconds > limits.max_seconds:
        raise too_long(seconds, sound, limits)
    frames = decoded(container, stream, sound)
    first = next((frame for frame in frames if frame.samples and frame.pts is not None), None)
    if first is None:
        msg = f"{sound.name!r} ({sound.mime_type}) has a track of sound, but not a single sample in it"
        raise MediaDecodeError(msg, source=sound.name, mime_type=sound.mime_type)
    check_rate(first.sample_rate, repr(sound.name))
    return SoundTrack(
        sound=sound,
        container=container,
        stream=stream,
        limits=limits,
        frames=frames,
        first=first,
        delay=_delay(av, container, first.pts * Fraction(stream.time_base)),
    )


def _audio_stream(container: Any, sound: Encoded) -> Any:
    """The track that FFmpeg holds to be the main one."""
    found = container.streams.best("audio")
    if found is None:
        what = "only pictures" if container.streams.video else "no track of sound"
        msg = f"{sound.name!r} holds {what}; expected a sound, or a video that has one"
        raise MediaDecodeError(msg, source=sound.name, mime_type=sound.mime_type)
    check_codec(found, sound)
    leave_others(container, found)
    found.codec_context.thread_count = 1  # sounds are prepared on several threads already
    return found


def _delay(av: Any, container: Any, begin: Fraction) -> Fraction:
    """When a sound that begins at `begin` is first heard: of a video, after its first picture; of a sound, at 0.

    So a window of a video means the same for its pictures and its sound.
    """
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic and stream.start_time is not None:
            return begin - int(stream.start_time) * Fraction(stream.time_base)
    return Fraction(0)


def _format_of(sound: Encoded) -> str:
    """FFmpeg's name of it. A tag of mp3 files may stand before other sounds as well."""
    with sound.open() as file:
        head = file.read(_TAG_HEAD)
        if head[:3] == b"ID3" and len(head) == _TAG_HEAD:
            size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
            file.seek(_TAG_HEAD + size)
            behind = sniff(file.read(HEAD_BYTES))
            if behind in {"audio/aac", "audio/flac"}:
                return FORMATS[behind]
    return FORMATS[sound.mime_type]
