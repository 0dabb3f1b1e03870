"""A picture to the pixels a vision tower expects: the numbers of transformers' torchvision-backed processors.

    uint8 (h, w, 3) --resize--> uint8 --centre crop--> uint8 (3, H, W)      one picture, CPU thread
                                        --normalise--> float32 (n, 3, H, W) a batch, on the device

torchvision is not needed: its resize of 8-bit pictures is ``torch.nn.functional.interpolate`` with antialiasing.
Pixels stay 8-bit until they are on the device, a quarter of the bytes to move and to cache; normalising there is
exact, because it is the same fp32 arithmetic on the same integers.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import platform
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812  # the name that torch users know
from jaxtyping import Float, UInt8
from torch import Tensor

Resample: TypeAlias = Literal["nearest-exact", "bilinear", "bicubic", "lanczos"]

_ASPECT_STEP = 1e-5  # how finely the scale of `fit_patches` is searched; part of the reference's definition
_MAX_SCALE = 100.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class PixelRecipe:
    """How a picture becomes pixels.

    Attributes:
        size: (height, width) to resize to; None leaves the size, unless `shortest_edge` is set.
        shortest_edge: Resize until the shorter side has this length, keeping the aspect ratio.
        resample: The kernel.
        crop: (height, width) of the centre to keep; zeros are added where the picture is smaller.
        scale: Factor on the 8-bit values before `mean` and `std`, usually 1/255; None leaves them.
        mean, std: Subtracted and divided by, a channel each; None leaves the values.
        patch: Side of the square patches, for models that take rows of patches instead of a rectangle.
        max_patches: With `patch`: as many patches as fit, keeping the aspect ratio.
    """

    size: tuple[int, int] | None = None
    shortest_edge: int | None = None
    resample: Resample = "bicubic"
    crop: tuple[int, int] | None = None
    scale: float | None = 1 / 255
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    patch: int | None = None
    max_patches: int | None = None

    @property
    def final_size(self) -> tuple[int, int] | None:
        """(height, width) that every picture ends with; None if it differs from picture to picture."""
        return self.crop or self.size

    def as_settings(self) -> dict[str, Any]:
        """The fields as JSON values, for a recipe."""
        fields = dataclasses.asdict(self)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}


def to_pixels(picture: npt.NDArray[np.uint8], recipe: PixelRecipe) -> UInt8[Tensor, "3 height width"]:
    """The picture, resized and cropped, still 8-bit.

    Args:
        picture: uint8 of shape (height, width, 3).
        recipe: Which size, kernel and crop.
    """
    pixels = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)
    height, width = int(pixels.shape[1]), int(pixels.shape[2])
    target = _target_size(height, width, recipe)
    if target is not None:
        pixels = resize(pixels, target, recipe.resample)
    if recipe.crop is not None:
        pixels = center_crop(pixels, recipe.crop)
    return pixels.contiguous()


def _target_size(height: int, width: int, recipe: PixelRecipe) -> tuple[int, int] | None:
    if recipe.patch is not None and recipe.max_patches is not None:
        return fit_patches(height, width, patch=recipe.patch, max_patches=recipe.max_patches)
    if recipe.shortest_edge is not None:
        return fit_shortest_edge(height, width, recipe.shortest_edge)
    return recipe.size


def fit_shortest_edge(height: int, width: int, edge: int) -> tuple[int, int]:
    """The size whose shorter side is `edge`; the longer one is rounded down, as torchvision does."""
    longer = int(edge * max(height, width) / min(height, width))
    return (edge, longer) if height <= width else (longer, edge)


def fit_patches(height: int, width: int, *, patch: int, max_patches: int) -> tuple[int, int]:
    """The largest size in whole patches, aspect ratio about kept, that has at most `max_patches` of them.

    The scale is found by halving an interval, in the same steps as the reference (transformers' SigLIP2 image
    processor): where two sizes are equally good, the steps decide.
    """

    def scaled(side: int, scale: float) -> int:
        return max(patch, math.ceil(side * scale / patch) * patch)

    low, high = _ASPECT_STEP / 10, _MAX_SCALE
    while high - low >= _ASPECT_STEP:
        middle = (low + high) / 2
        if scaled(height, middle) / patch * (scaled(width, middle) / patch) <= max_patches:
            low = middle
        else:
            high = middle
    return scaled(height, low), scaled(width, low)


def resize(
    pixels: UInt8[Tensor, "3 height width"], size: tuple[int, int], resample: Resample
) -> UInt8[Tensor, "3 new_height new_width"]:
    """The picture in another size, antialiased; unchanged where it has that size."""
    if tuple(pixels.shape[1:]) == size:
        return pixels
    if resample == "nearest-exact":
        return F.interpolate(pixels[None], size=size, mode=resample)[0]
    if resample == "bilinear" and not _bilinear_takes_bytes():
        floats = F.interpolate(pixels[None].float(), size=size, mode=resample, antialias=True)[0]
        return floats.round_().to(torch.uint8)
    return F.interpolate(pixels[None], size=size, mode=resample, antialias=True)[0]


def _bilinear_takes_bytes() -> bool:
    """Whether this CPU has the 8-bit kernel; torchvision goes over floats elsewhere, and so do we."""
    return torch.backends.cpu.get_cpu_capability() in {"AVX2", "AVX512"} or platform.machine() in {"aarch64", "arm64"}


def center_crop(
    pixels: UInt8[Tensor, "3 height width"], size: tuple[int, int]
) -> UInt8[Tensor, "3 new_height new_width"]:
    """The middle of the picture; where it is smaller than `size`, zeros around it.

    Of an odd margin the larger part goes to the right and to the bottom.
    """
    wanted_height, wanted_width = size
    extra_height = max(0, wanted_height - pixels.shape[1])
    extra_width = max(0, wanted_width - pixels.shape[2])
    if extra_height or extra_width:
        left, top = extra_width // 2, extra_height // 2
        pixels = F.pad(pixels, (left, extra_width - left, top, extra_height - top))
    top = int((pixels.shape[1] - wanted_height) / 2)
    left = int((pixels.shape[2] - wanted_width) / 2)
    return pixels[:, top : top + wanted_height, left : left + wanted_width]


def to_patches(pixels: UInt8[Tensor, "3 height width"], patch: int) -> UInt8[Tensor, "patches values"]:
    """Rows of patches, left to right and top to bottom; inside one: row, column, channel."""
    rows, columns = pixels.shape[1] // patch, pixels.shape[2] // patch
    cut = pixels.reshape(3, rows, patch, columns, patch).permute(1, 3, 2, 4, 0)
    return cut.reshape(rows * columns, patch * patch * 3)


def normalise(pixels: UInt8[Tensor, "*shape"], recipe: PixelRecipe, *, channel: int) -> Float[Tensor, "*shape"]:
    """8-bit values to what the tower was trained on: fp32 of the same shape.

    Args:
        pixels: Any shape; ``channel`` says which axis holds the colours, or whole patches with the colours last.
        recipe: Scale, mean and deviation.
        channel: Axis of the colours. With -1, it may hold several pixels of three colours each.

    The scale is folded into mean and deviation, ``(x - mean/scale) / (std/scale)``, as the reference does: the
    obvious ``(x * scale - mean) / std`` rounds differently.
    """
    values = pixels.to(torch.float32)
    if recipe.mean is None or recipe.std is None:
        return values if recipe.scale is None else values * recipe.scale
    factor = 1.0 if recipe.scale is None else 1.0 / recipe.scale
    mean, std = (_on_device(each, factor, pixels.device) for each in (recipe.mean, recipe.std))
    repeats = pixels.shape[channel] // len(recipe.mean)
    shape = [1] * pixels.ndim
    shape[channel] = -1
    return values.sub_(mean.repeat(repeats).view(shape)).div_(std.repeat(repeats).view(shape))


@functools.lru_cache(maxsize=64)
def _on_device(numbers: tuple[float, ...], factor: float, device: torch.device) -> Float[Tensor, " numbers"]:
    """Kept there: to bring them anew for each batch would be to wait for the device."""
    return torch.tensor(numbers, device=device) * factor
