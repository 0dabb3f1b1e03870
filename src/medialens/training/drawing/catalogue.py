"""All kinds of pictures, and the four things one does with a scene: invent, draw, describe, check."""

from __future__ import annotations

import random
from typing import Literal

from PIL import Image

from medialens.training.drawing import charts, documents, screens, shapes, things
from medialens.training.drawing.scene import Kind, Scene, Size
from medialens.training.language.speaker import Caption, Speaker

KINDS: dict[str, Kind] = {
    kind.name: kind for module in (shapes, things, charts, screens, documents) for kind in module.KINDS
}
Split = Literal["train", "held_out"]

# What may change alone. A shape twice, because it is what a network sees last.
_FREE_FACTS = {
    "shape": ("shape", "shape", "colour", "size"),
    "count": ("shape", "count", "colour"),
    "relation": ("first shape", "first colour"),
}


def invent(chance: random.Random, *, split: Split = "train", kind: str | None = None) -> Scene:
    """A random scene of one side of the split; of any kind, or of the one named."""
    name = kind or chance.choices(list(KINDS), [each.weight for each in KINDS.values()])[0]
    while True:
        scene = Scene(name, KINDS[name].invent(chance))
        if scene.held_out == (split == "held_out"):
            return scene


def invent_rival(scene: Scene, chance: random.Random) -> Scene | None:
    """A scene of the training side that differs in one fact only; None for kinds whose facts hang together."""
    if scene.kind not in _FREE_FACTS:
        return None
    while True:
        fact = chance.choice(_FREE_FACTS[scene.kind])
        rival = Scene(scene.kind, {**scene.facts, fact: KINDS[scene.kind].invent(chance)[fact]})
        hidden = rival.kind == "relation" and rival.facts["first colour"] == rival.facts["second colour"]
        if rival != scene and not rival.held_out and not hidden:
            return rival


def draw(scene: Scene, size: Size, chance: random.Random) -> Image.Image:
    """An RGB picture of the scene, (width, height) pixels."""
    return KINDS[scene.kind].draw(scene.facts, size, chance)


def describe(scene: Scene, speaker: Speaker, *, full: bool = True) -> Caption:
    """A caption of the scene; one that is not `full` leaves facts out, down to a single word."""
    phrase, facts = KINDS[scene.kind].describe(scene.facts, speaker, full)
    return Caption(phrase, facts, full)


def truths(scene: Scene) -> frozenset[str]:
    """Every statement that a caption may make of the scene and be right."""
    return KINDS[scene.kind].truths(scene.facts)
