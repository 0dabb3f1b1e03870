"""What people type of a scene: mostly all of it, mostly in a sentence, at times with a denial or with a slip."""

from __future__ import annotations

import dataclasses
import random

from medialens.training.drawing import Scene, describe
from medialens.training.facts import fact_values
from medialens.training.language.speaker import Caption, Speaker, with_article
from medialens.training.language.words import SEEN

_FULL_SHARE = 0.7
_FRAME_SHARE = 0.75
_TYPO_SHARE = 0.08
_DENIAL_SHARE = 0.08
# Fact: whether its words are nouns.
_DENIABLE = {"colour": False, "shape": True, "thing": True, "chart": True, "screen": True, "document": True}


def say(scene: Scene, chance: random.Random) -> Caption:
    """One caption as a person may type it."""
    speaker = Speaker(chance)
    caption = describe(scene, speaker, full=speaker.maybe(_FULL_SHARE))
    text = deny(caption.text, scene, speaker) if caption.full and speaker.maybe(_DENIAL_SHARE) else caption.text
    text = speaker.frame(text) if speaker.maybe(_FRAME_SHARE) else text
    text = speaker.mistype(text) if speaker.maybe(_TYPO_SHARE) else text
    return dataclasses.replace(caption, text=text)


def deny(text: str, scene: Scene, speaker: Speaker) -> str:
    """The text with what the scene is not: ``a red circle, not a square``; unchanged where nothing can be denied."""
    names = deniable(scene)
    if not names:
        return text
    name = speaker.chance.choice(names)
    others = [value for value in fact_values()[name] if value in SEEN and value != scene.facts[name]]
    word = speaker.word(speaker.chance.choice(others))
    denied = with_article(word) if _DENIABLE[name] else word
    return text + speaker.one_of(f", not {denied}", f" and not {denied}", f" but not {denied}")


def deniable(scene: Scene) -> list[str]:
    """The names of those of its facts of which another value can be denied."""
    return [name for name in _DENIABLE if scene.facts.get(name)]
