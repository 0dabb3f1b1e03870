from __future__ import annotations

import random

import numpy as np
import pytest

from medialens.training.drawing import (
    KINDS,
    Scene,
    describe,
    draw,
    invent,
    invent_rival,
    n_differences,
    rearrange,
    truths,
)
from medialens.training.drawing.shapes import can_be_seen
from medialens.training.language.speaker import Speaker

EACH_KIND = pytest.mark.parametrize("kind", KINDS)
FREE = [name for name, kind in KINDS.items() if kind.free_facts]


def _rivals(kind, count, split="train"):
    chance = random.Random(f"rivals/{kind}/{split}")
    scenes = [invent(chance, kind=kind, split=split) for _ in range(count)]
    pairs = [(scene, invent_rival(scene, chance, split=split)) for scene in scenes]
    return [(scene, rival) for scene, rival in pairs if rival is not None]


@EACH_KIND
@pytest.mark.parametrize(("split", "at_least"), [("train", 50), ("held_out", 10)])  # few are held out: one in ten
def test_rivals_are_other_scenes_of_the_kind_on_the_side_that_was_asked_for(kind, split, at_least):
    pairs = _rivals(kind, 60, split)
    assert len(pairs) >= at_least
    for scene, rival in pairs:
        assert rival.kind == kind
        assert rival.facts.keys() == scene.facts.keys()
        assert rival.facts != scene.facts
        assert rival.held_out == (split == "held_out")


@pytest.mark.parametrize("kind", FREE)
def test_where_facts_are_free_one_of_them_changes_or_two_things_swap_it(kind):
    for scene, rival in _rivals(kind, 150):
        assert n_differences(scene, rival) == 1 or _swapped(scene, rival)


def _swapped(scene, rival):
    """Only relations swap: the colours, or the shapes, of the two things."""
    return any(
        rival.facts == {**scene.facts, one: scene.facts[other], other: scene.facts[one]}
        for one, other in (("first colour", "second colour"), ("first shape", "second shape"))
        if one in scene.facts
    )


def test_relations_swap_as_well_as_change():
    swapped = [n_differences(*pair) == 2 for pair in _rivals("relation", 200)]
    assert 0.15 < sum(swapped) / len(swapped) < 0.5


@EACH_KIND
def test_few_facts_change_where_they_hang_together(kind):
    differences = [n_differences(*pair) for pair in _rivals(kind, 60)]
    assert np.median(differences) <= 2
    assert max(differences) < max(4, len(invent(random.Random(0), kind=kind).facts))


def test_both_things_of_a_rival_can_be_seen():
    assert all(can_be_seen(rival.facts) for _, rival in _rivals("relation", 300))
    inside = {"first shape": "star", "relation": "inside", "second shape": "square"}
    assert can_be_seen({**inside, "first colour": "red", "second colour": "blue"})
    assert not can_be_seen({**inside, "first colour": "red", "second colour": "red"})
    assert not can_be_seen({**inside, "first colour": "red", "second colour": "blue", "second shape": "moon"})


@EACH_KIND
def test_a_rival_looks_and_reads_different(kind):
    for scene, rival in _rivals(kind, 25):
        pictures = [np.asarray(draw(one, (96, 96), random.Random("same chance"))) for one in (scene, rival)]
        changed = np.abs(np.subtract(*pictures, dtype=np.int32)).max(axis=2) > 40
        assert changed.mean() > 0.001, (scene.key, rival.key)  # ten pixels of 96 x 96 at the least
        captions = [describe(one, Speaker(random.Random("same words"))) for one in (scene, rival)]
        assert captions[0].facts != captions[1].facts


@pytest.mark.parametrize(("kind", "changes"), [("clip", "motion"), ("count", "count"), ("screen", "theme")])
def test_every_free_fact_has_its_turn(kind, changes):
    changed = {
        name for scene, rival in _rivals(kind, 120) for name, value in scene.facts.items() if rival.facts[name] != value
    }
    assert changed == set(KINDS[kind].free_facts)
    assert changes in changed


def test_differences_are_counted():
    one = Scene("count", {"count": "3", "colour": "red", "shape": "star"})
    assert n_differences(one, one) == 0
    assert n_differences(one, Scene("count", {"count": "3", "colour": "blue", "shape": "ring"})) == 2


def test_none_where_all_that_was_looked_at_is_on_the_other_side(monkeypatch):
    scene = invent(random.Random(0), kind="count")
    monkeypatch.setattr(Scene, "held_out", True)
    assert invent_rival(scene, random.Random(1)) is None


@pytest.mark.parametrize("kind", ["relation", "count", "word", "clip"])
def test_what_is_rearranged_is_made_of_the_same_things(kind):
    chance = random.Random(kind)
    loose = {"relation": {"relation"}, "count": {"count"}, "word": {"word"}, "clip": {"motion"}}[kind]
    for _ in range(100):
        scene = invent(chance, kind=kind)
        others = rearrange(scene)
        assert others
        assert len({other.key for other in others} | {scene.key}) == len(others) + 1
        for other in others:
            kept = [sorted(one.facts[name] for name in one.facts if name not in loose) for one in (scene, other)]
            assert kept[0] == kept[1]
            assert truths(other) != truths(scene)


def test_two_things_have_their_places_colours_and_shapes_exchanged():
    facts = {"first colour": "red", "first shape": "circle", "relation": "above"}
    scene = Scene("relation", {**facts, "second colour": "green", "second shape": "star"})
    told = {
        (one["first colour"], one["first shape"], one["relation"], one["second colour"], one["second shape"])
        for one in (other.facts for other in rearrange(scene))
    }
    assert ("green", "star", "above", "red", "circle") in told
    assert ("green", "circle", "above", "red", "star") in told
    assert ("red", "star", "left of", "green", "circle") in told
    assert ("green", "star", "inside", "red", "circle") in told
    assert not any(one[2] == "inside" and one[4] == "star" for one in told)  # a star has no room
    assert len(told) == 4 * 2 - 1 + 2
