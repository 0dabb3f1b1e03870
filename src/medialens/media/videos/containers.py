"""Video files, opened by PyAV: which are taken, and how whatever is wrong with one becomes an error that names it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from medialens.errors import MediaDecodeError
from medialens.extras import require
from medialens.media.limits import MediaLimits
from medialens.media.source import Encoded
from medialens.media.videos.ffmpeg import check_codec, refuse_url, told_as_decode_errors
from medialens.media.videos.frames import check_frame_size

FORMATS: Mapping[str, str] = {
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "audio/mp4": "mp4",
    "video/webm": "webm",
    "video/x-matroska": "matroska",
    "video/x-msvideo": "avi",
    "video/mp2t": "mpegts",
    "video/x-flv": "flv",
    "audio/ogg": "ogg",
}
"""What is decoded here, and FFmpeg's name of it. FFmpeg is never left to guess: some formats are lists of further
files or URLs, which it would open. Sounds are there because their files may hold pictures as well."""


@contextmanager
def open_video(video: Encoded, limits: MediaLimits) -> Iterator[tuple[Any, Any]]:
    """The container and its track of moving pictures; whatever fails inside becomes an error that names the file.

    Raises:
        MissingExtraError: PyAV is not installed.
        MediaDecodeError: Of another type, corrupt, or without moving pictures.
        MediaLimitError: Its frames are too large.
    """
    if video.mime_type not in FORMATS:
        msg = f"{video.name!r} is no video but {video.mime_type}; expected one of {', '.join(FORMATS)}"
        raise MediaDecodeError(msg, source=video.name, mime_type=video.mime_type)
    av = require("av", extra="video", to=f"Decoding {video.mime_type} ({video.name!r:.80})")
    options = {"max_pixels": str(_most_pixels(limits))}
    with (
        told_as_decode_errors(video),
        video.open() as file,
        av.open(
            file, format=FORMATS[video.mime_type], options=options, metadata_errors="replace", io_open=refuse_url
        ) as container,
    ):
        stream = _video_stream(av, container, video)
        context = stream.codec_context
        context.thread_count = 1  # clips are prepared on several threads already
        context.options = options  # where the size changes on the way
        if context.width and context.height:
            check_frame_size(context.width, context.height, 1, repr(video.name), limits)
        yield container, stream


def _most_pixels(limits: MediaLimits) -> int:
    """What FFmpeg itself is to keep to, where frames grow on the way.

    More than the limit, which each frame that comes out is held to: FFmpeg counts the margins that decoders work with.
    """
    return int(min(2 * limits.max_frame_pixels + 65_536, 2**31 - 1))


def _video_stream(av: Any, container: Any, video: Encoded) -> Any:
    """The first track of moving pictures: a cover of a song is a track as well, and does not move."""
    cover = av.stream.Disposition.attached_pic
    found = next((stream for stream in container.streams.video if not stream.disposition & cover), None)
    if found is None:
        what = "only sound" if container.streams.audio else "no track of pictures"
        msg = f"{video.name!r} holds {what}; expected a video"
        raise MediaDecodeError(msg, source=video.name, mime_type=video.mime_type)
    check_codec(found, video)
    leave_others(container, found)
    return found


def leave_others(container: Any, kept: Any) -> None:
    """Have FFmpeg skip every track but one: nobody looks at the others here."""
    for stream in container.streams:
        if stream is not kept:
            stream.discard = type(stream.discard).all


def no_frames(video: Encoded) -> MediaDecodeError:
    """The error for a track without pictures."""
    msg = f"{video.name!r} ({video.mime_type}) has a track of pictures, but not a single frame in it"
    return MediaDecodeError(msg, source=video.name, mime_type=video.mime_type)
