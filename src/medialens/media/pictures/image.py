"""The one canonical image loader: whatever a picture comes as, the same upright, opaque, 8-bit RGB pixels.

    bytes --(sniff)--> Pillow's plugin --(limits)--> load --> pixels.py --> DecodedImage
    PIL image ------------------------------(limits)--> load --> pixels.py -->
    numpy array, torch tensor --------------(limits)-----------> arrays.py -->

Files are opened with the plugin that their first bytes call for, not with `PIL.Image.open`: that one tries every
format Pillow knows (one of which starts Ghostscript) and warns or fails at sizes of its own, process-wide.
"""

from __future__ import annotations

import hashlib
import importlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from medialens.errors import InputError, MediaDecodeError, MedialensError, MediaLimitError
from medialens.media.decoded import DecodedImage
from medialens.media.limits import MediaLimits
from medialens.media.pictures.arrays import array_to_rgb, is_array, tensor_to_array
from medialens.media.pictures.effort import check_effort
from medialens.media.pictures.pixels import orientation_of, rawmode_of, to_rgb
from medialens.media.source import Encoded, read_source, says_where
from medialens.media.threads.locks import lock_of, turn

# What is decoded, and by which class of Pillow.
_PLUGINS: dict[str, tuple[str, str]] = {
    "image/png": ("PIL.PngImagePlugin", "PngImageFile"),
    "image/jpeg": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "image/gif": ("PIL.GifImagePlugin", "GifImageFile"),
    "image/webp": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "image/bmp": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "image/tiff": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "image/x-portable-anymap": ("PIL.PpmImagePlugin", "PpmImageFile"),
    "image/avif": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "image/jp2": ("PIL.Jpeg2KImagePlugin", "Jpeg2KImageFile"),
}

_TURNED = {5, 6, 7, 8}
"""EXIF orientations that swap width and height."""

_PNG_ORIENTATION = (b"eXIf", b"Raw profile type", b"XML:com.adobe.xmp")
"""Where PNG files keep an orientation: a chunk, and the keywords of two kinds of text chunk."""

_LARGE_PIXELS = 32_000_000
"""Pictures with more are decoded one after the other: for a while each takes some seven bytes a pixel, which is a
gigabyte for the largest that are let in."""

_DEFAULT_LIMITS = MediaLimits()


def load_image(source: Any, limits: MediaLimits = _DEFAULT_LIMITS) -> DecodedImage:
    """The picture, as every model gets it to see.

    EXIF orientation is applied, transparency laid on white, an embedded colour profile converted to sRGB, 16-bit
    values rescaled to 8 bits, and of an animation the first frame taken (of an opened PIL image, the frame it
    stands at). The caller's objects are left as they are.

    Args:
        source: Whatever `medialens.Image` takes, except media references: path, URL, data URI, bytes, open file,
            `Encoded`, PIL image, numpy array (height, width[, channels]) or torch tensor (channels, height, width).
        limits: What may be read and how large it may be; sizes are checked before anything is decoded.

    Raises:
        MediaDecodeError: Corrupt, truncated, or no picture.
        MediaLimitError: Too many bytes or pixels, or too long and narrow.
        InputError: An array that is no picture, or a kind of object that is not known.
        MediaError: It cannot be read; see `read_source`.
    """
    if isinstance(source, Image.Image):
        return _load_pil(source, limits)
    if is_array(source):
        return _load_array(source, limits)
    if isinstance(source, Encoded):
        return _load_encoded(source, limits)
    if says_where(source):
        return _load_encoded(read_source(source, limits), limits)
    msg = (
        f"cannot read a picture from a {type(source).__name__} ({source!r:.80}); "
        "expected a path, URL, bytes, PIL image, numpy array or torch tensor"
    )
    raise InputError(msg, value=source)


def check_size(width: int, height: int, name: str, limits: MediaLimits) -> None:
    """Refuse what is too large, or too long and narrow, by its size alone.

    Raises:
        MediaLimitError: Beyond `limits.max_pixels` or `limits.max_aspect_ratio`.
        MediaDecodeError: No pixels at all.
    """
    if width < 1 or height < 1:
        msg = f"{name} has no pixels: its size is {width}x{height}"
        raise MediaDecodeError(msg, source=name)
    if width * height > limits.max_pixels:
        n_pixels = width * height
        msg = f"{name} has {width}x{height} = {n_pixels} pixels, above the limit of {limits.max_pixels} (max_pixels)"
        raise MediaLimitError(msg, limit="max_pixels", value=n_pixels, maximum=limits.max_pixels, source=name)
    ratio = max(width, height) / min(width, height)
    if ratio > limits.max_aspect_ratio:
        msg = (
            f"{name} is {width}x{height}: {ratio:.0f} times as long as wide, above the limit of "
            f"{limits.max_aspect_ratio:g} (MediaLimits.max_aspect_ratio); crop it, or raise the limit"
        )
        raise MediaLimitError(msg, limit="max_aspect_ratio", value=ratio, maximum=limits.max_aspect_ratio, source=name)


def measure_image(picture: Encoded, limits: MediaLimits = _DEFAULT_LIMITS) -> tuple[int, int]:
    """Width and height of the upright picture, from its header where that says them; `load_image` gives the same.

    Raises:
        MediaDecodeError: No picture.
        MediaLimitError: Too many pixels, or too long and narrow.
    """
    with reading(picture, limits) as image:
        width, height = image.size
        turned = not _is_upright(picture) and orientation_of(image) in _TURNED
        return (height, width) if turned else (width, height)


def _is_upright(picture: Encoded) -> bool:
    """Whether the size that Pillow gives at once is that of the upright picture, without a look at the EXIF data."""
    if picture.mime_type == "image/png":  # Pillow decodes a whole PNG file to look for EXIF data at its end
        return not any(mark in picture.data for mark in _PNG_ORIENTATION)
    return picture.mime_type == "image/tiff"  # Pillow turns these itself, and gives the size after that


def _load_encoded(picture: Encoded, limits: MediaLimits) -> DecodedImage:
    with reading(picture, limits) as image:
        return DecodedImage(pixels=pixels_of(image, picture, limits), digest=picture.digest)


def pixels_of(image: ImageFile.ImageFile, picture: Encoded, limits: MediaLimits) -> npt.NDArray[np.uint8]:
    """The canonical pixels of an opened picture, of an animation those of the frame it stands at.

    Args:
        image: What `reading` gave.
        picture: The file it comes from.
        limits: What its size must keep to once it is loaded: a header can promise less than the body holds.
    """
    rawmode = rawmode_of(image)
    with turn(is_large=image.width * image.height > _LARGE_PIXELS):
        _allocate(image)
        image.load()
        check_size(*image.size, repr(picture.name), limits)
        return to_rgb(image, orientation=orientation_of(image), rawmode=rawmode)


@contextmanager
def reading(picture: Encoded, limits: MediaLimits) -> Iterator[ImageFile.ImageFile]:
    """The opened picture, its size checked; whatever fails inside becomes an error that names it.

    Raises:
        MediaDecodeError: It is no picture, or corrupt.
        MediaLimitError: It is too large.
    """
    name = repr(picture.name)
    try:
        check_effort(picture)
        with _opened(picture, name) as image:
            check_size(*image.size, name, limits)
            yield image
    except MedialensError:
        raise
    except Image.DecompressionBombError as error:
        msg = f"{name} is larger than Pillow decodes: {error}"
        raise MediaLimitError(msg, limit="PIL.Image.MAX_IMAGE_PIXELS", source=name) from error
    except Exception as error:  # corrupt files make Pillow raise what its parsers happen to meet
        msg = f"{name} cannot be decoded as {picture.mime_type}: {type(error).__name__}: {error}"
        raise MediaDecodeError(msg, source=picture.name, mime_type=picture.mime_type) from error


def _opened(picture: Encoded, name: str) -> ImageFile.ImageFile:
    if picture.mime_type not in _PLUGINS:
        known = ", ".join(sorted(kind.partition("/")[2] for kind in _PLUGINS))
        msg = f"{name} is no picture that can be decoded: it holds {picture.what}; expected one of {known}"
        raise MediaDecodeError(msg, source=picture.name, mime_type=picture.mime_type)
    module, plugin = _PLUGINS[picture.mime_type]
    image: ImageFile.ImageFile = getattr(importlib.import_module(module), plugin)(io.BytesIO(picture.data))
    return image


def _allocate(image: ImageFile.ImageFile) -> None:
    # Pillow asks its own process-wide limit once more where it makes room for a TIFF picture, so the room is made
    # here; the size was checked. Other formats have no `_tile_size`.
    tile_size = getattr(image, "_tile_size", None)
    if tile_size is not None:
        image.im = Image.new(image.mode, tile_size).im


def _load_pil(image: Image.Image, limits: MediaLimits) -> DecodedImage:
    name = f"the PIL image {image.mode} {image.width}x{image.height}"
    check_size(*image.size, name, limits)
    try:
        with lock_of(image):
            rawmode = rawmode_of(image)
            image.load()  # an image fresh from `PIL.Image.open` reads its file here; others have nothing to do
            orientation = orientation_of(image)
        pixels = to_rgb(image, orientation=orientation, rawmode=rawmode)
    except MedialensError:
        raise
    except Exception as error:  # see _load_encoded
        msg = f"{name} cannot be decoded: {type(error).__name__}: {error}"
        raise MediaDecodeError(msg, source=name) from error
    return DecodedImage(pixels=pixels, digest=_digest_of(pixels))


def _load_array(value: Any, limits: MediaLimits) -> DecodedImage:
    array, channels_first = tensor_to_array(value)
    name = f"the {type(value).__module__.partition('.')[0]} picture of shape {tuple(array.shape)}"
    pixels = array_to_rgb(array, channels_first=channels_first, check=lambda w, h: check_size(w, h, name, limits))
    return DecodedImage(pixels=pixels, digest=_digest_of(pixels))


def _digest_of(pixels: npt.NDArray[np.uint8]) -> str:
    return hashlib.sha256(f"pixels {pixels.shape}\n".encode() + pixels.tobytes()).hexdigest()
