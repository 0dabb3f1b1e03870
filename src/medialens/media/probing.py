"""What a video file tells of itself: how long, how large, how fast, and where it can be cut."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

from medialens.media.limits import MediaLimits
from medialens.media.source import Encoded
from medialens.media.videos.containers import open_video
from medialens.media.videos.frame_reader import FrameReader, orientation_of
from medialens.media.videos.timeline import timeline_of

_DEFAULT_LIMITS = MediaLimits()


@dataclasses.dataclass(frozen=True, kw_only=True)
class VideoFacts:
    """A video, by its packets; times are in seconds, counted from its first frame on.

    Attributes:
        duration_seconds: From the beginning of the first frame to the end of the last one.
        width, height: In pixels, as it is seen: upright.
        fps: Frames per second, on average.
        n_frames: How many frames there are.
        start_seconds: When the first frame begins by the clock of the file itself.
        keyframe_times: Where a clip can begin that is cut out without coding it anew, ascending.
        has_audio: Whether there is sound as well.
    """

    duration_seconds: float
    width: int
    height: int
    fps: float
    n_frames: int
    start_seconds: float
    keyframe_times: tuple[float, ...]
    has_audio: bool


def probe_video(video: Encoded, limits: MediaLimits = _DEFAULT_LIMITS) -> VideoFacts:
    """The facts of a video file. It is looked through once, its first frame is decoded, and both are remembered.

    Raises:
        MissingExtraError: PyAV is not installed.
        MediaDecodeError: It is no video, corrupt, or without any frame.
        MediaLimitError: It is longer than `limits.max_seconds`, or its frames are too large.
    """
    with open_video(video, limits) as (container, stream):
        timeline = timeline_of(container, stream, video, limits)
        reader = FrameReader(container, stream, timeline, video, limits)
        frame = reader.frame_at(Fraction(timeline.start)).frame
        width, height = orientation_of(frame).size(frame.width, frame.height)
        duration = timeline.duration
        return VideoFacts(
            duration_seconds=float(duration),
            width=width,
            height=height,
            fps=float(timeline.n_frames / duration) if duration else 0.0,
            n_frames=timeline.n_frames,
            start_seconds=float(timeline.start * timeline.unit),
            keyframe_times=tuple(float((at - timeline.start) * timeline.unit) for at in timeline.keyframes),
            has_audio=bool(container.streams.audio),
        )
