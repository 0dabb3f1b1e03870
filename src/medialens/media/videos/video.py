"""A clip, however it comes, to the frames that a model looks at.

    path, URL, bytes --> Encoded --(type)--> animation.py   animated and still pictures, by Pillow
                                             backends.py   mp4, webm ..., by PyAV (extra ``video``)
    array, tensor, list --> frames.py --> Clip
                                             all of them: moments.py says which frames -> DecodedVideo

Only the frames that are looked at are kept, and seen as pictures are: upright, opaque, 8-bit RGB.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from medialens.errors import MediaDecodeError
from medialens.media.decoded import DecodedVideo
from medialens.media.frame_rate import FrameRate, Shrink
from medialens.media.limits import MediaLimits
from medialens.media.moments import Clock, Window, looks, on_show
from medialens.media.source import Encoded
from medialens.media.videos.animation import load_animation, read_animation
from medialens.media.videos.backends import sample_file
from medialens.media.videos.containers import FORMATS
from medialens.media.videos.decoder import DecoderClip, sample_decoder
from medialens.media.videos.frames import Clip

_DEFAULT_LIMITS = MediaLimits()
_WHOLE = Window()


def load_video(  # noqa: PLR0913  # keyword-only
    clip: Encoded | Clip | DecoderClip,
    *,
    how: int | FrameRate,
    shrink: Shrink | None = None,
    window: Window = _WHOLE,
    digest: str | None = None,
    limits: MediaLimits = _DEFAULT_LIMITS,
) -> DecodedVideo:
    """The frames of the clip, or of its window, that a model looks at.

    Args:
        clip: A file, or a clip that came as frames or opened.
        how: How many moments are looked at: the middles of as many equal parts. A clip of fewer frames is seen in the
            same ones several times. Or at which rate, each frame once; see `medialens.media.moments`.
        shrink: What makes frames of video files smaller, one by one as they are decoded; None keeps them.
        window: Which part of it.
        digest: Of clip and window; None is that of the clip alone.
        limits: What may be decoded; checked before it is.

    Raises:
        MediaDecodeError: Corrupt, truncated, without frames, or no clip.
        MediaLimitError: Too many frames, or too large ones.
        MediaError: The window begins after the clip is over.
        MissingExtraError: It needs PyAV, which is not installed.
    """
    keep = _Keep(shrink)
    if isinstance(clip, Clip):
        assumed = how.assumed_fps if isinstance(how, FrameRate) else None
        numbers, starts = _chosen(how, window, clip.clock(assumed), "the clip")
        frames = [clip.frames[number] for number in numbers]
    elif isinstance(clip, DecoderClip):
        frames, starts = sample_decoder(clip, window, how, limits, keep)
    elif clip.mime_type in FORMATS:
        frames, starts = sample_file(clip, window, how, limits, keep)
    elif clip.mime_type.startswith("image/"):
        animation = read_animation(clip, limits)
        numbers, starts = _chosen(how, window, animation.clock, repr(clip.name))
        frames = load_animation(clip, animation, numbers, limits)
    else:
        raise _no_clip(clip)
    return DecodedVideo(
        frames=tuple(frames),
        times_seconds=tuple(map(float, starts)),
        digest=clip.digest if digest is None else digest,
        full_size=keep.full_size,
    )


class _Keep:
    """What is kept of a frame: all of it, or a smaller one. Knows how large the first was that it made smaller."""

    def __init__(self, shrink: Shrink | None) -> None:
        self._shrink = shrink
        self.full_size: tuple[int, int] | None = None

    def __call__(self, frame: npt.NDArray[np.uint8], n_frames: int) -> npt.NDArray[np.uint8]:
        if self._shrink is None:
            return frame
        self.full_size = self.full_size or (frame.shape[0], frame.shape[1])
        return self._shrink(frame, n_frames)


def _chosen(how: int | FrameRate, window: Window, clock: Clock, name: str) -> tuple[list[int], list[Fraction]]:
    """The numbers of the frames that are looked at, and when they begin."""
    chosen = looks(how, window, clock, name)
    numbers = [on_show(clock.starts, clock.units(moment)) for moment in chosen.moments]
    return numbers, chosen.times([clock.seconds(number) for number in numbers])


def _no_clip(clip: Encoded) -> MediaDecodeError:
    msg = (
        f"{clip.name!r} is no clip that can be decoded: it holds {clip.what}; "
        "expected an animated GIF, PNG, WebP or AVIF, or one of mp4, mov, webm, mkv, avi, ts, flv, ogg"
    )
    return MediaDecodeError(msg, source=clip.name, mime_type=clip.mime_type)
