"""The frames of a video file that are looked at, through PyAV: only those are converted and kept.

    timeline: when it begins and ends, where its keyframes are --window--> moments
        --seek to the keyframe before a moment, decode up to it--> the frame on show there --> RGB, upright

Times are those of presentation, counted from the first frame on.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from medialens.extras import require
from medialens.media.frame_rate import FrameRate, Shrink, keep_whole
from medialens.media.limits import MediaLimits
from medialens.media.moments import Window, looks
from medialens.media.pictures.image import check_size
from medialens.media.pictures.pixels import on_white
from medialens.media.source import Encoded
from medialens.media.videos.containers import no_frames, open_video
from medialens.media.videos.frames import check_frame_size, check_n_frames
from medialens.media.videos.orientation import Orientation
from medialens.media.videos.timeline import Timeline, has_true_times, is_streamed, seek_keyframe, timeline_of

Pixels = npt.NDArray[np.uint8]


def sample_container(
    video: Encoded, window: Window, how: int | FrameRate, limits: MediaLimits, keep: Shrink = keep_whole
) -> tuple[list[Pixels], list[Fraction]]:
    """The frames of the window that are looked at, and when each begins, in seconds; see `moments.looks`.

    Raises:
        MissingExtraError: PyAV is not installed.
        MediaDecodeError: Corrupt, or without any frame.
        MediaLimitError: Frames are too large, too many would have to be decoded, or it lasts too long.
        MediaError: The window begins after the clip is over.
    """
    name = repr(video.name)
    with open_video(video, limits) as (container, stream):
        timeline = timeline_of(container, stream, video, limits)
        chosen = looks(how, window, timeline.clock, name)
        n_frames = len(chosen.moments)
        reader = FrameReader(container, stream, timeline, video, limits)
        frames: list[Pixels] = []
        starts: list[int] = []
        for moment in chosen.moments:
            shown = reader.frame_at(timeline.start + moment / timeline.unit)
            is_same = bool(frames) and starts[-1] == shown.start
            frames.append(frames[-1] if is_same else keep(rgb(shown.frame, name, limits), n_frames))
            starts.append(shown.start)
    return frames, chosen.times([(start - timeline.start) * timeline.unit for start in starts])


class Shown(NamedTuple):
    """A decoded frame, and when it begins, in units of the stream."""

    start: int
    frame: Any


class FrameReader:
    """Goes through a track forwards, leaping from keyframe to keyframe where that saves decoding."""

    def __init__(self, container: Any, stream: Any, timeline: Timeline, video: Encoded, limits: MediaLimits) -> None:
        self._container, self._stream, self._timeline = container, stream, timeline
        self._video, self._limits = video, limits
        self._is_true, self._may_be_cut = has_true_times(container), is_streamed(container)
        self._n_decoded = 0
        self._n_late: int | None = None  # how many packets are fed before the first frame comes out
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

    def onwards(self) -> Iterator[Shown]:
        """The frame on show, and all after it."""
        while self._next is not None:
            yield self._shown
            self._shown, self._next = self._next, self._decode()
        yield self._shown

    def _leap_before(self, at: int, time: Fraction) -> None:
        """Leap to that keyframe; farther back where the file's index was wrong and the frames there come too late."""
        for back in itertools.chain([0], (2**power for power in range(at.bit_length()))):
            self._leap(at - back)
            if self._shown.start <= time:
                return
        self._leap(-1)

    def _leap(self, at: int) -> None:
        """Seek to the keyframe of that number, or to the beginning; what is there is on show afterwards."""
        seek_keyframe(self._container, self._stream, self._timeline, at)
        self._frames = self._from_here()
        shown = self._decode()
        if shown is None:
            raise no_frames(self._video)
        self._shown, self._next = shown, self._decode()

    def _from_here(self) -> Iterator[Shown]:
        fed: list[int] = []
        for packet in self._container.demux(self._stream):
            if packet.dts is not None and (packet.size == 0 or (packet.is_corrupt and self._may_be_cut)):
                continue
            is_last = packet.dts is None
            if not is_last:
                fed.append(packet.dts)
            for frame in packet.decode():
                if is_last:
                    fed.append(fed[-1] + 1 if fed else 0)
                yield Shown(self._start_of(frame, fed), frame)

    def _start_of(self, frame: Any, fed: list[int]) -> int:
        """When a frame begins. Without true times: frames come out in order, each as late as the first one came."""
        if self._is_true:
            return int(frame.pts if frame.pts is not None else frame.dts or 0)
        if self._n_late is None:
            self._n_late = len(fed) - 1
        return fed[max(0, len(fed) - 1 - self._n_late)]

    def _decode(self) -> Shown | None:
        shown = next(self._frames, None)
        if shown is not None:
            self._n_decoded += 1
            name, frame = repr(self._video.name), shown.frame
            check_n_frames(self._n_decoded, name, self._limits)
            check_frame_size(frame.width, frame.height, self._n_decoded, name, self._limits)
        return shown


def orientation_of(frame: Any) -> Orientation:
    """How the camera was held, as the file says."""
    # Not `frame.side_data`, which ties the frame to itself: it would be kept until the garbage collector comes by.
    sidedata = require("av.sidedata.sidedata", extra="video", to="Decoding video")
    for data in sidedata.SideDataContainer(frame):
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
