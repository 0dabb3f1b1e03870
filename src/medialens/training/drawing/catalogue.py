"""All kinds of pictures, and the four things one does with a scene: invent, draw, describe, check."""

from __future__ import annotations

import random
from typing import Literal

from PIL import Image

from medialens.training.drawing import charts, clips, documents, screens, shapes, things
from medialens.training.drawing.scene import Kind, Scene, Size
from medialens.training.language.speaker import Caption, Speaker

KINDS: dict[str, Kind] = {
    kind.name: kind for module in (shapes, things, charts, screens, documents, clips) for kind in module.KINDS
}
Split = Literal["train", "held_out"]

_SWAPS = (("first colour", "second colour"), ("first shape", "second shape"))
_SWAP_SHARE = 0.35
_N_LOOKED_AT = 24


def invent(chance: random.Random, *, split: Split = "train", kind: str | None = None) -> Scene:
    """A random scene of one side of the split; of any kind, or of the one named."""
    name = kind or chance.choices(list(KINDS), [each.weight for each in KINDS.values()])[0]
    while True:
        scene = Scene(name, KINDS[name].invent(chance))
        if scene.held_out == (split == "held_out"):
            return scene


def invent_rival(scene: Scene, chance: random.Random, *, split: Split = "train") -> Scene | None:
    """A scene that is nearly the same: of two things that stand in a relation, often with something swapped.

    Otherwise, one fact is another where facts of the kind are free to change alone, and few facts are where they hang
    together: the nearest of some scenes is taken. None if all looked at are on the other side of the split.
    """
    if scene.kind == "relation" and chance.random() < _SWAP_SHARE:
        one, other = chance.choice(_SWAPS)
        swapped = {**scene.facts, one: scene.facts[other], other: scene.facts[one]}
        return _on_side(Scene(scene.kind, swapped), scene, split)
    kind = KINDS[scene.kind]
    found = [Scene(scene.kind, kind.invent(chance)) for _ in range(_N_LOOKED_AT)]
    if kind.free_facts:
        name = chance.choice(kind.free_facts)
        found = [Scene(scene.kind, {**scene.facts, name: other.facts[name]}) for other in found]
    fit = [rival for other in found if (rival := _on_side(other, scene, split)) is not None]
    return min(fit, key=lambda rival: n_differences(scene, rival), default=None)


def rearrange(scene: Scene) -> list[Scene]:
    """All scenes of the same things, put together otherwise; of both sides of the split.

    Two things in other places, in each other's colours or shapes; a clip whose things change parts, or in which
    something else happens; the same things in another number. None for kinds that cannot be rearranged.
    """
    others = [Scene(scene.kind, {**scene.facts, **change}) for change in KINDS[scene.kind].rearrange(scene.facts)]
    seen = [other for other in others if other.kind != "relation" or shapes.can_be_seen(other.facts)]
    return list({other.key: other for other in seen if other.facts != scene.facts}.values())


def n_differences(scene: Scene, other: Scene) -> int:
    """How many facts of two scenes of one kind differ."""
    return sum(other.facts[name] != value for name, value in scene.facts.items())


def _on_side(rival: Scene, scene: Scene, split: Split) -> Scene | None:
    """The rival, if it is another scene, can be seen, and lies on that side of the split."""
    facts = rival.facts
    seen = scene.kind != "relation" or shapes.can_be_seen(facts)
    right_side = rival.held_out == (split == "held_out")
    return rival if rival.facts != scene.facts and seen and right_side else None


def draw(scene: Scene, size: Size, chance: random.Random) -> Image.Image:
    """An RGB picture of the scene, (width, height) pixels."""
    return KINDS[scene.kind].draw(scene.facts, size, chance)


def film(scene: Scene, size: Size, chance: random.Random) -> clips.Film | None:
    """For a scene in which something happens, its frames as a function of time from 0 to 1; else None."""
    shown = KINDS[scene.kind].film
    return shown(scene.facts, size, chance) if shown else None


def describe(scene: Scene, speaker: Speaker, *, full: bool = True) -> Caption:
    """A caption of the scene; one that is not `full` leaves facts out, down to a single word."""
    phrase, facts = KINDS[scene.kind].describe(scene.facts, speaker, full)
    return Caption(phrase, facts, full)


def truths(scene: Scene) -> frozenset[str]:
    """Every statement that a caption may make of the scene and be right."""
    return KINDS[scene.kind].truths(scene.facts)
