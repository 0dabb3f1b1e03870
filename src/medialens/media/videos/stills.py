"""Many frames of one clip, one by one, in a single pass over it: for thumbnails, and for telling scenes apart.

What a model looks at is a few frames of a window, and goes through `video.load_video`. Here it is a frame of every
window of a film, or every frame of it; none is kept.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from PIL import Image

from medialens.media.limits import MediaLimits
from medialens.media.moments import on_show
from medialens.media.source import Encoded
from medialens.media.videos.animation import iterate_animation, read_animation
from medialens.media.videos.containers import FORMATS, open_video
from medialens.media.videos.frame_reader import FrameReader, rgb
from medialens.media.videos.timeline import timeline_of

Pixels = npt.NDArray[np.uint8]

_MOST_THREADS = 4


def iterate_stills(clip: Encoded, moments: Sequence[Fraction], limits: MediaLimits) -> Iterator[Pixels]:
    """The frame on show at each moment, upright and opaque.

    Args:
        clip: A video or animated picture.
        moments: In seconds from its beginning, ascending.
        limits: They count for each frame as if it alone were looked at.

    Raises:
        MediaDecodeError: Corrupt, or without frames.
        MediaLimitError: Too long, or its frames are too large.
    """
    if not moments:
        return
    if clip.mime_type not in FORMATS:
        animation = read_animation(clip, limits)
        starts = animation.starts
        yield from iterate_animation(clip, animation, [on_show(starts, moment) for moment in moments], limits)
        return
    with open_video(clip, limits) as (container, stream):
        timeline = timeline_of(container, stream, clip, limits)
        reader = FrameReader(container, stream, timeline, clip, _for_each(limits, len(moments)))
        for moment in moments:
            yield rgb(reader.frame_at(timeline.start + moment / timeline.unit).frame, repr(clip.name), limits)


def iterate_small(clip: Encoded, max_side: int, limits: MediaLimits) -> Iterator[tuple[float, Pixels]]:
    """Every frame: when it begins, in seconds, and its pixels, blue first, with `max_side` on the longer side at most.

    Args:
        clip: A video or animated picture.
        max_side: In pixels.
        limits: Of the length and of the size of a frame. How many frames there are is not limited: that all of them
            are looked at is what the caller asks for.

    Raises:
        MediaDecodeError: Corrupt, or without frames.
        MediaLimitError: Too long, or its frames are too large.
    """
    if clip.mime_type not in FORMATS:
        animation = read_animation(clip, limits)
        frames = iterate_animation(clip, animation, range(len(animation.durations)), limits)
        for start, pixels in zip(animation.starts, frames, strict=True):
            picture = Image.fromarray(pixels)
            small = picture.resize(_smaller(*picture.size, max_side), Image.Resampling.BOX)
            yield float(start), np.ascontiguousarray(np.asarray(small)[:, :, ::-1])
        return
    with open_video(clip, limits) as (container, stream):
        timeline = timeline_of(container, stream, clip, limits)
        stream.codec_context.thread_count = min(_MOST_THREADS, os.cpu_count() or 1)
        stream.codec_context.thread_type = "AUTO"
        reader = FrameReader(container, stream, timeline, clip, _for_each(limits, timeline.n_frames))
        for shown in reader.onwards():
            width, height = _smaller(shown.frame.width, shown.frame.height, max_side)
            small = shown.frame.reformat(width=width, height=height, format="bgr24", interpolation="AREA")
            yield float((shown.start - timeline.start) * timeline.unit), small.to_ndarray()


def _smaller(width: int, height: int, max_side: int) -> tuple[int, int]:
    scale = min(1.0, max_side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _for_each(limits: MediaLimits, n_looks: int) -> MediaLimits:
    """What several looks at one clip may decode: each as much as one alone."""
    # One more of each, because the reader begins by decoding the first frames.
    return dataclasses.replace(
        limits,
        max_frames=limits.max_frames * (n_looks + 1),
        max_clip_pixels=limits.max_clip_pixels * (n_looks + 1),
    )
