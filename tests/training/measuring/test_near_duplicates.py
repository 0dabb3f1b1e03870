from medialens.training.drawing import n_differences, rearrange
from medialens.training.measuring.near_duplicates import KINDS_TO_ARRANGE, make_crowded_gallery


def test_what_is_asked_for_was_kept_from_training_and_has_near_duplicates():
    gallery = make_crowded_gallery(24, seed=3, size=6)
    assert len(gallery.queries) == 24
    assert len({scene.key for scene in gallery.scenes}) == len(gallery.scenes) > 24 * 4
    keys = {scene.key for scene in gallery.scenes}
    for scene in gallery.scenes[:24]:
        assert scene.held_out
        assert scene.kind in KINDS_TO_ARRANGE
        arranged = [other for other in rearrange(scene) if other.key in keys]
        near = [other for other in gallery.scenes if other.kind == scene.kind and 0 < n_differences(scene, other) <= 2]
        assert len(arranged) + len(near) >= 5


def test_kinds_take_turns_and_give_up_when_no_scene_is_left():
    gallery = make_crowded_gallery(400, seed=4, size=2)
    counts = [sum(scene.kind == kind for scene in gallery.scenes[:400]) for kind in KINDS_TO_ARRANGE]
    assert sum(counts) == 400
    assert min(counts) >= 20  # of six numbers, eleven colours and eleven shapes, a tenth is held out
    assert max(counts) > 100


def test_the_same_seed_gives_the_same_gallery():
    one, again, other = (make_crowded_gallery(20, seed=seed) for seed in (1, 1, 2))
    assert one.scenes == again.scenes
    assert one.queries == again.queries
    assert one.scenes != other.scenes
