import random

import pytest
import torch

from medialens.training.drawing import KINDS, Scene, describe, invent
from medialens.training.drawing.clips import MOTIONS
from medialens.training.facts import NOT_TOLD, FactTable, fact_values, label_caption, label_picture, name_facts
from medialens.training.language.speaker import Caption, Speaker
from medialens.training.language.words import READABLE


def _told(labels):
    """Labels back to facts."""
    rows = zip(fact_values().items(), labels, strict=True)
    return {name: values[label] for (name, values), label in rows if label != NOT_TOLD}


@pytest.mark.parametrize("kind", KINDS)
def test_a_pictures_labels_are_its_facts(kind):
    chance = random.Random(kind)
    for _ in range(50):
        scene = invent(chance, kind=kind)
        assert _told(label_picture(scene)) == name_facts(scene)


@pytest.mark.parametrize("kind", KINDS)
def test_a_captions_labels_are_what_it_states(kind):
    chance = random.Random(kind)
    for full in (True, False) * 50:
        scene = invent(chance, kind=kind)
        caption = describe(scene, Speaker(chance), full=full)
        told = _told(label_caption(scene, caption))
        assert told.items() <= name_facts(scene).items()
        if full:
            assert told == name_facts(scene)
        else:
            assert {f"{name}={value}" for name, value in told.items()} <= caption.facts


def _letters(facts):
    return "".join(facts[f"letter {position}"] for position in range(8))


def test_a_known_word_is_told_whole_and_letter_by_letter():
    facts = name_facts(Scene("word", {"word": "tea", "letters": "red", "ground": "white"}))
    assert facts["word"] == "tea"
    assert _letters(facts) == "tea-----"


def test_an_invented_word_is_told_letter_by_letter_alone():
    facts = name_facts(Scene("word", {"word": "vuzigo", "letters": "red", "ground": "white"}))
    assert "word" not in facts
    assert _letters(facts) == "vuzigo--"


def test_every_word_that_can_be_told_whole_is_readable():
    assert set(fact_values()["word"]) == set(READABLE)


def test_a_clips_motion_and_company_are_facts():
    assert set(fact_values()["motion"]) == set(MOTIONS)
    assert "" in fact_values()["second colour"]


def test_a_value_that_no_scene_has_is_not_told():
    scene = Scene("shape", {"shape": "banana", "colour": "red", "size": "small", "position": "top"})
    assert _told(label_picture(scene)) == {"colour": "red", "size": "small", "position": "top"}
    assert _told(label_caption(scene, Caption("red", frozenset({"colour=red"}), full=False))) == {"colour": "red"}


def test_the_loss_is_the_mean_cross_entropy_of_what_is_told():
    torch.manual_seed(0)
    table = FactTable(12)
    features, names = torch.randn(4, 12), list(fact_values())
    labels = torch.full((4, len(names)), NOT_TOLD)
    labels[0, names.index("colour")], labels[0, names.index("shape")], labels[2, names.index("rows")] = 3, 1, 0
    expected, start = [], 0
    for column, values in enumerate(fact_values().values()):
        directions = table.directions[start : start + len(values)]
        start += len(values)
        for row in range(4):
            if labels[row, column] != NOT_TOLD:
                cosines = 16.0 * (features[row] / features[row].norm()) @ directions.T
                expected.append(torch.logsumexp(cosines, 0) - cosines[labels[row, column]])
    assert len(expected) == 3
    loss = table.loss(features, labels).detach()
    assert float(loss) == pytest.approx(float(torch.stack(expected).mean().detach()), rel=1e-5)


def test_nothing_told_costs_nothing():
    labels = torch.full((2, len(fact_values())), NOT_TOLD)
    assert float(FactTable(8).loss(torch.randn(2, 8), labels).detach()) == 0.0
