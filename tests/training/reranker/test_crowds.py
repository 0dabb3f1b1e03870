import numpy as np
import pytest

from medialens.training.drawing import n_differences
from medialens.training.reranker.groups import make_groups


def _many(forms=None):
    groups = [group for step in range(60) for group in make_groups(5, step, 2)]
    return [one for one in groups if forms is None or (one.query_form, one.document_form) == forms]


def test_groups_are_a_function_of_seed_and_step():
    one, again, other = make_groups(1, 5, 2), make_groups(1, 5, 2), make_groups(1, 6, 2)
    assert [each.texts for each in one] == [each.texts for each in again]
    assert all(
        np.array_equal(a.pixels, b.pixels)
        for group, same in zip(one, again, strict=True)
        for a, b in zip(group.examples, same.examples, strict=True)
    )
    assert [each.texts for each in one] != [each.texts for each in other]


def test_a_group_is_a_scene_its_rivals_and_others_all_from_the_training_side():
    for group in make_groups(2, 0, 8, n_rivals=3, n_others=2):
        scenes = [one.scene for one in group.examples]
        assert len(scenes) == 6
        assert len({scene.kind for scene in scenes[:4]}) == 1
        assert len({scene.key for scene in scenes[:4]}) == 4
        assert not any(scene.held_out for scene in scenes)
        assert min(n_differences(scenes[0], rival) for rival in scenes[1:4]) <= 3


def test_the_groups_of_a_step_have_the_same_forms_and_all_forms_occur():
    seen = set()
    for step in range(60):
        forms = {(group.query_form, group.document_form) for group in make_groups(2, step, 2, n_rivals=1, n_others=0)}
        assert len(forms) == 1
        seen |= forms
    assert len(seen) == 5


@pytest.mark.parametrize("forms", [("text", "picture"), ("text", "second text"), ("text", "picture and text")])
def test_a_caption_matches_the_scenes_of_which_all_it_says_is_true(forms):
    for group in _many(forms):
        for row, query in enumerate(group.examples):
            for column, document in enumerate(group.examples):
                assert group.matches[row, column] == (query.caption.facts <= document.truths)


def test_a_picture_matches_the_captions_that_are_true_of_it():
    for group in _many(("picture", "text")):
        for row, query in enumerate(group.examples):
            for column, document in enumerate(group.examples):
                assert group.matches[row, column] == (document.caption.facts <= query.truths)


def test_a_picture_matches_another_drawing_of_its_scene_alone():
    for group in _many(("picture", "second picture")):
        scenes = [one.scene for one in group.examples]
        assert group.matches.tolist() == [[one == other for other in scenes] for one in scenes]
        drawings = zip(group.drawings["picture"], group.drawings["second picture"], strict=True)
        assert any(not np.array_equal(one, other) for one, other in drawings)
