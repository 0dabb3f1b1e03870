"""Galleries in which every scene has near-duplicates: what an embedder confuses, and a reranker is there for."""

from __future__ import annotations

import random
from typing import Final

from medialens.training.drawing import Scene, describe, invent, invent_rival, rearrange
from medialens.training.language.speaker import Speaker
from medialens.training.measuring.gallery import Gallery

KINDS_TO_ARRANGE: Final = ("relation", "count", "word", "clip")
"""Kinds whose scenes can be made of the same things otherwise, or of other letters in the same colours."""

CLUSTER_SIZE = 10
_PATIENCE = 100


def make_crowded_gallery(count: int, *, seed: int, size: int = CLUSTER_SIZE) -> Gallery:
    """A gallery with `count` queries, for scenes that training never saw, and near-duplicates of each of them.

    The kinds take turns while they have scenes left. Near-duplicates are first of all the same things arranged
    otherwise, then scenes that differ in a fact or two; training may have seen those.

    Args:
        count: How many queries; the scenes that they ask for come first, in their order.
        seed: Same seed, same gallery.
        size: Scenes in a cluster, the one that is asked for among them.
    """
    chance = random.Random(f"near-duplicates/{seed}")
    asked: dict[str, Scene] = {}
    others: dict[str, Scene] = {}
    kinds = list(KINDS_TO_ARRANGE)
    while len(asked) < count:
        kind = kinds.pop(0)
        scene = _invent_another(kind, chance, {*asked, *others})
        if scene is not None:
            kinds.append(kind)
            asked[scene.key] = scene
            others |= {one.key: one for one in _near(scene, chance, size - 1) if one.key not in asked}
    scenes = (*asked.values(), *others.values())
    return Gallery(scenes=scenes, queries=tuple(_ask(scene, chance) for scene in asked.values()), seed=seed)


def _invent_another(kind: str, chance: random.Random, taken: set[str]) -> Scene | None:
    """A held-out scene of the kind that is not taken; None where so few are left that none is found."""
    found = (invent(chance, split="held_out", kind=kind) for _ in range(_PATIENCE))
    return next((scene for scene in found if scene.key not in taken), None)


def _near(scene: Scene, chance: random.Random, count: int) -> list[Scene]:
    """As many near-duplicates as asked for; fewer where they cannot be found with reasonable patience."""
    arranged = rearrange(scene)
    found = {one.key: one for one in chance.sample(arranged, min(count, len(arranged)))}
    for _ in range(_PATIENCE):
        if len(found) == count:
            break
        rival = invent_rival(scene, chance)
        if rival is not None:
            found[rival.key] = rival
    return list(found.values())


def _ask(scene: Scene, chance: random.Random) -> str:
    speaker = Speaker(chance)
    return speaker.frame(describe(scene, speaker).text)
