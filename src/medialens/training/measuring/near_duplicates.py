"""Galleries in which every scene has near-duplicates: what an embedder confuses, and a reranker is there for."""

from __future__ import annotations

import random

from medialens.training.drawing import Scene, describe, invent, invent_rival
from medialens.training.language.speaker import Speaker
from medialens.training.measuring.gallery import Gallery

CLUSTER_SIZE = 20
_PATIENCE = 80


def make_crowded_gallery(count: int, *, seed: int, size: int = CLUSTER_SIZE) -> Gallery:
    """A gallery of scenes that training never saw, in clusters: a scene with rivals of it and of its rivals.

    Args:
        count: How many scenes; all different, rounded up to whole clusters.
        seed: Same seed, same gallery.
        size: Scenes in a cluster.
    """
    chance = random.Random(f"near-duplicates/{seed}")
    scenes: dict[str, Scene] = {}
    while len(scenes) < count:
        cluster = _grow(chance, size)
        if len(cluster) == size and not cluster.keys() & scenes.keys():
            scenes |= cluster
    return Gallery(
        scenes=tuple(scenes.values()), queries=tuple(_ask(one, chance) for one in scenes.values()), seed=seed
    )


def _grow(chance: random.Random, size: int) -> dict[str, Scene]:
    """A cluster by the keys of its scenes; smaller where rivals cannot be found with reasonable patience."""
    cluster = {scene.key: scene for scene in [invent(chance, split="held_out")]}
    for _ in range(_PATIENCE):
        if len(cluster) == size:
            break
        rival = invent_rival(chance.choice(list(cluster.values())), chance, split="held_out")
        if rival is not None:
            cluster[rival.key] = rival
    return cluster


def _ask(scene: Scene, chance: random.Random) -> str:
    speaker = Speaker(chance)
    return speaker.frame(describe(scene, speaker).text)
