"""A piece of a medium as a file of its own, for people and chat models to look at and listen to.

    part --> the original bytes, where they are small enough and of a kind that everyone takes
         `-> decoded, cut out, made smaller --> PNG or JPEG; frames of a clip; MP4; WAV

Nothing that a camera wrote about a picture goes along: a file with EXIF data is encoded anew.
"""

from __future__ import annotations

import dataclasses
import io
import math
import tempfile
import wave
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt

from medialens.errors import InputError, MediaDecodeError
from medialens.inputs import Audio, Image, Item, Media, Video
from medialens.media.clip_export import export_clip
from medialens.media.decode import decode, resolve
from medialens.media.decoded import DecodedAudio, DecodedImage, DecodedPart, DecodedVideo, MediaNeeds
from medialens.media.limits import MediaLimits
from medialens.media.pictures.image import measure_image, reading
from medialens.media.resolved import ResolvedItem, ResolvedPart
from medialens.media.source import Encoded
from medialens.media.writing.render import render

_Decoded = TypeVar("_Decoded", DecodedImage, DecodedVideo, DecodedAudio)

_TAKEN_AS_THEY_ARE = {"image/png", "image/jpeg", "image/webp"}
_SOUNDS_TAKEN_AS_THEY_ARE = ("audio/wav", "audio/mpeg")
_LOSSY = {"image/jpeg", "image/webp", "image/avif", "image/jp2", "image/heic"}
_MOST_PNG_BYTES = 1024**2
"""A drawing or a page is sharper as PNG; what is larger than this is a photograph, whatever it came as."""

_LIMITS = MediaLimits()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shown:
    """A small file of its own.

    Attributes:
        data: The file.
        mime_type: What its bytes are.
        width, height: In pixels; 0 for sounds and clips.
        at_seconds: Since when a frame of a clip is on show, counted from the beginning of the whole clip.
    """

    data: bytes
    mime_type: str
    width: int = 0
    height: int = 0
    at_seconds: float | None = None

    @property
    def n_pixels(self) -> int:
        """Width times height."""
        return self.width * self.height

    def __repr__(self) -> str:
        size = f", {self.width}x{self.height}" if self.width else ""
        return f"Shown({self.mime_type}{size}, {len(self.data)} bytes)"


def show_picture(
    part: Image, *, max_pixels: int | None = None, max_side: int | None = None, limits: MediaLimits = _LIMITS
) -> Shown:
    """A picture, page or box of one as PNG, JPEG or WebP, made smaller to at most so many pixels.

    Args:
        part: Which.
        max_pixels: Width times height at most; None leaves it as large as it is.
        max_side: Longer side at most.
        limits: What may be read.

    Raises:
        MediaError: It cannot be read or decoded.
        InputError: A maximum is less than 1.
    """
    _check_sizes(max_pixels, max_side)
    resolved = resolve(Item(part), limits)
    (one,) = resolved.parts
    content = one.content
    if isinstance(content, Encoded) and _is_all_of_it(one) and content.mime_type in _TAKEN_AS_THEY_ARE:
        width, height = measure_image(content, limits)
        if (width, height) == _fit(width, height, max_pixels, max_side) and _says_nothing_else(content, limits):
            # A chat model refuses all of a message for one picture that is cut off, so it is looked at to its end.
            _decoded(resolved, MediaNeeds(modalities=("image",)), limits, DecodedImage)
            return Shown(data=content.data, mime_type=content.mime_type, width=width, height=height)
    needs = MediaNeeds(modalities=("image",), max_pixels=max_pixels)
    is_lossy = isinstance(content, Encoded) and content.mime_type in _LOSSY
    return _as_file(_decoded(resolved, needs, limits, DecodedImage).pixels, max_pixels, max_side, is_lossy=is_lossy)


def show_frames(
    part: Video,
    *,
    n_frames: int,
    max_pixels: int | None = None,
    max_side: int | None = None,
    limits: MediaLimits = _LIMITS,
) -> list[Shown]:
    """The frames on show at the middles of equal parts of a clip or its window, as JPEG, each with its time.

    A frame that is on show at several of these moments comes once.

    Raises:
        MediaError: It cannot be read or decoded.
        InputError: A maximum or `n_frames` is less than 1.
    """
    _check_sizes(max_pixels, max_side)
    if n_frames < 1:
        msg = f"n_frames={n_frames!r} must be at least 1"
        raise InputError(msg, value=n_frames)
    needs = MediaNeeds(modalities=("video",), n_frames=n_frames, max_pixels=max_pixels)
    clip = _decoded(resolve(Item(part), limits), needs, limits, DecodedVideo)
    frames = dict(zip(clip.times_seconds, clip.frames, strict=True))
    return [
        dataclasses.replace(_as_file(frame, max_pixels, max_side, is_lossy=True), at_seconds=time)
        for time, frame in frames.items()
    ]


def show_clip(part: Video, *, limits: MediaLimits = _LIMITS) -> Shown:
    """A video file as it is; a window of one, or an animated picture, as an MP4 of its own, with its sound.

    Raises:
        MediaError: It cannot be read, or not be coded anew.
    """
    (one,) = resolve(Item(part), limits).parts
    if _goes_as_it_is(one, "video/"):
        content = cast("Encoded", one.content)
        return Shown(data=content.data, mime_type=content.mime_type)
    with tempfile.TemporaryDirectory(prefix="medialens-clip-") as folder:
        exported = export_clip(part, Path(folder) / "clip.mp4", exact=True, limits=limits)
        return Shown(data=exported.path.read_bytes(), mime_type="video/mp4")


def play_sound(part: Audio, *, sample_rate_hz: int = 16_000, limits: MediaLimits = _LIMITS) -> Shown:
    """A sound or its window, as WAV of one channel and 16 bits; a whole WAV or MP3 file as it is.

    Raises:
        MediaError: It cannot be read or decoded.
    """
    resolved = resolve(Item(part), limits)
    (one,) = resolved.parts
    if _goes_as_it_is(one, *_SOUNDS_TAKEN_AS_THEY_ARE):
        content = cast("Encoded", one.content)
        return Shown(data=content.data, mime_type=content.mime_type)
    needs = MediaNeeds(modalities=("audio",), sample_rate_hz=sample_rate_hz)
    sound = _decoded(resolved, needs, limits, DecodedAudio)
    return Shown(data=_wav(sound.samples, sound.sample_rate_hz), mime_type="audio/wav")


def bytes_as_they_are(part: Audio | Video, *, limits: MediaLimits = _LIMITS) -> int:
    """How large a sound or clip is that is handed over as the file it is; 0 where a file is made of it first."""
    (one,) = resolve(Item(part), limits).parts
    kinds = ("video/",) if isinstance(part, Video) else _SOUNDS_TAKEN_AS_THEY_ARE
    return cast("Encoded", one.content).n_bytes if _goes_as_it_is(one, *kinds) else 0


def _decoded(resolved: ResolvedItem, needs: MediaNeeds, limits: MediaLimits, kind: type[_Decoded]) -> _Decoded:
    decoded: DecodedPart = decode(resolved, needs, limits).parts[0]
    if not isinstance(decoded, kind):
        msg = f"{resolved.parts[0].part!r} is no {kind.modality}"
        raise MediaDecodeError(msg, source=repr(resolved.parts[0].part))
    return decoded


def selects_itself(part: Media) -> bool:
    """Whether it is the part, and not its reference, that says which page, box or window is meant."""
    names = ("page", "box", "start_seconds", "end_seconds")
    return any(getattr(part, name, None) is not None for name in names)


def _is_all_of_it(one: ResolvedPart) -> bool:
    selects = isinstance(one.part, Media) and selects_itself(one.part)
    return not selects and (one.reference is None or one.reference == one.reference.whole())


def _goes_as_it_is(one: ResolvedPart, *kinds: str) -> bool:
    """Whether all of a file is meant, and it is of one of these kinds."""
    return isinstance(one.content, Encoded) and _is_all_of_it(one) and one.content.mime_type.startswith(kinds)


def _says_nothing_else(picture: Encoded, limits: MediaLimits) -> bool:
    """Whether the file is one still picture without EXIF data, which could turn it, or tell where it was taken."""
    with reading(picture, limits) as image:
        said = {"exif", "xmp", "XML:com.adobe.xmp"} & set(image.info)
        return not said and b"eXIf" not in picture.data and not getattr(image, "is_animated", False)


def _check_sizes(*maxima: int | None) -> None:
    for value in maxima:
        if value is not None and value < 1:
            msg = f"max_pixels and max_side must be at least 1, got {value!r}"
            raise InputError(msg, value=value)


def _fit(width: int, height: int, max_pixels: int | None, max_side: int | None) -> tuple[int, int]:
    """The largest size of that shape within the maxima; never larger than it is, never less than a pixel."""
    scale = 1.0
    if max_pixels is not None:
        scale = min(scale, math.sqrt(max_pixels / (width * height)))
    if max_side is not None:
        scale = min(scale, max_side / max(width, height))
    if scale == 1:
        return width, height
    smaller = max(1, math.floor(width * scale)), max(1, math.floor(height * scale))
    if max_pixels is None or smaller[0] * smaller[1] <= max_pixels:
        return smaller
    # One pixel wide, and the other side still too long.
    return min(smaller[0], max_pixels), min(smaller[1], max_pixels)


def _as_file(pixels: npt.NDArray[np.uint8], max_pixels: int | None, max_side: int | None, *, is_lossy: bool) -> Shown:
    picture = DecodedImage(pixels=pixels, digest="")
    width, height = _fit(picture.width, picture.height, max_pixels, max_side)
    data = b"" if is_lossy else render(picture, width=width, height=height, picture_format="png")
    mime_type = "image/png"
    if is_lossy or len(data) > _MOST_PNG_BYTES:
        data, mime_type = render(picture, width=width, height=height, picture_format="jpeg"), "image/jpeg"
    return Shown(data=data, mime_type=mime_type, width=width, height=height)


def _wav(samples: npt.NDArray[np.float32], sample_rate_hz: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(sample_rate_hz)
        # The scale of 16-bit files themselves: samples that came from one are written as they were.
        sound.writeframes(np.rint(np.clip(samples * 32768, -32768, 32767)).astype("<i2").tobytes())
    return file.getvalue()
