"""Animated pictures: which frames they have and how long each is shown, and the ones that are looked at.

    bytes --chunks of the file--> durations, one a frame --window--> moments --Pillow--> composed frames

What the frames are is read from the file's structure, without decoding any: so limits hold before the work begins,
and only frames up to the last one that is wanted are decoded. Composing them (each may be a small change of the one
before) is left to Pillow, and the colours to the same code as those of still pictures.
"""

from __future__ import annotations

import dataclasses
import itertools
import struct
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from medialens.errors import MediaDecodeError, MedialensError
from medialens.media.limits import MediaLimits
from medialens.media.moments import Clock
from medialens.media.pictures.image import pixels_of, reading
from medialens.media.source import Encoded
from medialens.media.videos.avif import read_avif_durations
from medialens.media.videos.frames import check_frame_size, check_n_frames

# Microseconds. All browsers show frames of 10 ms or less for 100 ms: they mean "as fast as it goes" in old files.
_TOO_SHORT, _INSTEAD = 10_000, 100_000

_EXTENSION, _IMAGE, _TRAILER, _GRAPHIC_CONTROL = 0x21, 0x2C, 0x3B, 0xF9  # GIF: what begins with these bytes


@dataclasses.dataclass(frozen=True, kw_only=True)
class Animation:
    """What a file says of its frames.

    Attributes:
        durations: Seconds that each frame is shown; one 0 for a picture that stands still.
        first: The number that Pillow gives to the first of them.
        size: (width, height) that all frames fit in; (0, 0) where it is not known without Pillow.
    """

    durations: tuple[Fraction, ...]
    first: int = 0
    size: tuple[int, int] = (0, 0)

    @property
    def starts(self) -> tuple[Fraction, ...]:
        """When each frame begins, in seconds from the beginning."""
        starts = [Fraction(0)]
        for duration in self.durations[:-1]:
            starts.append(starts[-1] + duration)
        return tuple(starts)

    @property
    def duration(self) -> Fraction:
        """Of all frames, in seconds."""
        return sum(self.durations, Fraction(0))

    @property
    def clock(self) -> Clock:
        """When its frames begin."""
        fps = len(self.durations) / float(self.duration) if self.duration else 0.0
        return Clock(starts=self.starts, duration=self.duration, fps=fps)


_STILL = Animation(durations=(Fraction(0),))


def read_animation(picture: Encoded, limits: MediaLimits) -> Animation:
    """How many frames a picture has and when they are shown; nothing is decoded.

    Raises:
        MediaDecodeError: The file is cut off or its structure broken.
        MediaLimitError: It has more frames than the limits allow.
    """
    read = _READERS.get(picture.mime_type)
    if read is None:
        return _STILL
    try:
        return read(picture.data, lambda n_frames: check_n_frames(n_frames, repr(picture.name), limits))
    except MedialensError:
        raise
    except (IndexError, struct.error) as error:
        msg = f"{picture.name!r} is cut off or damaged: its frames cannot be told apart ({picture.mime_type})"
        raise MediaDecodeError(msg, source=picture.name, mime_type=picture.mime_type) from error


def load_animation(
    picture: Encoded, animation: Animation, numbers: Sequence[int], limits: MediaLimits
) -> list[npt.NDArray[np.uint8]]:
    """The frames of these ascending numbers, canonical pixels each; a number that comes twice is decoded once.

    Raises:
        MediaDecodeError: Corrupt or truncated.
        MediaLimitError: Frames are too large, or too many of them would have to be decoded.
    """
    return list(iterate_animation(picture, animation, numbers, limits))


def iterate_animation(
    picture: Encoded, animation: Animation, numbers: Sequence[int], limits: MediaLimits
) -> Iterator[npt.NDArray[np.uint8]]:
    """What `load_animation` gives, one by one; none is kept."""
    # Before it is opened, too: Pillow makes room for the canvas of a WebP file then.
    check_frame_size(*animation.size, numbers[-1] + 1, repr(picture.name), limits)
    with reading(picture, limits) as image:
        check_frame_size(*image.size, numbers[-1] + 1, repr(picture.name), limits)
        for number, times in itertools.groupby(numbers):
            if len(animation.durations) > 1:
                image.seek(animation.first + number)
            pixels = pixels_of(image, picture, limits)
            for _ in times:
                yield pixels


def _read_gif(data: bytes, check: Callable[[int], None]) -> Animation:
    """GIF89a, sections 18-25: blocks of images and extensions, the delay of an image in the extension before it."""
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    at, delay = 13 + _palette_bytes(flags), 0
    durations: list[Fraction] = []
    while at < len(data) and data[at] != _TRAILER:
        if data[at] == _EXTENSION:  # its label, then sub-blocks
            if data[at + 1] == _GRAPHIC_CONTROL:
                delay = struct.unpack_from("<H", data, at + 4)[0]
            at = _after_blocks(data, at + 2)
        elif data[at] == _IMAGE:  # place, size, its own palette, code size, sub-blocks
            left, top, wide, high, flags = struct.unpack_from("<HHHHB", data, at + 1)
            width, height = max(width, left + wide), max(height, top + high)
            durations.append(_shown(delay * 10_000))
            check(len(durations))
            at, delay = _after_blocks(data, at + 11 + _palette_bytes(flags)), 0
        else:
            at += 1  # what stands between blocks is skipped, as decoders do
    return _animation(durations, size=(width, height))


def _palette_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    while length := data[at]:
        at += 1 + length
    return at + 1


def _read_png(data: bytes, check: Callable[[int], None]) -> Animation:
    """PNG, third edition, 11.3.6: ``acTL`` says that it moves, an ``fcTL`` begins each frame.

    The picture that viewers without animation show is the first frame only if an ``fcTL`` stands before it; Pillow
    counts it in any case.
    """
    announced, first, size = 0, 1, (0, 0)
    durations: list[Fraction] = []
    for kind, at, length in _png_chunks(data):
        if kind == b"IHDR":
            size = struct.unpack_from(">II", data, at)
        elif kind == b"acTL":
            announced = struct.unpack_from(">I", data, at)[0]
            check(announced)
        elif kind == b"IDAT" and durations:
            first = 0
        elif kind == b"fcTL" and length >= 24:  # noqa: PLR2004  # its fixed length is 26, of which these are read
            numerator, denominator = struct.unpack_from(">HH", data, at + 20)
            durations.append(_shown(round(1_000_000 * numerator / (denominator or 100))))
            check(len(durations))
    if announced > len(durations):
        raise IndexError(announced)
    return _animation(durations[:announced], first=first, size=size)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    at = 8
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IEND":
            return
        yield kind, at + 8, length
        at += 12 + length


def _read_webp(data: bytes, check: Callable[[int], None]) -> Animation:
    """WebP container specification: ``VP8X`` has the size of the canvas, an ``ANMF`` chunk begins each frame."""
    durations: list[Fraction] = []
    size = (0, 0)
    at, end = 12, 8 + struct.unpack_from("<I", data, 4)[0]
    if end > len(data):
        raise IndexError(end)
    while at + 8 <= end:
        kind, length = struct.unpack_from("<4sI", data, at)
        if kind == b"VP8X":
            size = _three_bytes(data, at + 12) + 1, _three_bytes(data, at + 15) + 1
        elif kind == b"ANMF":
            durations.append(_shown(_three_bytes(data, at + 20) * 1000))
            check(len(durations))
        at += 8 + length + length % 2
    return _animation(durations, size=size)


def _read_avif(data: bytes, check: Callable[[int], None]) -> Animation:
    """Frames last as long as the file says: it is too young for browsers to read anything else into short ones."""
    durations = read_avif_durations(data, check)
    return _animation([Fraction(shown or _INSTEAD, 1_000_000) for shown in durations])


def _three_bytes(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 3], "little")


def _shown(microseconds: int) -> Fraction:
    """In whole microseconds, because sums of fractions with all sorts of denominators grow without bound."""
    return Fraction(_INSTEAD if microseconds <= _TOO_SHORT else microseconds, 1_000_000)


def _animation(durations: Sequence[Fraction], *, first: int = 0, size: tuple[int, int] = (0, 0)) -> Animation:
    if len(durations) < 2:  # noqa: PLR2004  # a single frame stands still
        return dataclasses.replace(_STILL, size=size)
    return Animation(durations=tuple(durations), first=first, size=size)


_READERS: dict[str, Callable[[bytes, Callable[[int], None]], Animation]] = {
    "image/gif": _read_gif,
    "image/png": _read_png,
    "image/webp": _read_webp,
    "image/avif": _read_avif,
}
