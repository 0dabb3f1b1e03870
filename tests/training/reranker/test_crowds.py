import numpy as np
import pytest

from medialens.training.drawing import KINDS, n_differences, rearrange
from medialens.training.reranker.crowds import make_crowd


def _many(forms=None):
    crowds = [make_crowd(5, step, n_clusters=2, n_rivals=2) for step in range(80)]
    return [one for one in crowds if forms is None or (one.query_form, one.document_form) == forms]


def test_crowds_are_a_function_of_seed_and_step():
    one, again, other = (make_crowd(1, step, n_clusters=2, n_rivals=2) for step in (5, 5, 6))
    assert one.texts == again.texts
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(one.examples, again.examples, strict=True))
    assert one.texts != other.texts


def test_a_crowd_is_clusters_of_a_scene_and_its_rivals_all_from_the_training_side():
    for step in range(6):
        crowd = make_crowd(2, step, n_clusters=3, n_rivals=3)
        scenes = [one.scene for one in crowd.examples]
        assert len(scenes) == 12
        assert not any(scene.held_out for scene in scenes)
        for cluster in (scenes[:4], scenes[4:8], scenes[8:]):
            assert len({scene.kind for scene in cluster}) == 1
            assert len({scene.key for scene in cluster}) == 4
            assert min(n_differences(cluster[0], rival) for rival in cluster[1:]) <= 3


def test_rivals_are_the_same_things_arranged_otherwise_and_others():
    arranged, changed = 0, 0
    for crowd in _many():
        first, *rivals = [one.scene for one in crowd.examples[:3]]
        others = {scene.key for scene in rearrange(first)}
        if others:
            arranged += sum(rival.key in others for rival in rivals)
            changed += sum(rival.key not in others for rival in rivals)
    assert arranged > 20
    assert changed > 20


def test_many_crowds_are_of_one_kind_and_all_kinds_occur():
    kinds = [{one.scene.kind for one in crowd.examples} for crowd in _many()]
    assert sum(len(each) == 1 for each in kinds) > len(kinds) / 2
    assert sum(len(each) > 1 for each in kinds) > 5
    assert set().union(*kinds) == set(KINDS)


def test_all_forms_occur():
    assert len({(crowd.query_form, crowd.document_form) for crowd in _many()}) == 5


@pytest.mark.parametrize("forms", [("text", "picture"), ("text", "second text"), ("text", "picture and text")])
def test_a_caption_matches_the_scenes_of_which_all_it_says_is_true(forms):
    for crowd in _many(forms):
        for row, query in enumerate(crowd.examples):
            for column, document in enumerate(crowd.examples):
                assert crowd.matches[row, column] == (query.caption.facts <= document.truths)


def test_a_picture_matches_the_captions_that_are_true_of_it():
    for crowd in _many(("picture", "text")):
        for row, query in enumerate(crowd.examples):
            for column, document in enumerate(crowd.examples):
                assert crowd.matches[row, column] == (document.caption.facts <= query.truths)


def test_a_picture_matches_another_drawing_of_its_scene_alone():
    for crowd in _many(("picture", "second picture")):
        scenes = [one.scene for one in crowd.examples]
        assert crowd.matches.tolist() == [[one == other for other in scenes] for one in scenes]
        drawings = zip(crowd.drawings["picture"], crowd.drawings["second picture"], strict=True)
        assert any(not np.array_equal(one, other) for one, other in drawings)
