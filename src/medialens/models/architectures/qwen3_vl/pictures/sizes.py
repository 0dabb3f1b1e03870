"""How large a picture or a clip becomes: whole tokens, within bounds, its proportions about kept. Pure.

The arithmetic is that of transformers' ``smart_resize`` of ``Qwen2VLImageProcessor`` and ``Qwen3VLVideoProcessor``,
rounding included: Python's ``round`` goes to the even neighbour, and where a size lies between two, that decides.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from medialens.errors import InputError
from medialens.models.architectures.qwen3_vl.pictures.vision_recipe import VisionRecipe

MAX_ASPECT = 200
"""Longer side over shorter side; what is longer, the models were never shown."""

Size = tuple[int, int]


class _Bounds(NamedTuple):
    """Of the pixels of all frames: held against `n_counted` frames, and the scale is found with `n_frames`."""

    least: int
    most: int
    n_frames: int = 1
    n_counted: int = 1


def fit_still(height: int, width: int, recipe: VisionRecipe, max_tokens: int | None = None) -> Size:
    """(height, width) of a picture after resizing.

    Args:
        height: In pixels.
        width: In pixels.
        recipe: Its bounds.
        max_tokens: A tighter bound than the recipe's; what is within it already is not changed.

    Raises:
        InputError: One side is `MAX_ASPECT` times the other or more, or `max_tokens` is less than 1.
    """
    _check_aspect(height, width, "picture")
    size = _within(height, width, recipe.factor, _Bounds(recipe.min_pixels, recipe.max_pixels))
    tokens = tightest(recipe.max_tokens, max_tokens)
    return size if tokens is None else _tightened(size, (height, width), recipe, tokens)


def fit_clip(n_frames: int, height: int, width: int, recipe: VisionRecipe, max_tokens: int | None = None) -> Size:
    """(height, width) of each frame of a clip after resizing.

    Args:
        n_frames: How many are looked at; one counts as two, because it fills a pair with itself.
        height: In pixels.
        width: In pixels.
        recipe: Its bounds.
        max_tokens: A tighter bound for all frames together; what is within it already is not changed.

    Raises:
        InputError: One side is `MAX_ASPECT` times the other or more, or `max_tokens` is less than one a pair.
    """
    factor, n_frames = recipe.factor, max(n_frames, recipe.temporal_patch)
    high, wide = height, width
    if height < factor or width < factor:
        scale = max(factor / height, factor / width)
        high, wide = int(height * scale), int(width * scale)
    _check_aspect(high, wide, "clip", shown=(height, width))
    n_counted = round(n_frames / recipe.temporal_patch) * recipe.temporal_patch
    most = _clip_max_pixels(n_frames, recipe)
    bounds = _Bounds(min(recipe.clip_min_pixels, most), most, n_frames, n_counted)
    size = _within(high, wide, factor, bounds)
    tokens = tightest(recipe.max_tokens, max_tokens)
    if tokens is None:
        return size
    return _tightened(size, (height, width), recipe, tokens // n_pairs(n_frames, recipe))


def tightest(*bounds: int | None) -> int | None:
    """The least of the bounds that there are; None where there is none."""
    return min((bound for bound in bounds if bound is not None), default=None)


def n_pairs(n_frames: int, recipe: VisionRecipe) -> int:
    """How many steps in time a clip of so many frames has."""
    return -(-n_frames // recipe.temporal_patch)


def tokens_of(size: Size, recipe: VisionRecipe) -> int:
    """Tokens of a picture of that size, or of a pair of frames."""
    return size[0] // recipe.factor * (size[1] // recipe.factor)


def _clip_max_pixels(n_frames: int, recipe: VisionRecipe) -> int:
    """Of all frames together."""
    most = recipe.clip_max_pixels
    if recipe.cap_pixels_per_frame:
        cap = min(recipe.max_frame_tokens * recipe.factor**2, recipe.clip_max_pixels // n_frames)
        most = max(cap, int(recipe.clip_min_pixels * 1.05)) * n_frames
    return most if recipe.max_frame_pixels is None else min(most, recipe.max_frame_pixels * n_frames)


def _within(height: int, width: int, factor: int, bounds: _Bounds) -> Size:
    """The nearest size in whole tokens; if that is beyond a bound, the largest or smallest that keeps it."""
    least, most, n_frames, n_counted = bounds
    high, wide = round(height / factor) * factor, round(width / factor) * factor
    if n_counted * high * wide > most:
        scale = math.sqrt(n_frames * height * width / most)
        high = max(factor, math.floor(height / scale / factor) * factor)
        wide = max(factor, math.floor(width / scale / factor) * factor)
    elif n_counted * high * wide < least:
        scale = math.sqrt(least / (n_frames * height * width))
        high, wide = math.ceil(height * scale / factor) * factor, math.ceil(width * scale / factor) * factor
    return high, wide


def _tightened(size: Size, original: Size, recipe: VisionRecipe, max_tokens: int) -> Size:
    """`size` if it has at most `max_tokens`, else the largest that has, in proportions of the original."""
    if max_tokens < 1:
        msg = "there is no room for a picture or clip: not even one token for each; pass fewer, or raise max_tokens"
        raise InputError(msg, max_tokens=max_tokens)
    factor = recipe.factor
    if tokens_of(size, recipe) <= max_tokens:
        return size
    scale = math.sqrt(original[0] * original[1] / max_tokens) / factor
    high, wide = (max(1, math.floor(side / scale / factor)) for side in original)
    # Of a long picture the shorter side cannot shrink below one token; the longer one then makes up for it.
    return min(high, max_tokens // wide or 1) * factor, min(wide, max_tokens // high or 1) * factor


def _check_aspect(height: int, width: int, kind: str, *, shown: Size | None = None) -> None:
    if max(height, width) >= MAX_ASPECT * min(height, width):
        rows, columns = shown or (height, width)
        msg = (
            f"the {kind} is {columns}x{rows} pixels (width x height): one side is {MAX_ASPECT} times the other or "
            "more, which leaves nothing to see; crop it, or cut it into pieces (Image(..., box=...))"
        )
        raise InputError(msg, height=rows, width=columns, maximum=MAX_ASPECT)
