"""The files that say how pictures and clips become patches, read into a `VisionRecipe`. Foreign key names are here.

    preprocessor_config.json        or, as transformers 5 saves it, image_processor inside processor_config.json
    video_preprocessor_config.json  or video_processor there; where there is neither, that of pictures
    processor_kwargs                the caller's, over both, as Sentence Transformers hands them on

Where a file is silent, what transformers' processors assume counts: `Qwen2VLImageProcessor` and
`Qwen3VLVideoProcessor`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from medialens.errors import IncompleteRepositoryError, RepositoryError
from medialens.hub.manifest import Manifest
from medialens.media.frame_rate import FrameRate
from medialens.models.architectures.qwen3_vl.payload import MERGE
from medialens.models.architectures.qwen3_vl.pictures.vision_recipe import VisionRecipe
from medialens.models.layers.pixels import Resample

_TEMPORAL = 2
_LARGEST_LEAST_PIXELS = 2**24  # 16 K tokens: no prompt has room for more

_RESAMPLES: dict[Any, Resample] = {2: "bilinear", 3: "bicubic"}  # PIL's numbers

_BOTH = {"resample": 3, "rescale_factor": 1 / 255, "temporal_patch_size": _TEMPORAL, "merge_size": MERGE}
_STILL = {
    **_BOTH,
    "patch_size": 14,
    "size": {"shortest_edge": 56 * 56, "longest_edge": 28 * 28 * 1280},
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
}
_CLIP = {
    **_BOTH,
    "patch_size": 16,
    "size": {"shortest_edge": 128 * 32 * 32, "longest_edge": 768 * 32 * 32},
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
    "fps": 2,
    "min_frames": 4,
    "max_frames": 768,
    # Without it, a clip of few frames costs as much as a long one. Newer releases of transformers may assume it;
    # what a file leaves open is decided here once, so that no update changes vectors.
    "cap_pixels_per_frame": False,
    "max_video_tokens": 768,
}

# What the models' authors set in their scripts, where a repository has no settings for Sentence Transformers
# (QwenLM/Qwen3-VL-Embedding, src/models/qwen3_vl_embedding.py: MIN_PIXELS, MAX_PIXELS, FPS, MAX_FRAMES,
# FRAME_MAX_PIXELS, and MAX_TOTAL_PIXELS, which counts pairs of frames).
_AUTHORS_STILL = {"size": {"shortest_edge": 4 * 32 * 32, "longest_edge": 1800 * 32 * 32}}
_AUTHORS_CLIP = {
    "size": {"shortest_edge": 4 * 32 * 32, "longest_edge": 2 * 10 * 768 * 32 * 32},
    "fps": 1,
    "max_frames": 64,
    "cap_pixels_per_frame": True,
    "max_video_tokens": 768,
}

_STILL_ONLY = ("min_pixels", "max_pixels")
_CLIP_ONLY = ("fps", "num_frames", "min_frames", "max_frames", "do_sample_frames", "cap_pixels_per_frame")


def read_vision_recipe(manifest: Manifest, asked: Mapping[str, Any]) -> VisionRecipe:
    """What the settings of both processors say.

    Args:
        manifest: The repository. Where it has no modules of Sentence Transformers, bounds and frame rate are those of
            the authors' scripts, not those of its files.
        asked: The caller's ``processor_kwargs``: ``size`` counts for both, ``min_pixels`` and ``max_pixels`` for
            pictures, ``fps`` and what else is about frames for clips. Keys of other processors are left alone.

    Raises:
        IncompleteRepositoryError: There are none.
        RepositoryError: The settings ask for something that is not reproduced here, or contradict themselves or the
            model.
    """
    if not manifest.image_processor:
        msg = (
            f"{manifest.name!r}: no preprocessor_config.json or processor_config.json, which say how pictures become "
            "patches; download the repository again"
        )
        raise IncompleteRepositoryError(msg, repository=manifest.name, missing=("preprocessor_config.json",))
    try:
        still, clip = _settled(manifest, asked)
        recipe = _read(still, clip)
        problem = _unlike(still, clip) or _bad_numbers(recipe) or _bad_bounds(recipe) or _misfit(recipe, manifest)
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
        problem = f"the settings of its processors cannot be read: {type(error).__name__}: {error}"
        raise _refusal(manifest, problem) from error
    if problem:
        raise _refusal(manifest, problem)
    return recipe


def _settled(manifest: Manifest, asked: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings for pictures and for clips, all sources laid over each other."""
    still, clip = {**_STILL, **_told(manifest.image_processor)}, {**_CLIP, **_told(manifest.video_processor)}
    if not manifest.modules:
        still = {**_without(still, _STILL_ONLY), **_AUTHORS_STILL}
        clip = {**clip, **_AUTHORS_CLIP}
    return {**still, **_without(_told(asked), _CLIP_ONLY)}, {**clip, **_without(_told(asked), _STILL_ONLY)}


def _refusal(manifest: Manifest, problem: str) -> RepositoryError:
    return RepositoryError(f"{manifest.name!r}: {problem}", repository=manifest.name)


def _without(settings: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in names}


def _told(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if value is not None}


def _read(still: Mapping[str, Any], clip: Mapping[str, Any]) -> VisionRecipe:
    # `min_pixels` and `max_pixels`, the older names, count before `size`; of clips transformers reads `size` alone.
    min_pixels = still.get("min_pixels", still["size"].get("shortest_edge"))
    max_pixels = still.get("max_pixels", still["size"].get("longest_edge"))
    mean, std, scale = _read_numbers(still)
    return VisionRecipe(
        patch=int(still["patch_size"]),
        temporal_patch=int(still["temporal_patch_size"]),
        merge=int(still["merge_size"]),
        mean=mean,
        std=std,
        scale=scale,
        resample=_RESAMPLES.get(still["resample"], "nearest-exact"),
        min_pixels=int(min_pixels),
        max_pixels=int(max_pixels),
        clip_min_pixels=int(clip["size"]["shortest_edge"]),
        clip_max_pixels=int(clip["size"]["longest_edge"]),
        cap_pixels_per_frame=bool(clip["cap_pixels_per_frame"]),
        max_frame_tokens=int(clip["max_video_tokens"]),
        frame_rate=_read_frame_rate(clip),
    )


def _read_frame_rate(clip: Mapping[str, Any]) -> FrameRate:
    if not clip.get("do_sample_frames", True):
        return FrameRate(fps=None)
    exactly = clip.get("num_frames")
    fewest, most = (exactly, exactly) if exactly else (clip["min_frames"], clip["max_frames"])
    return FrameRate(fps=float(clip["fps"]), min_frames=int(fewest), max_frames=int(most))


def _read_numbers(told: Mapping[str, Any]) -> tuple[tuple[float, ...] | None, tuple[float, ...] | None, float | None]:
    """Mean, deviation and scale."""
    normalised = told.get("do_normalize", True)
    return (
        _three(told["image_mean"]) if normalised else None,
        _three(told["image_std"]) if normalised else None,
        float(told["rescale_factor"]) if told.get("do_rescale", True) else None,
    )


def _three(values: Any) -> tuple[float, ...]:
    return (float(values),) * 3 if isinstance(values, (int, float)) else tuple(float(value) for value in values)


def _unlike(still: Mapping[str, Any], clip: Mapping[str, Any]) -> str | None:
    """What only one kernel and one normalisation for both cannot do, in a few words."""
    for kind, told in (("image", still), ("video", clip)):
        if told["resample"] not in _RESAMPLES:
            return f"resample={told['resample']!r} of the {kind} processor; expected one of {list(_RESAMPLES)}"
        if not told.get("do_resize", True):
            return f"do_resize=False of the {kind} processor; its pictures would not be whole patches"
    for name in ("patch_size", "temporal_patch_size", "merge_size", "resample"):
        if still[name] != clip[name]:
            return f"{name} is {still[name]!r} for images and {clip[name]!r} for videos, expected the same"
    same = _read_numbers(still) == _read_numbers(clip)
    return None if same else "images and videos are normalised by different numbers, expected the same"


def _bad_numbers(recipe: VisionRecipe) -> str | None:
    numbers = [(3, recipe.mean), (3, recipe.std), (1, None if recipe.scale is None else (recipe.scale,))]
    for count, values in numbers:
        if values is not None and not (len(values) == count and all(map(math.isfinite, values))):
            return f"the processors normalise by {values!r}, expected {count} finite numbers"
    if recipe.std is not None and 0.0 in recipe.std:
        return f"the processors divide by image_std={recipe.std!r}, which has a zero"
    return None


def _bad_bounds(recipe: VisionRecipe) -> str | None:
    bounds = {
        "of images": (recipe.min_pixels, recipe.max_pixels),
        "of videos": (recipe.clip_min_pixels, recipe.clip_max_pixels),
        "of frames": (recipe.frame_rate.min_frames, recipe.frame_rate.max_frames),
    }
    for name, (least, most) in bounds.items():
        if not 1 <= least <= most:
            return f"the bounds {name} are {least} and {most}, expected 1 <= least <= most"
    least = max(recipe.min_pixels, recipe.clip_min_pixels)
    if least > _LARGEST_LEAST_PIXELS:  # every picture, however small, would be blown up to that
        return f"no picture or clip has less than {least} pixels, expected a bound of at most {_LARGEST_LEAST_PIXELS}"
    if recipe.frame_rate.fps is not None and not 0 < recipe.frame_rate.fps < math.inf:
        return f"fps={recipe.frame_rate.fps!r} of the video processor, expected a number above 0"
    return None if recipe.max_frame_tokens >= 1 else f"max_video_tokens={recipe.max_frame_tokens}, expected at least 1"


def _misfit(recipe: VisionRecipe, manifest: Manifest) -> str | None:
    vision = manifest.config.get("vision_config") or {}
    expected = {"patch_size": recipe.patch, "temporal_patch_size": recipe.temporal_patch}
    expected["spatial_merge_size"] = recipe.merge
    for name, value in expected.items():
        if vision.get(name, value) != value:
            return f"its processors make {name} {value}, its vision_config has {vision[name]!r}"
    if recipe.merge != MERGE or recipe.temporal_patch != _TEMPORAL:
        return f"it merges {recipe.merge} patches a side and {recipe.temporal_patch} frames, expected {MERGE} and 2"
    return None
