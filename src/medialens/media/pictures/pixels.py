"""Any PIL image -> upright, opaque, 8-bit sRGB pixels. Pure: the image is read, never changed.

mode (1 L LA La P PA RGB RGBA RGBa RGBX CMYK YCbCr LAB HSV I;16 I F)
  -> 8 bits a channel -> colour profile to sRGB -> transparency on white -> EXIF orientation
"""

from __future__ import annotations

import functools
import io
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageCms

_Pixels = npt.NDArray[np.uint8]

# EXIF orientation -> how to turn the stored rows upright, as (transpose?, flip vertically?, flip horizontally?),
# done in this order. CIPA DC-008 (Exif 3.0), tag 0x0112: where the first row and column of the file belong.
_UPRIGHT: dict[int, tuple[bool, bool, bool]] = {
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}

# Colour space of a profile -> the mode it converts from. A profile that does not fit the mode is left over from
# before a conversion, and means nothing.
_PROFILE_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}

# Modes that are kept for the steps after; all others become RGB at once.
_KEPT = {"LA", "La", "RGBA", "RGBa", "CMYK", "LAB"}

# Modes whose pixels can be converted one by one. Those of more bits look for the darkest and brightest of all.
_STRIPPED = {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV"}

_STRIP_PIXELS = 2**20
"""Converted at once: Pillow, numpy and the conversion of colours each make a copy of what they work on."""

# Grey of fewer than 8 bits -> by how much Pillow multiplies its levels.
_GREY_STEPS = {"L;2": 255 // 3, "L;4": 255 // 15}

_FLOAT32_INTEGERS = 2**24
"""Up to here float32 holds every integer."""

_SMALL_PROFILE_BYTES = 16 * 1024
"""Profiles of up to this size are remembered."""

_SAME_COLOUR = 2
"""Levels (of 255) by which rounding alone may move a colour: a profile that moves none by more is sRGB."""


def to_rgb(image: Image.Image, *, orientation: int, rawmode: str) -> _Pixels:
    """uint8 pixels of shape (height, width, 3), C-contiguous, in memory of their own.

    Args:
        image: Loaded. Of an animation, the frame it stands at.
        orientation: What `orientation_of` gave.
        rawmode: What `rawmode_of` gave before the image was loaded.

    Raises:
        ValueError: It holds values that are not finite.
    """
    height, step = image.height, max(1, _STRIP_PIXELS // image.width)
    if image.mode not in _STRIPPED or height <= step:
        return _turned(_opaque_srgb(image, rawmode), orientation)
    pixels = np.empty((height, image.width, 3), np.uint8)
    for top in range(0, height, step):
        strip = image.crop((0, top, image.width, min(top + step, height)))
        pixels[top : top + step] = _opaque_srgb(strip, rawmode)
    return _turned(pixels, orientation)


def _opaque_srgb(image: Image.Image, rawmode: str) -> _Pixels:
    colour, alpha = _split(_to_8_bits(image, rawmode))
    pixels = np.array(_to_srgb(colour, image.info.get("icc_profile")))
    return pixels if alpha is None else on_white(pixels, np.asarray(alpha))


def orientation_of(image: Image.Image) -> int:
    """EXIF orientation of a loaded image, 1 if there is none. Loaded, since PNG files may keep it at their end."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # noqa: BLE001  # a broken EXIF block, whatever parsing it raises, must not cost the picture
        return 1


def rawmode_of(image: Image.Image) -> str:
    """How the file keeps its pixels, e.g. ``L;4``: known only until the image is loaded, "" afterwards."""
    tiles = getattr(image, "tile", None)
    args = tiles[0][3] if tiles else ""
    rawmode = args[0] if isinstance(args, tuple) and args else args
    return rawmode if isinstance(rawmode, str) else ""


def on_white(pixels: _Pixels, alpha: _Pixels) -> _Pixels:
    """`pixels` (height, width, 3) seen through `alpha` (height, width) on a white ground."""
    weight = alpha[:, :, None].astype(np.uint16)
    # 255 * 255 fits 16 bits; adding 127 before the division rounds to nearest.
    return ((pixels * weight + (255 - weight) * np.uint16(255) + np.uint16(127)) // np.uint16(255)).astype(np.uint8)


def _to_8_bits(image: Image.Image, rawmode: str) -> Image.Image:
    """The same picture in a mode of 8 bits a channel; transparency that `info` describes becomes alpha."""
    if image.mode.startswith("I") or image.mode == "F":
        return _with_key(_rescaled(image), image, image.info.get("transparency"))
    if image.mode in {"P", "PA"}:
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode == "1":
        image = image.convert("L")
    if image.mode in {"L", "RGB"}:
        return _with_key(image, image, _scaled_key(image.info.get("transparency"), rawmode))
    return image if image.mode in _KEPT else image.convert("RGB")


def _rescaled(image: Image.Image) -> Image.Image:
    """Grey levels of more than 8 bits, mapped linearly onto 0..255; clipping them would leave nearly all white."""
    values = np.asarray(image)
    if image.mode == "F" and not np.isfinite(values).all():
        msg = "the picture holds values that are not finite"
        raise ValueError(msg)
    black, white = _range(image, values)
    exact = "float32" if abs(black) + abs(white) <= _FLOAT32_INTEGERS else "float64"
    levels = (values.astype(exact) - black) * (255 / max(white - black, 1e-30))
    return Image.fromarray(np.rint(levels).astype(np.uint8))


def _range(image: Image.Image, values: npt.NDArray[Any]) -> tuple[float, float]:
    """The values that mean black and white.

    16-bit modes and files have theirs. 32-bit integers and floats do not say: of the usual scales the smallest
    that holds all values is taken (F: 0..1; then 0..255, as Pillow's own conversions give; 0..65535), and where
    none does, the picture's own darkest and brightest.
    """
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format in {"PNG", "PPM"}):
        return 0.0, 65535.0
    low, high = float(values.min()), float(values.max())
    for white in (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0):
        if low >= 0 and high <= white:
            return 0.0, white
    return low, high


def _with_key(picture: Image.Image, original: Image.Image, key: Any) -> Image.Image:
    """`picture` with alpha: transparent where `original` has the transparent colour that PNG's tRNS chunk names."""
    if not isinstance(key, (int, tuple)):
        return picture
    hit = np.atleast_3d(np.asarray(original) == np.asarray(key)).all(axis=2)
    result = picture.copy()
    result.putalpha(Image.fromarray(np.where(hit, 0, 255).astype(np.uint8)))
    return result


def _scaled_key(key: Any, rawmode: str) -> Any:
    """The transparent colour in the 8-bit levels of the pixels; Pillow leaves it in those of the file."""
    if isinstance(key, int) and rawmode in _GREY_STEPS:
        return key * _GREY_STEPS[rawmode]
    if isinstance(key, tuple) and rawmode.startswith("RGB;16"):
        return tuple(level >> 8 for level in key)  # as Pillow cuts the pixels
    return key


def _split(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Colour and alpha; no alpha where everything is opaque."""
    straight = {"RGBa": "RGBA", "La": "LA"}.get(image.mode, image.mode)
    image = image if straight == image.mode else image.convert(straight)
    if straight not in {"RGBA", "LA"}:
        return image, None
    alpha = image.getchannel("A")
    opaque = alpha.getextrema() == (255, 255)
    return image.convert(straight.removesuffix("A")), None if opaque else alpha


def _to_srgb(image: Image.Image, profile: Any) -> Image.Image:
    converted = _through_profile(image, profile) if isinstance(profile, bytes) and profile else None
    return converted or (image if image.mode == "RGB" else image.convert("RGB"))


def _through_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    """The picture converted to sRGB; None where the profile is broken, does not fit, or is sRGB already."""
    is_srgb = _is_srgb if len(profile) <= _SMALL_PROFILE_BYTES else _is_srgb.__wrapped__
    try:
        if is_srgb(profile, image.mode):
            return None
        transform = _transform(profile, image.mode)
        converted: Image.Image | None = ImageCms.applyTransform(image, transform) if transform else None
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None  # browsers and viewers show such a picture as if it had no profile
    return converted


def _transform(profile: bytes, mode: str) -> Any:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if _PROFILE_MODES.get(source.profile.xcolor_space.strip()) != mode:
        return None
    return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")


@functools.lru_cache(maxsize=64)
def _is_srgb(profile: bytes, mode: str) -> bool:
    """Whether a profile is an edition of sRGB, as most photographs carry: converting would only add rounding errors.

    Found by converting a grid of colours, since names and versions tell little.
    """
    transform = _transform(profile, mode) if mode in {"RGB", "L"} else None
    if transform is None:
        return False
    steps = np.linspace(0, 255, 6 if mode == "RGB" else 256).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3) if mode == "RGB" else steps[None, :]
    sample = Image.fromarray(np.ascontiguousarray(grid))
    before = np.asarray(sample.convert("RGB")).astype(np.int16)
    after = np.asarray(ImageCms.applyTransform(sample, transform)).astype(np.int16)
    return bool(np.abs(after - before).max() <= _SAME_COLOUR)


def _turned(pixels: _Pixels, orientation: int) -> _Pixels:
    transpose, flip_rows, flip_columns = _UPRIGHT.get(orientation, (False, False, False))
    if transpose:
        pixels = pixels.transpose(1, 0, 2)
    pixels = pixels[:: -1 if flip_rows else 1, :: -1 if flip_columns else 1]
    return np.ascontiguousarray(pixels)
