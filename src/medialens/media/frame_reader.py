"""The frames of a video file that are looked at, through PyAV: only those are converted and kept.

    timeline: when it begins and ends, where its keyframes are --window--> moments
        --seek to the keyframe before a moment, decode up to it--> the frame on show there --> RGB, upright

Times are those of presentation, counted from the first frame on.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from medialens.media.containers import no_frames, open_video
from medialens.media.frames import check_frame_size, check_n_frames
from medialens.media.image import check_size
from medialens.media.limits import MediaLimits
from medialens.media.moments import Window, look_at
from medialens.media.orientation import Orientation
from medialens.media.pixels import on_white
from medialens.media.source import Encoded
from medialens.media.timeline import Timeline, has_true_times, is_streamed, timeline_of

Pixels = npt.NDArray[np.uint8]


def sample_container(
    video: Encoded, window: Window, n_frames: int, limits: MediaLimits
) -> tuple[list[Pixels], list[Fraction]]:
    """The frames on show at the middles of `n_frames` equal parts of the window, and when each begins, in seconds.

    Raises:
        MissingExtraError: PyAV is not installed.
        MediaDecodeError: Corrupt, or without any frame.
        MediaLimitError: Frames are too large, too many would have to be decoded, or it lasts too long.
        MediaError: The window begins after the clip is over.
    """
    name = repr(video.name)
    with open_video(video, limits) as (container, stream):
        timeline = timeline_of(container, stream, video, limits)
        moments = look_at(window, timeline.duration, n_frames, name)
        reader = FrameReader(container, stream, timeline, video, limits)
        frames: list[Pixels] = []
        starts: list[int] = []
        for moment in moments:
            shown = reader.frame_at(timeline.start + moment / timeline.unit)
            is_same = bool(frames) and starts[-1] == shown.start
            frames.append(frames[-1] if is_same else rgb(shown.frame, name, limits))
            starts.append(shown.start)
    return frames, [(start - timeline.start) * timeline.unit for start in starts]


class Shown(NamedTuple):
    """A decoded frame, and when it begins, in units of the stream."""

    start: int
    frame: Any


class FrameReader:
    """Goes through a track forwards, leaping from keyframe to keyframe where that saves decoding."""

    def __init__(self, container: Any, stream: Any, timeline: Timeline, video: Encoded, limits: MediaLimits) -> None:
        self._container, self._stream, self._timeline = container, stream, timeline
        self._video, self._limits = video, limits
        self._is_true, self._may_be_cut = has_true_times(container, stream), is_streamed(container)
        self._n_decoded = 0
        self._shown: Shown
        self._next: Shown | None
        self._leap(-1)

    def frame_at(self, time: Fraction) -> Shown:
        """The frame on show at `time`, in units of the stream; times must ascend."""
        keyframes = self._timeline.keyframes
        at = bisect.bisect_right(keyframes, math.floor(time)) - 1
        if at > 0 and keyframes[at] > self._shown.start:
            self._leap_before(at, time)
        while self._next is not None and self._next.start <= time:
            self._shown, self._next = self._next, self._decode()
        return self._shown

    def _leap_before(self, at: int, time: Fraction) -> None:
        """Leap to that keyframe; farther back where the file's index was wrong and the frames there come too late."""
        for back in itertools.chain([0], (2**power for power in range(at.bit_length()))):
            self._leap(at - back)
            if self._shown.start <= time:
                return
        self._leap(-1)

    def _leap(self, at: int) -> None:
        """Seek to the keyframe of that number, or to the beginning; what is there is on show afterwards."""
        timeline = self._timeline
        if at >= 0 and timeline.positions:
            self._container.seek(timeline.positions[at], unsupported_byte_offset=True)
        elif timeline.positions:
            self._container.seek(0, unsupported_byte_offset=True)
        else:
            start = timeline.keyframes[at] if at >= 0 else min(timeline.start, 0)
            self._container.seek(start, stream=self._stream)
        self._frames = self._from_here()
        shown = self._decode()
        if shown is None:
            raise no_frames(self._video)
        self._shown, self._next = shown, self._decode()

    def _from_here(self) -> Iterator[Shown]:
        """Frames as they come. Without true times, in the order of the times at which they went in."""
        times: deque[int] = deque()
        for packet in self._container.demux(self._stream):
            if packet.is_corrupt and self._may_be_cut:
                continue
            if packet.size and packet.dts is not None:
                times.append(packet.dts)
            for frame in packet.decode():
                is_known = self._is_true or not times
                yield Shown(_time_of(frame) if is_known else times.popleft(), frame)

    def _decode(self) -> Shown | None:
        shown = next(self._frames, None)
        if shown is not None:
            self._n_decoded += 1
            name, frame = repr(self._video.name), shown.frame
            check_n_frames(self._n_decoded, name, self._limits)
            check_frame_size(frame.width, frame.height, self._n_decoded, name, self._limits)
        return shown


def _time_of(frame: Any) -> int:
    time: int | None = frame.pts if frame.pts is not None else frame.dts
    return 0 if time is None else time


def orientation_of(frame: Any) -> Orientation:
    """How the camera was held, as the file says."""
    for data in frame.side_data:
        if data.type.name == "DISPLAYMATRIX":
            return Orientation.of_matrix(bytes(data))
    return Orientation()


def rgb(frame: Any, name: str, limits: MediaLimits) -> Pixels:
    """The frame as a picture: opaque, and turned as the file says it was held."""
    check_size(frame.width, frame.height, name, limits)
    if any(component.is_alpha for component in frame.format.components):
        colours = frame.to_ndarray(format="rgba")
        pixels = on_white(colours[:, :, :3], colours[:, :, 3])
    else:
        pixels = frame.to_ndarray(format="rgb24")
    return orientation_of(frame).apply(pixels)
