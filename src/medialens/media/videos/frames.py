"""Clips that come as frames: arrays, tensors and lists of pictures, to canonical pixels and the time of each.

Made canonical at once and wholly, so that the digest is that of what is seen, however the caller keeps it, and so
that a caller who draws on the array afterwards changes nothing.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import numbers
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from medialens.errors import InputError, MediaDecodeError, MedialensError, MediaLimitError
from medialens.media.limits import MediaLimits
from medialens.media.moments import Clock
from medialens.media.pictures.arrays import is_array
from medialens.media.pictures.image import load_image

_CHANNELS = (1, 3, 4)
_CLIP_RANK = 4  # (frames, height, width, channels)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Clip:
    """All frames of a clip, each on show equally long.

    Attributes:
        frames: uint8 (height, width, 3) each.
        fps: Frames per second; None if nobody said.
        digest: sha256 of all of it.
    """

    frames: tuple[npt.NDArray[np.uint8], ...]
    fps: Fraction | None
    digest: str

    @property
    def starts(self) -> tuple[Fraction, ...]:
        """When each frame begins, in seconds; their numbers where nobody said how fast they go."""
        clock = self.clock()
        return tuple(clock.seconds(number) for number in range(len(self.frames)))

    @property
    def duration(self) -> Fraction:
        """In seconds; the number of frames where nobody said how fast they go."""
        return self.clock().duration

    def clock(self, assumed_fps: float | None = None) -> Clock:
        """When its frames begin, in seconds; their numbers where nobody said or assumes how fast they go."""
        rate = self.fps or Fraction(assumed_fps or 1)
        return Clock(starts=range(len(self.frames)), unit=1 / rate, duration=len(self.frames) / rate, fps=float(rate))


def load_frames(source: Any, *, fps: float | None, limits: MediaLimits) -> Clip:
    """The clip that an array, a tensor, a list of pictures or a dict of Sentence Transformers holds.

    Args:
        source: An array (frames, height, width[, channels]), a tensor (frames, channels, height, width), a list of
            anything that `medialens.Image` takes except references, a still PIL image, or
            ``{"array": ..., "video_metadata": ...}`` with one of those; of the metadata, ``fps`` is what counts.
        fps: Frames per second; None is what the metadata say.
        limits: How many frames and pixels there may be; checked before anything is converted.

    Raises:
        InputError: It is nothing of that kind.
        MediaDecodeError: There are no frames.
        MediaLimitError: There are too many, or they are too large.
    """
    pictures, rate = _unwrapped(source, fps)
    if len(pictures) == 0:
        msg = "the clip has no frames; expected at least one"
        raise MediaDecodeError(msg, source=type(source).__name__)
    check_n_frames(len(pictures), "the clip", limits)
    frames = tuple(_canonical(pictures, limits))
    return Clip(frames=frames, fps=rate, digest=_digest_of(frames, rate))


def check_n_frames(n_frames: int, name: str, limits: MediaLimits) -> None:
    """Refuse a clip by its number of frames.

    Raises:
        MediaLimitError: More than `limits.max_frames`.
    """
    if n_frames > limits.max_frames:
        msg = f"{name} has {n_frames} frames or more, above the limit of {limits.max_frames} (MediaLimits.max_frames)"
        raise MediaLimitError(msg, limit="max_frames", value=n_frames, maximum=limits.max_frames, source=name)


def check_frame_size(width: int, height: int, n_frames: int, name: str, limits: MediaLimits) -> None:
    """Refuse frames by their size: each for itself, and so many of them together.

    Raises:
        MediaLimitError: Beyond `limits.max_frame_pixels` or `limits.max_clip_pixels`.
    """
    n_pixels = width * height
    for limit, value, what in (
        ("max_frame_pixels", n_pixels, f"frames of {width}x{height} = {n_pixels} pixels"),
        ("max_clip_pixels", n_pixels * n_frames, f"{n_frames} frames of {width}x{height} pixels to decode"),
    ):
        maximum = getattr(limits, limit)
        if value > maximum:
            msg = f"{name} has {what}, above the limit of {maximum} (MediaLimits.{limit}); make it smaller or shorter"
            raise MediaLimitError(msg, limit=limit, value=value, maximum=maximum, source=name)


def _unwrapped(source: Any, fps: float | None) -> tuple[Sequence[Any], Fraction | None]:
    if isinstance(source, Mapping):
        if "array" not in source:
            msg = f"a clip as a dict has the keys 'array' and 'video_metadata', got {list(source)!r:.80}"
            raise InputError(msg, value=source)
        pictures, _ = _unwrapped(source["array"], None)
        return pictures, _rate(fps if fps is not None else _fps_of(source.get("video_metadata")))
    if isinstance(source, Image.Image):
        return [_still(source)], _rate(fps)
    if isinstance(source, (list, tuple)):
        return source, _rate(fps)
    if is_array(source):
        return _rows(source), _rate(fps)
    msg = (
        f"cannot read a clip from a {type(source).__name__} ({source!r:.80}); expected a path, URL, bytes, an array or "
        "tensor of frames, or a list of pictures"
    )
    raise InputError(msg, value=source)


def _fps_of(metadata: Any) -> Any:
    return metadata.get("fps") if isinstance(metadata, Mapping) else getattr(metadata, "fps", None)


def _rate(fps: Any) -> Fraction | None:
    if fps is None:
        return None
    rate = float(fps) if not isinstance(fps, bool) and isinstance(fps, numbers.Real) else 0.0
    if not (rate > 0 and math.isfinite(rate)):
        msg = f"fps={fps!r:.80} must be a number of frames per second above 0"
        raise InputError(msg, value=fps)
    return Fraction(rate).limit_denominator(1_000_000)  # 23.976 is as it is spelled, not as a float holds it


def _still(image: Image.Image) -> Image.Image:
    if getattr(image, "is_animated", False):
        msg = "an opened animation does not say how long each frame is shown; pass its path or bytes to Video"
        raise InputError(msg, value=image)
    return image


def _rows(array: Any) -> Any:
    """An array whose rows are frames. One picture alone is refused: its rows would be taken for frames."""
    shape = tuple(array.shape)
    is_grey = len(shape) == _CLIP_RANK - 1 and shape[-1 if isinstance(array, np.ndarray) else 0] not in _CHANNELS
    if len(shape) == _CLIP_RANK or is_grey:
        return array
    msg = (
        f"an array of shape {shape} is no clip; expected (frames, height, width[, channels]), or for tensors "
        "(frames, channels, height, width); for a clip of one picture pass [picture]"
    )
    raise InputError(msg, shape=shape)


def _canonical(pictures: Sequence[Any], limits: MediaLimits) -> Iterator[npt.NDArray[np.uint8]]:
    """Frame by frame; refused as soon as all frames would be too many bytes if they were like those so far."""
    n_bytes = 0
    for number, picture in enumerate(pictures):
        frame = _frame(picture, number, limits)
        height, width = frame.shape[:2]
        check_frame_size(width, height, len(pictures), "the clip", limits)
        n_bytes += frame.nbytes
        expected = max(n_bytes, len(pictures) * frame.nbytes if number == 0 else 0)
        if expected > limits.max_bytes:
            msg = (
                f"the clip has {len(pictures)} frames, the first of {width}x{height}: {expected} bytes, above the "
                f"limit of {limits.max_bytes} (MediaLimits.max_bytes); pass fewer frames, or the file"
            )
            raise MediaLimitError(msg, limit="max_bytes", value=expected, maximum=limits.max_bytes)
        yield frame


def _frame(picture: Any, number: int, limits: MediaLimits) -> npt.NDArray[np.uint8]:
    try:
        return load_image(picture, limits).pixels
    except MedialensError as error:
        error.message = f"frame {number} of the clip: {error.message}"
        raise


def _digest_of(frames: Sequence[npt.NDArray[np.uint8]], fps: Fraction | None) -> str:
    key = hashlib.sha256(f"clip {fps}\n".encode())
    for frame in frames:
        key.update(f"{frame.shape}\n".encode())
        key.update(frame.data)
    return key.hexdigest()
