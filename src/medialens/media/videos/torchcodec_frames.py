"""The frames of a video file through torchcodec, where they are the same as PyAV's to the pixel.

Both stand on FFmpeg's decoders, and differ in the rest. Measured with torchcodec 0.13, frames are the same for 8-bit
colours in frames of even size; it converts odd sizes and deeper colours differently, and seeks wrongly in MPEG-TS. So
PyAV looks through the packets, says which frame is on show at each moment, and whether torchcodec may decode it.
"""

from __future__ import annotations

import bisect
import dataclasses
import importlib
import math
from fractions import Fraction
from typing import Any

import numpy as np

from medialens.errors import MedialensError
from medialens.media.frame_rate import FrameRate, Shrink, keep_whole
from medialens.media.limits import MediaLimits
from medialens.media.moments import Window, looks
from medialens.media.pictures.image import check_size
from medialens.media.source import Encoded
from medialens.media.threads.memo import Memo
from medialens.media.videos.containers import open_video
from medialens.media.videos.frame_reader import FrameReader, Pixels, orientation_of
from medialens.media.videos.frames import check_frame_size, check_n_frames
from medialens.media.videos.orientation import Orientation
from medialens.media.videos.timeline import Timeline, check_seconds, timeline_of

_FORMATS = frozenset({"video/mp4", "video/quicktime", "video/webm", "video/x-matroska"})
_COLOURS = frozenset({"yuv420p", "yuvj420p", "yuv444p"})


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class _Track:
    timeline: Timeline
    index: int
    size: tuple[int, int]
    is_plain: bool


_tracks: Memo[str, _Track] = Memo(max_entries=32)


def sample_by_torchcodec(
    video: Encoded, window: Window, how: int | FrameRate, limits: MediaLimits, keep: Shrink = keep_whole
) -> tuple[list[Pixels], list[Fraction]] | None:
    """The same as `sample_container`; None where that has to do it.

    Raises:
        MedialensError: The same as there, where looking through the packets tells.
    """
    if video.mime_type not in _FORMATS:
        return None
    track = _tracks.get(video.digest, lambda: _look_at_track(video, limits))
    check_seconds(track.timeline, video, limits)
    check_size(*track.size, repr(video.name), limits)
    check_frame_size(*track.size, 1, repr(video.name), limits)
    chosen = looks(how, window, track.timeline.clock, repr(video.name))
    if not track.is_plain:
        return None
    wanted = [math.floor(track.timeline.start + moment / track.timeline.unit) for moment in chosen.moments]
    try:
        decoded = _decode(video, track, wanted, limits, keep)
    except MedialensError:
        raise
    except Exception:  # noqa: BLE001  # of any kind; PyAV then says what is wrong
        return None
    return decoded and (decoded[0], chosen.times(decoded[1]))


def _look_at_track(video: Encoded, limits: MediaLimits) -> _Track:
    with open_video(video, limits) as (container, stream):
        timeline = timeline_of(container, stream, video, limits)
        frame = FrameReader(container, stream, timeline, video, limits).frame_at(Fraction(timeline.start)).frame
        is_even = frame.width % 2 == 0 and frame.height % 2 == 0
        is_upright = orientation_of(frame) == Orientation()
        return _Track(
            timeline=timeline,
            index=stream.index,
            size=(frame.width, frame.height),
            is_plain=is_even and is_upright and frame.format.name in _COLOURS,
        )


def _decode(
    video: Encoded, track: _Track, wanted: list[int], limits: MediaLimits, keep: Shrink
) -> tuple[list[Pixels], list[Fraction]] | None:
    timeline, frames, starts, n_decoded = track.timeline, list[Pixels](), list[int](), 0
    with video.open() as file:
        decoder = _open(file, track.index)
        for time in wanted:
            start = _last_up_to(timeline.starts, time)
            if not starts or start != starts[-1]:
                n_decoded += _n_on_the_way(timeline, start, starts[-1:])
                check_n_frames(n_decoded, repr(video.name), limits)
                check_frame_size(*track.size, n_decoded, repr(video.name), limits)
                # Half a unit later, where no rounding error decides which of two frames is on show.
                shown = decoder.get_frame_played_at(float((time + Fraction(1, 2)) * timeline.unit))
                pixels = shown.data.numpy()
                if round(Fraction(shown.pts_seconds) / timeline.unit) != start or pixels.dtype != np.uint8:
                    return None
                check_size(pixels.shape[1], pixels.shape[0], repr(video.name), limits)  # it may have grown
                frames.append(keep(np.ascontiguousarray(pixels), len(wanted)))
            else:
                frames.append(frames[-1])
            starts.append(start)
    return frames, [(start - timeline.start) * timeline.unit for start in starts]


def _open(file: Any, index: int) -> Any:
    decoders = importlib.import_module("torchcodec.decoders")
    return decoders.VideoDecoder(
        file, stream_index=index, dimension_order="NHWC", seek_mode="approximate", num_ffmpeg_threads=1, device="cpu"
    )


def _last_up_to(starts: Any, time: int) -> int:
    return int(starts[max(0, bisect.bisect_right(starts, time) - 1)])


def _n_on_the_way(timeline: Timeline, start: int, before: list[int]) -> int:
    """How many frames are decoded to reach one, from the last one or from the keyframe before it."""
    keyframe = _last_up_to(timeline.keyframes, start) if timeline.keyframes else timeline.start
    first = max([keyframe, *before])
    return bisect.bisect_right(timeline.starts, start) - bisect.bisect_left(timeline.starts, first)
