"""Video files, through PyAV: only the frames that are looked at are converted and kept.

    bytes --packets, not decoded--> when it begins and ends, where its keyframes are --window--> moments
          --seek to the keyframe before a moment, decode up to it--> the frame on show there --> RGB, upright

The packets are looked through first because headers lie: they may lack a duration, or promise one that is not there.
Times are those of presentation, counted from the first frame on.
"""

from __future__ import annotations

import bisect
import dataclasses
import io
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from medialens.errors import MediaDecodeError, MedialensError
from medialens.extras import require
from medialens.media.frames import check_frame_size, check_n_frames
from medialens.media.image import check_size
from medialens.media.limits import MediaLimits
from medialens.media.moments import Window, look_at
from medialens.media.pixels import on_white
from medialens.media.source import Encoded

FORMATS: Mapping[str, str] = {
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "audio/mp4": "mp4",
    "video/webm": "webm",
    "video/x-matroska": "matroska",
    "video/x-msvideo": "avi",
    "audio/ogg": "ogg",
}
"""What is decoded here, and FFmpeg's name of it. FFmpeg is never left to guess: some formats are lists of further
files or URLs, which it would open. Sounds are there because their files may hold pictures as well."""

Pixels = npt.NDArray[np.uint8]


def sample_container(
    video: Encoded, window: Window, n_frames: int, limits: MediaLimits
) -> tuple[list[Pixels], list[Fraction]]:
    """The frames on show at the middles of `n_frames` equal parts of the window, and when each begins, in seconds.

    Raises:
        MissingExtraError: PyAV is not installed.
        MediaDecodeError: Corrupt, or without any frame.
        MediaLimitError: Frames are too large, or too many would have to be decoded.
        MediaError: The window begins after the clip is over.
    """
    av = require("av", extra="video", to=f"Decoding {video.mime_type} ({video.name!r:.80})")
    name = repr(video.name)
    with _reading(av, video, limits) as container:
        stream = _video_stream(av, container, video)
        context = stream.codec_context
        context.thread_count = 1  # clips are prepared on several threads already
        context.options = {"max_pixels": str(limits.max_frame_pixels)}  # where the size changes on the way
        if context.width and context.height:
            check_frame_size(context.width, context.height, 1, name, limits)
        span = _look_through(container, stream, video)
        moments = look_at(window, span.duration, n_frames, name)
        reader = _Reader(container, stream, span, video, limits)
        frames: list[Pixels] = []
        starts: list[int] = []
        for moment in moments:
            frame = reader.frame_at(span.start + moment / span.unit)
            is_same = bool(frames) and starts[-1] == _time_of(frame)
            frames.append(frames[-1] if is_same else _rgb(frame, name, limits))
            starts.append(_time_of(frame))
    return frames, [(start - span.start) * span.unit for start in starts]


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Span:
    """What the packets tell. Times are in units of the stream.

    Attributes:
        unit: Seconds of one unit.
        start, end: When the first frame begins and the last one is over.
        keyframes: When each frame begins that can be decoded without others, ascending.
    """

    unit: Fraction
    start: int
    end: Fraction
    keyframes: tuple[int, ...]

    @property
    def duration(self) -> Fraction:
        """In seconds."""
        return (self.end - self.start) * self.unit


@contextmanager
def _reading(av: Any, video: Encoded, limits: MediaLimits) -> Iterator[Any]:
    """The opened container; whatever fails inside becomes an error that names it."""
    try:
        with av.open(
            io.BytesIO(video.data),
            format=FORMATS[video.mime_type],
            options={"max_pixels": str(limits.max_frame_pixels)},
            metadata_errors="replace",
            io_open=_refuse,
        ) as container:
            yield container
    except MedialensError:
        raise
    except Exception as error:  # corrupt files make FFmpeg and PyAV raise all sorts of errors
        msg = f"{video.name!r} cannot be decoded as {video.mime_type}: {type(error).__name__}: {error}"
        raise MediaDecodeError(msg, source=video.name, mime_type=video.mime_type) from error


def _refuse(url: str, *_: Any) -> Any:
    msg = f"it refers to another file, {url!r:.200}, which is not read"
    raise PermissionError(msg)


def _video_stream(av: Any, container: Any, video: Encoded) -> Any:
    """The first track of moving pictures: a cover of a song is a track as well, and does not move."""
    cover = av.stream.Disposition.attached_pic
    for stream in container.streams.video:
        if not stream.disposition & cover:
            return stream
    what = "only sound" if container.streams.audio else "no track of pictures"
    msg = f"{video.name!r} holds {what}; expected a video"
    raise MediaDecodeError(msg, source=video.name, mime_type=video.mime_type)


def _look_through(container: Any, stream: Any, video: Encoded) -> _Span:
    """Every packet of the track, none decoded."""
    n_packets, first, last, end = 0, math.inf, -math.inf, -math.inf
    keyframes: list[int] = []
    for packet in container.demux(stream):
        start = packet.pts if packet.pts is not None else packet.dts
        if start is None or packet.is_discard:
            continue  # the end of the stream; or cut away by an edit list
        if packet.is_corrupt:
            msg = f"{video.name!r} is cut off or damaged: a frame of it is incomplete"
            raise MediaDecodeError(msg, source=video.name, mime_type=video.mime_type)
        n_packets += 1
        first, last, end = min(first, start), max(last, start), max(end, start + (packet.duration or 0))
        if packet.is_keyframe:
            keyframes.append(start)
    if not n_packets:
        raise _no_frames(video)
    # Where the last packet does not say how long it lasts: as long as the others, on average.
    length = Fraction(int(last - first), max(1, n_packets - 1)) if end <= last else Fraction(int(end - last))
    return _Span(
        unit=Fraction(stream.time_base), start=int(first), end=int(last) + length, keyframes=tuple(sorted(keyframes))
    )


class _Reader:
    """Goes through a track forwards, leaping from keyframe to keyframe where that saves decoding."""

    def __init__(self, container: Any, stream: Any, span: _Span, video: Encoded, limits: MediaLimits) -> None:
        self._container, self._stream, self._span, self._video, self._limits = container, stream, span, video, limits
        self._n_decoded = 0
        self._shown: Any = None
        self._next: Any = None
        self._leap(min(span.start, 0))

    def frame_at(self, time: Fraction) -> Any:
        """The frame on show at `time`, in units of the stream; times must ascend."""
        keyframes = self._span.keyframes
        at = bisect.bisect_right(keyframes, math.floor(time)) - 1
        if at > 0 and keyframes[at] > _time_of(self._shown):
            self._leap(keyframes[at])
            if _time_of(self._shown) > time:  # the file's index was wrong: look at everything
                self._leap(min(self._span.start, 0))
        while self._next is not None and _time_of(self._next) <= time:
            self._shown, self._next = self._next, self._decode()
        return self._shown

    def _leap(self, start: int) -> None:
        """Seek to the keyframe that begins then, or, by the file's index, before; it is on show afterwards."""
        self._container.seek(start, stream=self._stream)
        self._frames = iter(self._container.decode(self._stream))
        shown = self._decode()
        if shown is None:
            raise _no_frames(self._video)
        self._shown, self._next = shown, self._decode()

    def _decode(self) -> Any:
        frame = next(self._frames, None)
        if frame is not None:
            self._n_decoded += 1
            name = repr(self._video.name)
            check_n_frames(self._n_decoded, name, self._limits)
            check_frame_size(frame.width, frame.height, self._n_decoded, name, self._limits)
        return frame


def _time_of(frame: Any) -> int:
    time: int | None = frame.pts if frame.pts is not None else frame.dts
    return 0 if time is None else time


def _rgb(frame: Any, name: str, limits: MediaLimits) -> Pixels:
    """The frame as a picture: opaque, and turned as the file says it was held."""
    check_size(frame.width, frame.height, name, limits)
    if any(component.is_alpha for component in frame.format.components):
        colours = frame.to_ndarray(format="rgba")
        pixels = on_white(colours[:, :, :3], colours[:, :, 3])
    else:
        pixels = frame.to_ndarray(format="rgb24")
    return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90)))


def _no_frames(video: Encoded) -> MediaDecodeError:
    msg = f"{video.name!r} ({video.mime_type}) has a track of pictures, but not a single frame in it"
    return MediaDecodeError(msg, source=video.name, mime_type=video.mime_type)
