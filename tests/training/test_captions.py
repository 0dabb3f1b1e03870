from __future__ import annotations

import random
import re

import pytest

from medialens.training.captions import deny, say
from medialens.training.drawing import KINDS, Scene, describe, invent
from medialens.training.language.speaker import Speaker
from medialens.training.language.words import SEEN

_DENIED = re.compile(r",? (?:not|and not|but not) (?:an? )?(.+)$")


def _circle():
    return Scene("shape", {"shape": "circle", "colour": "red", "size": "small", "position": "top"})


def test_a_denial_names_what_the_scene_is_not_and_a_noun_with_its_article():
    seen = set()
    for seed in range(200):
        text = deny("a red circle", _circle(), Speaker(random.Random(seed)))
        assert text.startswith("a red circle")
        word = _DENIED.search(text)[1]
        (concept,) = [concept for concept in SEEN if word in SEEN[concept]]
        assert concept not in {"red", "circle"}
        is_colour = concept in {
            "orange",
            "yellow",
            "green",
            "turquoise",
            "blue",
            "purple",
            "pink",
            "brown",
            "black",
            "grey",
        }
        assert bool(re.search(r"not an? ", text)) != is_colour
        seen.add(concept)
    assert {"blue", "square"} <= seen


def test_what_has_nothing_to_deny_stays_as_it_is():
    scene = Scene("table", {"rows": "2", "columns": "3", "header": "red", "topic": "sales"})
    assert deny("a table", scene, Speaker(random.Random(0))) == "a table"


@pytest.mark.parametrize("kind", ["shape", "count", "thing", "chart", "screen", "document", "clip"])
def test_denials_are_never_of_the_scenes_own_facts(kind):
    chance = random.Random(kind)
    for _ in range(200):
        scene = invent(chance, kind=kind)
        text = deny("this", scene, Speaker(chance))
        word = _DENIED.search(text)[1]
        own = {scene.facts.get(name) for name in ("colour", "shape", "thing", "chart", "screen", "document")}
        assert not any(word in SEEN[value] for value in own if value)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said_keeps_the_facts_of_its_description(kind):
    chance = random.Random(kind)
    for _ in range(100):
        scene = invent(chance, kind=kind)
        caption = say(scene, chance)
        whole = describe(scene, Speaker(chance)).facts
        assert caption.text
        assert caption.facts == whole or not caption.full


def test_people_say_all_or_part_in_a_sentence_or_not_and_seldom_deny():
    chance = random.Random("shares")
    captions = [say(_circle(), chance) for _ in range(3000)]
    full = sum(caption.full for caption in captions) / len(captions)
    denied = sum(bool(re.search(r"(,| and| but) not ", caption.text)) for caption in captions) / len(captions)
    assert 0.65 < full < 0.75
    assert 0.03 < denied < 0.09
    assert all(caption.full for caption in captions if " not " in caption.text)


def test_the_same_chance_says_the_same():
    assert say(_circle(), random.Random(3)) == say(_circle(), random.Random(3))
