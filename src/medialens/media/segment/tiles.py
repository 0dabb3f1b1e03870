"""Screenshots, cut into tiles: what is long and narrow, in pieces that a model can read.

Resized to what a model looks at, the letters of a page 20,000 pixels long are a pixel high. Each tile has about the
shape of a sheet of paper, keeps its place in the whole (``#xywh=``), and is cut out of it whenever it is looked at.
"""

from __future__ import annotations

import dataclasses
import numbers
from pathlib import Path
from typing import Any

import numpy as np

from medialens.errors import InputError, MediaDecodeError
from medialens.inputs import Image
from medialens.media.decoded import DecodedImage
from medialens.media.limits import MediaLimits
from medialens.media.pictures.image import load_image, measure_image
from medialens.media.reference import MediaReference
from medialens.media.segment.activity import row_activity
from medialens.media.segment.cuts import count_tiles, plan_spans
from medialens.media.segment.segment import Segment
from medialens.media.segment.whole import Whole, keep_whole
from medialens.media.source import read_part
from medialens.media.store import MediaStore, open_store
from medialens.media.writing.render import thumbnail

_THUMBNAIL_SIDE = 320
"""Of a tile's thumbnail, in pixels."""

_LEAST_SIDE = 32
"""A strip narrower than this, in pixels, is a rule or a gradient: it stays whole."""

_MOST_OVERLAP = 0.5
"""From here on every pixel would lie in three tiles."""

_DEFAULT_LIMITS = MediaLimits()

Box = tuple[int, int, int, int]


def split_tiles(  # noqa: PLR0913  # each is a plain choice of the caller's
    path: Whole,
    *,
    store: MediaStore | str | Path | None = None,
    aspect_ratio: float = 1.4,
    overlap: float = 0.125,
    thumbnails: bool = False,
    copy: bool = False,
    limits: MediaLimits = _DEFAULT_LIMITS,
) -> list[Segment]:
    """A picture as the tiles that can be found in it, from top to bottom, or from left to right of a wide one.

    Together they cover all of it. They begin and end where little happens in a row: between two paragraphs and not
    through a line. Pictures that are less than about twice as long as wide are one segment, without a box.

    Args:
        path: A picture file, or a URL that `limits` allow; a reference to what the store has; or the bytes of a file,
            such as `capture_page` gives, a data URI or an open file, which are put into the store.
        store: Where it is registered; None is the default store.
        aspect_ratio: Longer over shorter side of a tile; about, since no sliver is left and cuts avoid what they can.
        overlap: What neighbours share, as a share of a tile of that shape; a fifth more or less where that makes for
            quieter cuts.
        thumbnails: Whether a small picture of each is put into the store as well.
        copy: Keep the bytes in the store. Otherwise the store points to the file and notices when it changes.
        limits: What may be read; `max_aspect_ratio` is that of the whole picture.

    Raises:
        MediaError: It cannot be read, is no picture, or is larger, or longer and narrower, than `limits` allow.
        InputError: The shape or the overlap is none that tiles can have.
    """
    _check("aspect_ratio", aspect_ratio, 1.0, float("inf"))
    _check("overlap", overlap, 0.0, _MOST_OVERLAP)
    media = open_store(store)
    reference = keep_whole(path, media, copy=copy, limits=limits)
    _check_kind(reference, media)
    picture = read_part(Image(reference, store=media), limits)
    width, height = measure_image(picture, limits)
    is_whole = _is_whole(width, height, aspect_ratio, overlap)
    if is_whole and not thumbnails:
        return [_segment(media, reference, None, width, height)]
    image = load_image(picture, limits)
    boxes = [None] if is_whole else _boxes(image, aspect_ratio, overlap)
    return [_tile(media, reference, image, box, thumbnails=thumbnails) for box in boxes]


def _is_whole(width: int, height: int, aspect_ratio: float, overlap: float) -> bool:
    """Whether it is one tile, whatever is on it."""
    longer, shorter = max(width, height), min(width, height)
    return shorter < _LEAST_SIDE or count_tiles(longer, shorter, aspect_ratio=aspect_ratio, overlap=overlap) == 1


def _boxes(image: DecodedImage, aspect_ratio: float, overlap: float) -> list[Box]:
    is_tall = image.height >= image.width
    activity = row_activity(image.pixels if is_tall else image.pixels.transpose(1, 0, 2))
    shorter = min(image.width, image.height)
    spans = plan_spans(activity, shorter, aspect_ratio=aspect_ratio, overlap=overlap)
    if is_tall:
        return [(0, begin, image.width, end - begin) for begin, end in spans]
    return [(begin, 0, end - begin, image.height) for begin, end in spans]


def _tile(
    store: MediaStore, whole: MediaReference, image: DecodedImage, box: Box | None, *, thumbnails: bool
) -> Segment:
    x, y, width, height = box or (0, 0, image.width, image.height)
    small = None
    if thumbnails:
        pixels = np.ascontiguousarray(image.pixels[y : y + height, x : x + width])
        tile = DecodedImage(pixels=pixels, digest=image.digest)
        small = store.put(thumbnail(tile, _THUMBNAIL_SIDE, picture_format="jpeg"))
    return dataclasses.replace(_segment(store, whole, box, width, height), thumbnail=small)


def _segment(store: MediaStore, whole: MediaReference, box: Box | None, width: int, height: int) -> Segment:
    reference = dataclasses.replace(whole, box=box)
    return Segment(reference=reference, store=store, source=store.source(whole), width=width, height=height)


def _check_kind(reference: MediaReference, store: MediaStore) -> None:
    if reference.modality != "image":
        name = store.source(reference) or str(reference)
        msg = f"{name!r} holds {reference.mime_type}; split_tiles takes a picture, such as a screenshot"
        raise MediaDecodeError(msg, source=name, mime_type=reference.mime_type)


def _check(name: str, value: Any, least: float, limit: float) -> None:
    is_number = not isinstance(value, bool) and isinstance(value, numbers.Real)
    if not is_number or not least <= float(value) < limit:
        msg = f"{name}={value!r:.80} must be a number of at least {least:g} and below {limit:g}"
        raise InputError(msg, value=value)
