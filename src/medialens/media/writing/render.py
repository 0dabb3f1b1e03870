"""Decoded pictures back to bytes: thumbnails and resized files, for people to look at."""

from __future__ import annotations

import io
from typing import Literal, TypeAlias

from PIL import Image

from medialens.errors import InputError
from medialens.media.decoded import DecodedImage

PictureFormat: TypeAlias = Literal["png", "jpeg"]


def thumbnail(image: DecodedImage, max_side: int, *, picture_format: PictureFormat = "png") -> bytes:
    """An encoded copy whose longer side is at most `max_side` pixels; smaller pictures keep their size.

    Raises:
        InputError: `max_side` is less than 1, or the format is unknown.
    """
    if max_side < 1:
        msg = f"max_side={max_side!r} must be at least 1 pixel"
        raise InputError(msg, max_side=max_side)
    scale = min(1.0, max_side / max(image.width, image.height))
    width, height = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return render(image, width=width, height=height, picture_format=picture_format)


def render(
    image: DecodedImage,
    *,
    width: int | None = None,
    height: int | None = None,
    picture_format: PictureFormat = "png",
) -> bytes:
    """The picture as an encoded file, resized to `width` x `height` where given.

    Raises:
        InputError: The format is unknown.
    """
    if picture_format not in {"png", "jpeg"}:
        msg = f"picture_format={picture_format!r} is not one of png, jpeg"
        raise InputError(msg, picture_format=picture_format)
    picture = Image.fromarray(image.pixels)
    size = (width or image.width, height or image.height)
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    file = io.BytesIO()
    picture.save(file, format=picture_format, **({"quality": 90} if picture_format == "jpeg" else {}))
    return file.getvalue()
