"""The scenes as files: PNG and JPEG pictures of different sizes, and clips as animated GIFs."""

from __future__ import annotations

import random
from pathlib import Path

from medialens.demo.scenes import SCENES
from medialens.media.moments import moments
from medialens.training.drawing import Scene, draw, film

_SIZES = ((480, 320), (300, 300), (240, 360), (640, 420), (200, 200), (360, 300), (512, 512), (150, 110))
_CLIP_SIZES = ((160, 120), (140, 140), (120, 160), (200, 150))
_N_FRAMES, _FRAME_MS = 16, 100


def draw_files(folder: Path, *, clips: bool = True) -> list[Path]:
    """Draws every scene into `folder`, the same files each time; without `clips`, only those that stand still."""
    folder.mkdir(parents=True, exist_ok=True)
    scenes = {name: scene for name, scene in SCENES.items() if clips or scene.kind != "clip"}
    return [draw_file(scene, folder / name, f"demo/{name}") for name, scene in scenes.items()]


def draw_file(scene: Scene, path: Path, seed: str) -> Path:
    """Draws the scene: a picture as the suffix says, or an animated GIF of what happens in it."""
    chance = random.Random(seed)
    shown = film(scene, chance.choice(_CLIP_SIZES), chance) if scene.kind == "clip" else None
    if shown is None:
        draw(scene, chance.choice(_SIZES), chance).save(path, quality=90)
        return path
    first, *others = [shown(time) for time in moments(_N_FRAMES)]
    first.save(path, save_all=True, append_images=others, duration=_FRAME_MS, loop=0)
    return path
