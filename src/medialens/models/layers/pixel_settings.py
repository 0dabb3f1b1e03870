"""The settings files of image processors, read into a `PixelRecipe`. All foreign key names are here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from medialens.errors import RepositoryError
from medialens.models.layers.pixels import PixelRecipe, Resample

_CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073]
_CLIP_STD = [0.26862954, 0.26130258, 0.27577711]
_HALF = [0.5, 0.5, 0.5]

_LONGEST_SIDE = 16384
"""Of what a vision tower takes, in pixels or patches: far beyond any, and still something that can be computed."""

_BICUBIC, _BILINEAR = 3, 2  # PIL's numbers, which the files use
_RESAMPLES: dict[int, Resample] = {0: "nearest-exact", 1: "lanczos", 2: "bilinear", 3: "bicubic"}

_CLIP = {
    "size": {"shortest_edge": 224},
    "crop_size": {"height": 224, "width": 224},
    "do_center_crop": True,
    "resample": _BICUBIC,
    "image_mean": _CLIP_MEAN,
    "image_std": _CLIP_STD,
    "square": False,
}
_SQUARE = {"size": {"height": 224, "width": 224}, "image_mean": _HALF, "image_std": _HALF, "square": True}

# What each processor assumes where its file is silent. "square": how a bare number in `size` is meant.
_DEFAULTS: dict[str, dict[str, Any]] = {
    "CLIP": _CLIP,
    "ChineseCLIP": _CLIP,
    "Bit": _CLIP,
    "Siglip": {**_SQUARE, "resample": _BICUBIC},
    "ViT": {**_SQUARE, "resample": _BILINEAR},
    "DeiT": {
        **_SQUARE,
        "size": {"height": 256, "width": 256},
        "crop_size": {"height": 224, "width": 224},
        "do_center_crop": True,
        "resample": _BICUBIC,
    },
    "Siglip2": {
        "resample": _BILINEAR,
        "image_mean": _HALF,
        "image_std": _HALF,
        "patch_size": 16,
        "max_num_patches": 256,
    },
}


def processor_kind(settings: Mapping[str, Any]) -> str:
    """The processor's name without the endings of its many classes: ``CLIPImageProcessorFast`` is ``CLIP``."""
    name = str(settings.get("image_processor_type") or settings.get("feature_extractor_type") or "")
    for ending in ("Fast", "Pil"):
        name = name.removesuffix(ending)
    return name.removesuffix("ImageProcessor").removesuffix("FeatureExtractor")


def why_no_recipe(settings: Mapping[str, Any]) -> str | None:
    """Why `read_pixel_recipe` would refuse, in a few words; None if it would not."""
    if not settings:
        return "no preprocessor_config.json or processor_config.json"
    kind = processor_kind(settings)
    return None if kind in _DEFAULTS else f"image processor {kind or 'without a type'!r}"


def read_pixel_recipe(settings: Mapping[str, Any], *, repository: str) -> PixelRecipe:
    """What the settings of an image processor say.

    Args:
        settings: ``preprocessor_config.json`` or its like, with any overrides of the caller's.
        repository: Name, for messages.

    Raises:
        RepositoryError: The settings ask for something that is not reproduced here, or contradict themselves.
    """
    reason = why_no_recipe(settings)
    if reason is not None:
        msg = f"{repository!r}: {reason}, expected one of {', '.join(_DEFAULTS)}"
        raise RepositoryError(msg, repository=repository)
    try:
        recipe = _read_told(settings, repository)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError) as error:
        msg = f"{repository!r}: the image processor's settings cannot be read: {type(error).__name__}: {error}"
        raise RepositoryError(msg, repository=repository) from error
    _check(recipe, repository)
    return recipe


def _read_told(settings: Mapping[str, Any], repository: str) -> PixelRecipe:
    told = {
        **_DEFAULTS[processor_kind(settings)],
        **{key: value for key, value in settings.items() if value is not None},
    }
    height_width, shortest_edge = _read_size(told, repository)
    normalised = told.get("do_normalize", True)
    return PixelRecipe(
        size=height_width,
        shortest_edge=shortest_edge,
        resample=_read_resample(told, repository),
        crop=_read_crop(told, repository),
        scale=float(told.get("rescale_factor", 1 / 255)) if told.get("do_rescale", True) else None,
        mean=_three(told["image_mean"]) if normalised else None,
        std=_three(told["image_std"]) if normalised else None,
        patch=told.get("patch_size") if "max_num_patches" in told else None,
        max_patches=told.get("max_num_patches"),
    )


def _read_size(told: Mapping[str, Any], repository: str) -> tuple[tuple[int, int] | None, int | None]:
    """(height, width) or the shorter side; older files have a bare number, which means either."""
    if not told.get("do_resize", True) or "max_num_patches" in told:
        return None, None
    size = told["size"]
    if isinstance(size, int):
        return ((size, size), None) if told["square"] else (None, size)
    if isinstance(size, (list, tuple)):
        return (int(size[0]), int(size[1])), None
    if "height" in size and "width" in size:
        return (int(size["height"]), int(size["width"])), None
    if size.get("shortest_edge") and not size.get("longest_edge"):
        return None, int(size["shortest_edge"])
    msg = f"{repository!r}: size={dict(size)!r} of the image processor; expected height and width, or shortest_edge"
    raise RepositoryError(msg, repository=repository)


def _read_crop(told: Mapping[str, Any], repository: str) -> tuple[int, int] | None:
    if not told.get("do_center_crop", False):
        return None
    crop = told["crop_size"]
    if isinstance(crop, int):
        return crop, crop
    if "height" in crop and "width" in crop:
        return int(crop["height"]), int(crop["width"])
    msg = f"{repository!r}: crop_size={dict(crop)!r} of the image processor; expected height and width"
    raise RepositoryError(msg, repository=repository)


def _read_resample(told: Mapping[str, Any], repository: str) -> Resample:
    if told["resample"] in _RESAMPLES:
        return _RESAMPLES[told["resample"]]
    msg = f"{repository!r}: resample={told['resample']!r} of the image processor; expected one of {list(_RESAMPLES)}"
    raise RepositoryError(msg, repository=repository)


def _check(recipe: PixelRecipe, repository: str) -> None:
    """Refuse, once, what every picture would fail with."""
    sides = [*(recipe.size or ()), *(recipe.crop or ()), recipe.shortest_edge, recipe.patch, recipe.max_patches]
    bad = [side for side in sides if side is not None and not (isinstance(side, int) and 1 <= side <= _LONGEST_SIDE)]
    if bad:
        msg = f"{repository!r}: the image processor asks for a size of {bad[0]!r}, expected 1 to {_LONGEST_SIDE}"
        raise RepositoryError(msg, repository=repository)
    numbers = [(3, recipe.mean), (3, recipe.std), (1, None if recipe.scale is None else (recipe.scale,))]
    for count, values in numbers:
        if values is not None and not (len(values) == count and all(map(math.isfinite, values))):
            msg = f"{repository!r}: the image processor normalises by {values!r}, expected {count} finite numbers"
            raise RepositoryError(msg, repository=repository)
    if recipe.std is not None and 0.0 in recipe.std:
        msg = f"{repository!r}: the image processor divides by image_std={recipe.std!r}, which has a zero"
        raise RepositoryError(msg, repository=repository)


def _three(values: Any) -> tuple[float, ...]:
    """A value a colour; one number stands for all three."""
    return (float(values),) * 3 if isinstance(values, (int, float)) else tuple(float(value) for value in values)
