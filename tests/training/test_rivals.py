from __future__ import annotations

import itertools
import random

import pytest

from medialens.training.drawing import invent, invent_rival
from medialens.training.examples import make_examples


@pytest.mark.parametrize("kind", ["shape", "count", "relation"])
def test_a_rival_differs_in_one_fact_and_is_not_held_out(kind):
    chance = random.Random(kind)
    for _ in range(200):
        scene = invent(chance, kind=kind)
        rival = invent_rival(scene, chance)
        assert rival is not None
        assert rival.kind == kind
        assert not rival.held_out
        assert rival.facts.keys() == scene.facts.keys()
        assert sum(rival.facts[name] != scene.facts[name] for name in scene.facts) == 1


def test_kinds_whose_facts_hang_together_have_no_rivals():
    chance = random.Random(0)
    assert invent_rival(invent(chance, kind="chart"), chance) is None


def test_training_sees_many_rivals_and_the_same_ones_each_time():
    first, again = (make_examples(3, 1, 64, kinds=("shape",)) for _ in range(2))
    assert [one.scene for one in first] == [one.scene for one in again]
    changes = [
        sum(one.scene.facts[name] != other.scene.facts[name] for name in one.scene.facts)
        for one, other in itertools.pairwise(first)
    ]
    assert changes.count(1) >= len(changes) / 2
