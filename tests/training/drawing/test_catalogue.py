import random

import numpy as np
import pytest

from medialens.training.drawing import KINDS, describe, draw, invent, truths
from medialens.training.language.speaker import Speaker

EACH_KIND = pytest.mark.parametrize("kind", KINDS)


@EACH_KIND
def test_the_same_seed_gives_the_same_picture_and_words(kind):
    def make():
        chance = random.Random("same")
        scene = invent(chance, kind=kind)
        return scene, np.asarray(draw(scene, (96, 96), chance)), describe(scene, Speaker(chance))

    (scene, pixels, caption), (scene_again, pixels_again, caption_again) = make(), make()
    assert scene == scene_again
    assert caption == caption_again
    assert np.array_equal(pixels, pixels_again)


@EACH_KIND
@pytest.mark.parametrize("full", [True, False])
def test_a_caption_states_only_what_is_true(kind, full):
    chance = random.Random(f"truth/{kind}/{full}")
    for _ in range(300):
        scene = invent(chance, kind=kind)
        caption = describe(scene, Speaker(chance), full=full)
        assert caption.text
        assert caption.facts
        assert caption.facts <= truths(scene), (scene, caption)


@EACH_KIND
def test_full_captions_tell_scenes_of_a_kind_apart(kind):
    chance = random.Random(f"apart/{kind}")
    said = {}
    for _ in range(400):
        scene = invent(chance, kind=kind)
        facts = describe(scene, Speaker(chance)).facts
        assert said.setdefault(facts, scene.key) == scene.key


@EACH_KIND
@pytest.mark.parametrize("size", [(96, 96), (320, 120), (60, 200), (640, 480)])
def test_pictures_have_the_size_that_was_asked_for_and_show_something(kind, size):
    chance = random.Random(f"size/{kind}")
    image = draw(invent(chance, kind=kind), size, chance)
    assert (image.mode, image.size) == ("RGB", size)
    assert len(set(image.resize((24, 24)).get_flattened_data())) > 1


@EACH_KIND
def test_scenes_with_other_facts_look_different(kind):
    chance = random.Random(f"look/{kind}")
    one, other = invent(chance, kind=kind), invent(chance, kind=kind)
    assert one.key != other.key
    pixels = [np.asarray(draw(scene, (96, 96), random.Random("look"))) for scene in (one, other)]
    assert not np.array_equal(*pixels)


def test_about_a_tenth_of_the_combinations_is_held_out_and_the_sides_do_not_meet():
    chance = random.Random("split")
    scenes = [scene for _ in range(2000) for scene in [invent(chance, kind="relation")]]
    assert not any(scene.held_out for scene in scenes)
    kind = KINDS["relation"]
    every = [type(scenes[0])("relation", kind.invent(chance)) for _ in range(4000)]
    share = sum(scene.held_out for scene in every) / len(every)
    assert 0.08 < share < 0.12
    assert invent(chance, split="held_out").held_out
