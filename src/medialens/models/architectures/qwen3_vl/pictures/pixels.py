"""Pictures and clips to the 8-bit patches that the vision tower takes, and on the device to what it was trained on.

    uint8 (h, w, 3) --fit, resize--> uint8 (3, H, W) --patches--> uint8 (H/16 * W/16, values)   CPU threads, pure
                                                     --normalise--> float32 of the same shape   on the device

The numbers are those of transformers' torchvision-backed processors. There a still picture is two frames, the same
twice; here it is one, an eighth of the bytes (8-bit instead of fp32 makes the rest), and the patch embedding's weight
is summed over both instead: ``w0 x + w1 x = (w0 + w1) x``; `folded_weight`.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from medialens.media.decoded import DecodedImage, DecodedVideo
from medialens.models.architectures.qwen3_vl.payload import Grid, Visual
from medialens.models.architectures.qwen3_vl.pictures.frames import pair_times, paired, thinned
from medialens.models.architectures.qwen3_vl.pictures.sizes import (
    Size,
    fit_clip,
    fit_still,
    n_pairs,
    tightest,
    tokens_of,
)
from medialens.models.architectures.qwen3_vl.pictures.vision_recipe import VisionRecipe
from medialens.models.layers.pixels import PixelRecipe, resize
from medialens.models.layers.pixels import normalise as normalise_by

_COLOURS = 3


def still(image: DecodedImage, recipe: VisionRecipe, max_tokens: int | None = None) -> Visual:
    """A picture's patches.

    Args:
        image: The picture.
        recipe: How it becomes patches.
        max_tokens: A tighter bound than the recipe's.

    Raises:
        InputError: It is too long, or there is no room for it; see `fit_still`.
    """
    size = fit_still(image.height, image.width, recipe, max_tokens)
    patches = _still_patches(_resized(image.pixels, size, recipe), recipe)
    return Visual(key=_key("still", image.digest, size, recipe), grid=_grid(1, size, recipe), patches=patches)


def still_tokens(image: DecodedImage, recipe: VisionRecipe) -> int:
    """Tokens that `still` makes of it where nothing bounds them but the recipe.

    Raises:
        InputError: It is too long; see `fit_still`.
    """
    return tokens_of(fit_still(image.height, image.width, recipe), recipe)


def clip(video: DecodedVideo, recipe: VisionRecipe, max_tokens: int | None = None) -> tuple[Visual, tuple[float, ...]]:
    """A clip's patches, and when each pair of frames is shown, in seconds.

    Args:
        video: The frames that are looked at. The last one fills its pair with itself where they are odd.
        recipe: How they become patches.
        max_tokens: A tighter bound for all frames together: they become smaller, and where that leaves too little of
            them, fewer.

    Raises:
        InputError: It is too long in one direction, or there is no room for it; see `fit_clip`.
    """
    numbers, size = _outline(len(video.frames), _full_size(video), recipe, max_tokens)
    frames = [video.frames[number] for number in numbers]
    times = [video.times_seconds[number] for number in numbers]
    small = {id(frame): _resized(frame, size, recipe) for frame in frames}
    pixels = torch.stack(paired([small[id(frame)] for frame in frames], recipe.temporal_patch))
    grid = _grid(n_pairs(len(frames), recipe), size, recipe)
    # Of frames that were made smaller in two steps, the numbers are a little different.
    key = _key("clip", f"{video.digest} {times} {frames[0].shape}", size, recipe)
    visual = Visual(key=key, grid=grid, patches=_clip_patches(pixels, recipe))
    return visual, pair_times(times, recipe.temporal_patch)


def clip_tokens(video: DecodedVideo, recipe: VisionRecipe) -> int:
    """Tokens that `clip` makes of it, all pairs of frames together, where nothing bounds them but the recipe.

    Raises:
        InputError: It is too long in one direction; see `fit_clip`.
    """
    numbers, size = _outline(len(video.frames), _full_size(video), recipe, None)
    return n_pairs(len(numbers), recipe) * tokens_of(size, recipe)


def _outline(n_frames: int, full: Size, recipe: VisionRecipe, max_tokens: int | None) -> tuple[Sequence[int], Size]:
    """Which frames of a clip stay, and their size: all, unless that leaves too little of each."""
    tokens = tightest(recipe.max_tokens, max_tokens)
    size = fit_clip(n_frames, *full, dataclasses.replace(recipe, max_tokens=None))
    if tokens is None or n_pairs(n_frames, recipe) * tokens_of(size, recipe) <= tokens:
        return range(n_frames), size
    numbers = thinned(n_frames, tokens, recipe.temporal_patch)
    return numbers, fit_clip(len(numbers), *full, recipe, tokens)


def _full_size(video: DecodedVideo) -> Size:
    return video.full_size or (video.frames[0].shape[0], video.frames[0].shape[1])


@dataclasses.dataclass(frozen=True)
class FrameShrink:
    """Makes a frame as small as `clip` would, so that large ones need not be kept; see `MediaNeeds.shrink`.

    Only where that is smaller. `clip` then leaves it as it is, unless it has room for less.
    """

    recipe: VisionRecipe

    def __call__(self, frame: npt.NDArray[np.uint8], n_frames: int) -> npt.NDArray[np.uint8]:
        """The frame, or a smaller one.

        Raises:
            InputError: It is too long in one direction; see `fit_clip`.
        """
        height, width = frame.shape[:2]
        _, size = _outline(n_frames, (height, width), self.recipe, None)
        if size[0] * size[1] >= height * width:
            return frame
        return np.ascontiguousarray(_resized(frame, size, self.recipe).permute(1, 2, 0).numpy())


def normalise(patches: UInt8[Tensor, "patches values"], recipe: VisionRecipe) -> Float[Tensor, "patches values"]:
    """8-bit patches of stills or clips to what the tower was trained on, in fp32."""
    numbers = PixelRecipe(scale=recipe.scale, mean=recipe.mean, std=recipe.std)
    return normalise_by(patches.view(len(patches), _COLOURS, -1), numbers, channel=1).view(patches.shape)


def folded_weight(weight: Float[Tensor, "dim 3 frames side side2"]) -> Float[Tensor, "dim values"]:
    """The patch embedding's weight for stills: summed over the frames, that all are the same one.

    For clips it is ``weight.flatten(1)``. Both are multiplied with normalised rows: ``rows @ weight.T + bias``.
    """
    return weight.sum(2).flatten(1)


def _resized(picture: npt.NDArray[np.uint8], size: Size, recipe: VisionRecipe) -> UInt8[Tensor, "3 height width"]:
    pixels = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)
    return resize(pixels, size, recipe.resample)


def _still_patches(pixels: UInt8[Tensor, "3 height width"], recipe: VisionRecipe) -> UInt8[Tensor, "patches values"]:
    """Token by token, in each its patches row by row; inside a patch: colour, row, column."""
    patch, merge = recipe.patch, recipe.merge
    rows, columns = pixels.shape[1] // recipe.factor, pixels.shape[2] // recipe.factor
    cut = pixels.reshape(_COLOURS, rows, merge, patch, columns, merge, patch).permute(1, 4, 2, 5, 0, 3, 6)
    return cut.reshape(-1, _COLOURS * patch**2)


def _clip_patches(
    pixels: UInt8[Tensor, "frames 3 height width"], recipe: VisionRecipe
) -> UInt8[Tensor, "patches values"]:
    """Pair by pair as those of a picture; inside a patch: colour, frame, row, column."""
    patch, merge, step = recipe.patch, recipe.merge, recipe.temporal_patch
    rows, columns = pixels.shape[2] // recipe.factor, pixels.shape[3] // recipe.factor
    cut = pixels.reshape(-1, step, _COLOURS, rows, merge, patch, columns, merge, patch)
    return cut.permute(0, 3, 6, 4, 7, 2, 1, 5, 8).reshape(-1, _COLOURS * step * patch**2)


def _grid(n_times: int, size: Size, recipe: VisionRecipe) -> Grid:
    return n_times, size[0] // recipe.patch, size[1] // recipe.patch


def _key(kind: str, content: str, size: Size, recipe: VisionRecipe) -> str:
    return hashlib.sha256(f"{kind} {content} {size} {recipe.kernel}".encode()).hexdigest()
