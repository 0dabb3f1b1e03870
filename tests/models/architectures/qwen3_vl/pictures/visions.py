"""Recipes of vision for the tests of Qwen3-VL, from settings as files have them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.running import picture

from medialens.hub.manifest import Manifest
from medialens.hub.modules import Module
from medialens.hub.repository import Repository
from medialens.models.architectures.qwen3_vl.pictures.vision_recipe import VisionRecipe
from medialens.models.architectures.qwen3_vl.pictures.vision_settings import read_vision_recipe

HALF = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
STILL = {**HALF, "patch_size": 16, "size": {"shortest_edge": 4 * 1024, "longest_edge": 64 * 1024}}
CLIP = {**HALF, "patch_size": 16, "size": {"shortest_edge": 4 * 1024, "longest_edge": 128 * 1024}}
CLIPS: list[tuple[list[Any], dict[str, Any]]] = [
    ([picture(*size, seed).pixels for seed in range(n_frames)], {"cap_pixels_per_frame": capped, **more})
    for n_frames, size, capped, more in [
        (2, (31, 37), False, {}),
        (3, (97, 89), False, {}),
        (5, (120, 160), True, {}),
        (9, (20, 700), True, {"max_video_tokens": 6}),
    ]
]
"""Frames, and what else the video processor is told. Changing one means recording anew."""
VISION = {"patch_size": 16, "temporal_patch_size": 2, "spatial_merge_size": 2}


def vision_recipe(
    *,
    still: Mapping[str, Any] = STILL,
    clip: Mapping[str, Any] = CLIP,
    asked: Mapping[str, Any] | None = None,
    plain: bool = False,
    vision: Mapping[str, Any] = VISION,
) -> VisionRecipe:
    modules = () if plain else (Module(kind="Transformer", type="Transformer", path="", config={}),)
    manifest = Manifest(
        repository=Repository(name="x", folder=Path()),
        folder=Path(),
        config={"vision_config": vision},
        modules=modules,
        image_processor=still,
        video_processor=clip,
    )
    return read_vision_recipe(manifest, asked or {})
