"""Held-out galleries: pictures that training never saw, each with one query that means it and no other."""

from __future__ import annotations

import dataclasses
import random

from PIL import Image

from medialens.training.drawing import Scene, describe, invent
from medialens.training.drawing.catalogue import Split
from medialens.training.examples import picture
from medialens.training.language.speaker import Speaker

_GIVE_UP_AFTER = 1000


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Gallery:
    """Aligned: picture i shows scene i, and query i asks for it, in a sentence."""

    scenes: tuple[Scene, ...]
    pictures: tuple[Image.Image, ...]
    queries: tuple[str, ...]


def make_gallery(  # noqa: PLR0913  # each is one thing that a measurement varies
    count: int,
    *,
    seed: int,
    kind: str | None = None,
    split: Split = "held_out",
    unseen_words: bool = False,
    unseen_frames: bool = False,
) -> Gallery:
    """A gallery of `count` different scenes.

    Args:
        count: How many; less where the kind has fewer combinations on that side of the split.
        seed: Same seed, same gallery.
        kind: One kind of picture only; None mixes them as training does.
        split: Combinations that training never saw, or those that it may have seen.
        unseen_words: Every query has one synonym that training never uses, among words that it does use.
        unseen_frames: Every query stands in a sentence that training never uses.
    """
    chance = random.Random(f"gallery/{seed}")
    chosen = _choose(count, chance, kind, split)
    return Gallery(
        scenes=chosen,
        pictures=tuple(picture(scene, chance) for scene in chosen),
        queries=tuple(_ask(scene, chance, unseen_words, unseen_frames) for scene in chosen),
    )


def _choose(count: int, chance: random.Random, kind: str | None, split: Split) -> tuple[Scene, ...]:
    scenes: dict[str, Scene] = {}
    n_stale = 0
    while len(scenes) < count and n_stale < _GIVE_UP_AFTER:
        scene = invent(chance, split=split, kind=kind)
        n_stale = n_stale + 1 if scene.key in scenes else 0
        scenes[scene.key] = scene
    return tuple(scenes.values())


def _ask(scene: Scene, chance: random.Random, unseen_words: bool, unseen_frames: bool) -> str:
    for _ in range(200):
        speaker = Speaker(chance, unseen_words=unseen_words, unseen_frames=unseen_frames)
        text = speaker.frame(describe(scene, speaker).text)
        if speaker.said_unseen(text) or not unseen_words:
            return text
    return text  # a kind whose words all have no unseen synonym
