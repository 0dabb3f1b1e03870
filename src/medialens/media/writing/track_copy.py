"""The packets of a part of a video, as they are in the file: nothing is decoded, nothing lost.

    file  |K....|K....|K....|K....|   K: keyframe, from which the frames after it can be decoded
                 [ asked for )
    copy        |K....|K....|         from the keyframe before, up to the last frame that begins before the end

Frames are stored in the order in which they are decoded, which is not that in which they are shown. So frames may be
needed that are shown after the end; and frames may follow a keyframe that are shown before it and cannot be decoded.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from medialens.errors import MediaDecodeError
from medialens.media.source import Encoded
from medialens.media.videos.timeline import Timeline, has_true_times, seek_keyframe

_MOST_UNDATED = 64
"""Packets in a row: more than any codec puts out of order."""


class Written(NamedTuple):
    """A packet for the new file; `time` is when it is decoded, in seconds of the new file."""

    time: Fraction
    packet: Any


class Pictures(NamedTuple):
    """The opened track of pictures."""

    container: Any
    stream: Any
    timeline: Timeline

    @property
    def origin(self) -> Fraction:
        """When the first frame begins, in seconds by the clock of the file."""
        return self.timeline.start * self.timeline.unit

    def end_of(self, start: Fraction) -> Fraction:
        """When the frame is over that begins then, by the clock of the file."""
        starts = self.timeline.starts
        after = bisect.bisect_right(starts, math.floor(start / self.timeline.unit))
        return (starts[after] if after < len(starts) else self.timeline.end) * self.timeline.unit

    def seek(self, start: Fraction) -> None:
        """Go to the keyframe before, by the clock of the file."""
        keyframes = self.timeline.keyframes
        at = bisect.bisect_right(keyframes, math.floor(start / self.timeline.unit)) - 1
        seek_keyframe(self.container, self.stream, self.timeline, at)


class Part(NamedTuple):
    """What is copied, in seconds by the clock of the file: its first frame, and where it was to end."""

    start: Fraction
    end: Fraction


def find_part(pictures: Pictures, video: Encoded, start: Fraction, end: Fraction) -> Part:
    """The part from the keyframe before `start`, both counted from the first frame; or where the file has one.

    Raises:
        MediaDecodeError: Its packets do not say when they are shown.
    """
    if not has_true_times(pictures.container):
        msg = (
            f"{video.name!r} ({video.mime_type}) does not say when its frames are shown, so they cannot be copied; "
            "export with exact=True"
        )
        raise MediaDecodeError(msg, source=video.name, mime_type=video.mime_type)
    begins = pictures.origin + start
    pictures.seek(begins)
    for packet in pictures.container.demux(pictures.stream):
        if packet.is_keyframe and packet.pts is not None:
            begins = packet.pts * pictures.timeline.unit
            break
    return Part(begins, pictures.origin + end)


def copy_pictures(pictures: Pictures, part: Part, target: Any, shown: list[Fraction]) -> Iterator[Written]:
    """The packets of the pictures of a part, with times from 0; somewhat more, where later frames are needed for it.

    Args:
        pictures: The opened track.
        part: Which of them.
        target: The track of the new file.
        shown: Takes when each frame that is copied begins, by the clock of the file.
    """
    unit, end = pictures.timeline.unit, part.end
    pictures.seek(part.start)
    late: list[Any] = []
    for packet in _dated(pictures.container.demux(pictures.stream)):
        if packet.pts * unit < part.start:
            continue
        if packet.dts * unit >= end:
            break
        late.append(packet)
        if packet.pts * unit >= end:
            continue  # it is needed only if another one follows that is shown before it; then nothing may be missing
        shown += [one.pts * unit for one in late]
        end = max(end, *shown[-len(late) :])
        yield from (_moved(one, unit, part.start, target) for one in late)
        late = []


def copy_sound(container: Any, stream: Any, part: Part, target: Any) -> Iterator[Written]:
    """The packets of a track of sound that begin within a part, with times from 0."""
    unit = Fraction(stream.time_base)
    container.seek(int(part.start / unit), stream=stream)
    for packet in _dated(container.demux(stream)):
        if packet.pts * unit < part.start:
            continue
        if packet.pts * unit >= part.end:
            break
        yield _moved(packet, unit, part.start, target)


def _dated(packets: Iterable[Any]) -> Iterator[Any]:
    """The packets, the first ones with the times at which they are decoded: after a leap, Matroska does not know them.

    They are as far apart as the packets last, and end where the known ones begin.
    """
    waiting: list[Any] = []
    for packet in packets:
        if packet.pts is None:
            continue  # the end of the stream
        waiting.append(packet)
        if packet.dts is not None or len(waiting) == _MOST_UNDATED:
            yield from _with_dates(waiting)
            waiting = []
    yield from _with_dates(waiting)


def _with_dates(packets: Sequence[Any]) -> Sequence[Any]:
    if packets:
        last, step = packets[-1], max(1, packets[-1].duration or 1)
        known = min(packet.pts for packet in packets) if last.dts is None else last.dts
        for back, packet in enumerate(reversed(packets)):
            packet.dts = known - back * step
    return packets


def _moved(packet: Any, unit: Fraction, by: Fraction, target: Any) -> Written:
    ticks = round(by / unit)
    packet.pts, packet.dts = packet.pts - ticks, packet.dts - ticks
    packet.stream = target
    return Written(packet.dts * unit, packet)
