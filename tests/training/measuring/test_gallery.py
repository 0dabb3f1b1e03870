import random

import numpy as np
import pytest

from medialens import Image, Video
from medialens.media.moments import moments
from medialens.training.drawing import Scene, invent
from medialens.training.drawing.clips import SHEET
from medialens.training.language.frames import UNSEEN_FRAMES
from medialens.training.language.words import UNSEEN
from medialens.training.measuring.gallery import N_FRAMES, draw_document, make_gallery


def _same(one, other):
    assert type(one) is type(other)
    return np.array_equal(np.asarray(one.source), np.asarray(other.source))


@pytest.mark.parametrize("wording", ["usual", "unseen frame", "unseen word", "denial"])
def test_galleries_are_held_out_distinct_and_the_same_each_time(wording):
    gallery, again = (make_gallery(30, seed=4, wording=wording) for _ in range(2))
    assert all(scene.held_out for scene in gallery.scenes)
    assert len({scene.key for scene in gallery.scenes}) == 30
    assert gallery.queries == again.queries
    assert all(map(_same, gallery.documents, again.documents))


def test_the_other_side_of_the_split_can_be_asked_for():
    assert not any(scene.held_out for scene in make_gallery(30, seed=4, split="train").scenes)


def test_another_seed_gives_another_gallery():
    assert make_gallery(10, seed=1).queries != make_gallery(10, seed=2).queries


def test_a_gallery_of_a_small_kind_ends_where_its_combinations_do():
    gallery = make_gallery(500, seed=1, kinds=("document",))
    assert 20 < len(gallery.scenes) < 60
    assert {scene.kind for scene in gallery.scenes} == {"document"}


def test_clips_are_clips_and_the_rest_are_pictures():
    gallery = make_gallery(60, seed=3)
    assert {type(shown) for shown in gallery.documents} == {Image, Video}
    for scene, shown in zip(gallery.scenes, gallery.documents, strict=True):
        assert isinstance(shown, Video) == (scene.kind == "clip")
        if isinstance(shown, Video):
            frames = shown.source
            assert (frames.dtype, frames.shape[0], frames.shape[3]) == (np.uint8, N_FRAMES, 3)


def test_a_clips_frames_hold_the_moments_that_the_model_looks_at():
    # Frame i is on show from i / 12 to (i + 1) / 12; drawn at its middle, it is what the film shows at the moment.
    looked_at = [int(moment * N_FRAMES) for moment in moments(SHEET.n_frames)]
    assert [moments(N_FRAMES)[at] for at in looked_at] == pytest.approx(moments(SHEET.n_frames))


def test_the_networks_own_pictures_are_of_the_models_size():
    gallery = make_gallery(20, seed=5, kinds=("clip", "shape"))
    assert {picture.size for picture in gallery.pictures} == {(96, 96)}
    assert len(gallery.pictures) == 20


def test_a_rival_drawn_with_the_same_seed_differs_in_its_fact_alone():
    facts = {"shape": "circle", "size": "large", "position": "center"}
    red, blue = (Scene("shape", {**facts, "colour": colour}) for colour in ("red", "blue"))
    one, other = (np.asarray(draw_document(scene, "7").source).astype(int) for scene in (red, blue))
    background = one[0, 0]
    assert np.array_equal((one != background).any(2), (other != background).any(2))


def test_queries_in_unseen_frames_stand_in_them():
    starts = tuple(frame.partition("{}")[0] for frame in UNSEEN_FRAMES)
    assert all(query.startswith(starts) for query in make_gallery(40, seed=1, wording="unseen frame").queries)
    usual = make_gallery(40, seed=1).queries
    assert not any(query.startswith(tuple(start for start in starts if start)) for query in usual)


def test_queries_with_an_unseen_word_have_one():
    queries = make_gallery(40, seed=1, wording="unseen word").queries
    assert all(any(word in query for word in UNSEEN.values()) for query in queries)


def test_queries_with_a_denial_deny_what_the_picture_does_not_show():
    gallery = make_gallery(40, seed=1, wording="denial")
    assert all(" not " in query for query in gallery.queries)
    assert not any(scene.facts.get("second shape") for scene in gallery.scenes)  # the company might be what is denied


def test_every_scene_is_asked_for_by_what_only_it_is():
    gallery = make_gallery(200, seed=2)
    assert len(set(gallery.queries)) == 200


def test_nothing_is_drawn_before_it_is_looked_at():
    gallery = make_gallery(5, seed=1)
    assert "documents" not in vars(gallery)
    assert gallery.documents is gallery.documents


def test_pictures_of_one_seed_are_drawn_alike_whatever_else_is_in_the_gallery():
    scene = invent(random.Random(0), kind="chart")
    assert _same(draw_document(scene, "1/2"), draw_document(scene, "1/2"))
    assert not _same(draw_document(scene, "1/2"), draw_document(scene, "1/3"))
