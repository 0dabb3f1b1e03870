"""Held-out galleries: scenes that training never saw, each with one query that means it and no other."""

from __future__ import annotations

import dataclasses
import functools
import random
from collections.abc import Sequence
from typing import Literal

import numpy as np
from PIL import Image as Pillow

from medialens.inputs import Image, Video
from medialens.media.moments import moments
from medialens.training.captions import deniable, deny
from medialens.training.drawing import KINDS, Scene, describe, film, invent
from medialens.training.drawing.catalogue import Split
from medialens.training.examples import picture
from medialens.training.language.speaker import Speaker

Wording = Literal["usual", "unseen frame", "unseen word", "denial"]
"""How queries are put: as in training; in a sentence that training never uses; with one synonym that it never uses,
among words that it does use; or with what the scene is not."""

N_FRAMES = 12
_CLIP_SIDES = (96, 160)  # pixels
_GIVE_UP_AFTER = 1000


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Gallery:
    """Scenes and what is asked, aligned: query i asks for scene i, in a sentence.

    Attributes:
        scenes: All different.
        queries: One each.
        seed: Of how they are drawn.
    """

    scenes: tuple[Scene, ...]
    queries: tuple[str, ...]
    seed: int

    @functools.cached_property
    def documents(self) -> tuple[Image | Video, ...]:
        """The scenes as a public handle takes them: pictures, and clips where something happens."""
        return tuple(draw_document(scene, f"{self.seed}/{at}") for at, scene in enumerate(self.scenes))

    @functools.cached_property
    def pictures(self) -> tuple[Pillow.Image, ...]:
        """The scenes as the embedded networks look at them, clips on their sheets."""
        return tuple(picture(scene, _chance(f"{self.seed}/{at}")) for at, scene in enumerate(self.scenes))


def draw_document(scene: Scene, seed: str) -> Image | Video:
    """A picture of the scene, or a clip of `N_FRAMES` frames at equal steps; drawn the same for the same seed."""
    chance = _chance(seed)
    shown = film(scene, (chance.randint(*_CLIP_SIDES), chance.randint(*_CLIP_SIDES)), chance)
    if shown is None:
        return Image(picture(scene, _chance(seed)))
    return Video(np.stack([np.asarray(shown(time)) for time in moments(N_FRAMES)]))


def make_gallery(
    count: int,
    *,
    seed: int,
    kinds: Sequence[str] = tuple(KINDS),
    split: Split = "held_out",
    wording: Wording = "usual",
) -> Gallery:
    """A gallery of `count` different scenes.

    Args:
        count: How many; less where the kinds have fewer combinations on that side of the split.
        seed: Same seed, same gallery.
        kinds: Of pictures, mixed as training does.
        split: Combinations that training never saw, or those that it may have seen.
        wording: Of the queries. With denials, only scenes of which something can be denied.
    """
    chance = random.Random(f"gallery/{seed}")
    scenes = _choose(count, chance, kinds, split, wording)
    return Gallery(scenes=scenes, queries=tuple(_ask(scene, chance, wording) for scene in scenes), seed=seed)


def _chance(seed: str) -> random.Random:
    return random.Random(f"picture/{seed}")


def _choose(
    count: int, chance: random.Random, kinds: Sequence[str], split: Split, wording: Wording
) -> tuple[Scene, ...]:
    weights = [KINDS[kind].weight for kind in kinds]
    scenes: dict[str, Scene] = {}
    n_stale = 0
    while len(scenes) < count and n_stale < _GIVE_UP_AFTER:
        scene = invent(chance, split=split, kind=chance.choices(kinds, weights)[0])
        n_stale += 1
        if scene.key not in scenes and (wording != "denial" or _can_be_denied(scene)):
            scenes[scene.key], n_stale = scene, 0
    return tuple(scenes.values())


def _can_be_denied(scene: Scene) -> bool:
    """Not in company: what is denied of one thing may be true of the other."""
    return bool(deniable(scene)) and not scene.facts.get("second shape")


def _ask(scene: Scene, chance: random.Random, wording: Wording) -> str:
    for _ in range(200):
        speaker = Speaker(chance, unseen_words=wording == "unseen word", unseen_frames=wording == "unseen frame")
        phrase = describe(scene, speaker).text
        text = speaker.frame(deny(phrase, scene, speaker) if wording == "denial" else phrase)
        if speaker.said_unseen(text) or wording != "unseen word":
            return text
    return text  # a kind whose words all have no unseen synonym
