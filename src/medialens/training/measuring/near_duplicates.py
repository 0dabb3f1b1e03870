"""Galleries in which every picture has near-duplicates: what an embedder confuses, and a reranker is there for."""

from __future__ import annotations

import random

from medialens.training.drawing import Scene, invent, invent_rival

CLUSTER_SIZE = 10
_PATIENCE = 40


def make_clusters(count: int, *, seed: int, size: int = CLUSTER_SIZE) -> list[tuple[Scene, ...]]:
    """Clusters of scenes that training never saw, each a scene with rivals of it and of its rivals.

    Args:
        count: How many clusters; all scenes are different.
        seed: Same seed, same clusters.
        size: Scenes in each.
    """
    chance = random.Random(f"near-duplicates/{seed}")
    taken: set[str] = set()
    clusters: list[tuple[Scene, ...]] = []
    while len(clusters) < count:
        cluster = _grow(chance, size, taken)
        if cluster is not None:
            taken |= {scene.key for scene in cluster}
            clusters.append(cluster)
    return clusters


def _grow(chance: random.Random, size: int, taken: set[str]) -> tuple[Scene, ...] | None:
    """A cluster of scenes that are not taken; None where one cannot be found with reasonable patience."""
    cluster = {scene.key: scene for scene in [invent(chance, split="held_out")]}
    for _ in range(_PATIENCE):
        if len(cluster) == size:
            break
        rival = invent_rival(chance.choice(list(cluster.values())), chance, split="held_out")
        if rival is not None:
            cluster[rival.key] = rival
    return tuple(cluster.values()) if len(cluster) == size and not taken & set(cluster) else None
