"""When a video begins and ends and where its keyframes are: its packets looked through once, none decoded.

The packets are looked through because headers lie: they may lack a duration, or promise one that is not there. What
they tell is remembered by the digest of the file, so that the clips of one film do not look through it again and again.
"""

from __future__ import annotations

import dataclasses
import math
from array import array
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from medialens.errors import MediaDecodeError, MediaLimitError
from medialens.media.limits import MediaLimits
from medialens.media.moments import Clock
from medialens.media.source import Encoded
from medialens.media.threads.memo import Memo
from medialens.media.videos.containers import no_frames

_STREAMED = frozenset({"mpegts", "flv"})
"""Formats of recordings and broadcasts: they may begin and end in the middle of a picture, and have no index."""

_MAX_PACKETS = 10_000_000
"""Six hours at 400 frames per second; beyond it there is no film, but a file made to be looked through for ever."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Timeline:
    """What the packets tell. Times are in units of the stream.

    Attributes:
        unit: Seconds of one unit.
        start, end: When the first frame begins and the last one is over.
        starts: When each frame begins, ascending.
        keyframes: When each frame begins that can be decoded without others, ascending.
        positions: Where in the file each of them is, for formats without an index; else empty.
    """

    unit: Fraction
    start: int
    end: Fraction
    starts: array[int]
    keyframes: array[int]
    positions: array[int]

    @property
    def n_frames(self) -> int:
        """How many packets hold frames."""
        return len(self.starts)

    @property
    def duration(self) -> Fraction:
        """In seconds."""
        return (self.end - self.start) * self.unit

    @property
    def clock(self) -> Clock:
        """When its frames begin."""
        # In floats, as torchcodec computes it, and so what models were given: 29.999999999999996 is not 30.
        seconds = float(self.end * self.unit) - float(self.start * self.unit)
        fps = self.n_frames / seconds if seconds > 0 else 0.0
        return Clock(starts=self.starts, unit=self.unit, zero=self.start, duration=self.duration, fps=fps)


_timelines: Memo[str, Timeline] = Memo(max_entries=32)


def timeline_of(container: Any, stream: Any, video: Encoded, limits: MediaLimits) -> Timeline:
    """The timeline of an opened video, whose packets are used up if it was not known yet.

    Raises:
        MediaDecodeError: Cut off, or without any frame.
        MediaLimitError: It is longer than `limits.max_seconds`.
    """
    timeline = _timelines.get(video.digest, lambda: _look_through(container, stream, video, limits))
    check_seconds(timeline, video, limits)
    return timeline


def seek_keyframe(container: Any, stream: Any, timeline: Timeline, at: int) -> None:
    """Go to the keyframe of that number or, where the file's index says so, to one before; to the beginning for -1."""
    if timeline.positions:
        container.seek(timeline.positions[at] if at >= 0 else 0, unsupported_byte_offset=True)
    else:
        container.seek(timeline.keyframes[at] if at >= 0 else min(timeline.start, 0), stream=stream)


def is_streamed(container: Any) -> bool:
    """Whether it is of a format that may begin and end anywhere, and has no index."""
    return container.format.name in _STREAMED


def has_true_times(container: Any) -> bool:
    """Whether packets say when their frames are shown. Those of AVI only say in which order they are decoded."""
    return str(container.format.name) != "avi"


def _look_through(container: Any, stream: Any, video: Encoded, limits: MediaLimits) -> Timeline:
    first, last, end = math.inf, -math.inf, -math.inf
    unit, seeks_bytes = Fraction(stream.time_base), container.format.name == "mpegts"
    longest = limits.max_seconds / unit
    starts, keyframes = array("q"), list[tuple[int, int]]()
    for start, packet in _starts(container, stream, video):
        starts.append(start)
        first, last, end = min(first, start), max(last, start), max(end, start + (packet.duration or 0))
        if packet.is_keyframe:
            keyframes.append((start, (packet.pos or 0) if seeks_bytes else 0))
        if last - first > longest or len(starts) > _MAX_PACKETS:
            raise _too_long((last - first) * unit, len(starts), video, limits)
    if not starts:
        raise no_frames(video)
    # Where the last packet does not say how long it lasts: as long as the others, on average.
    length = Fraction(int(last - first), max(1, len(starts) - 1)) if end <= last else Fraction(int(end - last))
    keyframes.sort()
    return Timeline(
        unit=unit,
        start=int(first),
        end=int(last) + length,
        starts=array("q", sorted(starts)),
        keyframes=array("q", (start for start, _ in keyframes)),
        positions=array("q", (position for _, position in keyframes) if seeks_bytes else ()),
    )


def _starts(container: Any, stream: Any, video: Encoded) -> Iterator[tuple[int, Any]]:
    """The packets that hold frames, and when each begins."""
    is_true, may_be_cut = has_true_times(container), is_streamed(container)
    for packet in container.demux(stream):
        start = packet.pts if is_true and packet.pts is not None else packet.dts
        if start is None or packet.is_discard:
            continue  # the end of the stream; or cut away by an edit list
        if not packet.is_corrupt:
            yield start, packet
        elif not may_be_cut:
            msg = f"{video.name!r} is cut off or damaged: a frame of it is incomplete"
            raise MediaDecodeError(msg, source=video.name, mime_type=video.mime_type)


def check_seconds(timeline: Timeline, video: Encoded, limits: MediaLimits) -> None:
    """Refuse a video by its length.

    Raises:
        MediaLimitError: It is longer than `limits.max_seconds`.
    """
    if timeline.duration > limits.max_seconds:
        raise _too_long(timeline.duration, 0, video, limits)


def _too_long(seconds: Any, n_frames: int, video: Encoded, limits: MediaLimits) -> MediaLimitError:
    if n_frames > _MAX_PACKETS:
        msg = f"{video.name!r} has more than {_MAX_PACKETS} frames; cut it into shorter files"
        return MediaLimitError(msg, limit="max_seconds", value=n_frames, maximum=_MAX_PACKETS, source=video.name)
    msg = (
        f"{video.name!r} lasts {float(seconds):.0f} seconds or more, above the limit of {limits.max_seconds:.0f} "
        "(MediaLimits.max_seconds); raise it, or cut the file into shorter ones"
    )
    maximum = limits.max_seconds
    return MediaLimitError(msg, limit="max_seconds", value=float(seconds), maximum=maximum, source=video.name)
