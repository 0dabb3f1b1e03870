from medialens.training.drawing import n_differences
from medialens.training.measuring.near_duplicates import make_crowded_gallery


def test_every_scene_has_near_duplicates_that_training_never_saw():
    gallery = make_crowded_gallery(60, seed=3, size=6)
    assert len(gallery.scenes) == len(gallery.queries) == 60
    assert len({scene.key for scene in gallery.scenes}) == 60
    assert all(scene.held_out for scene in gallery.scenes)
    for start in range(0, 60, 6):
        cluster = gallery.scenes[start : start + 6]
        assert len({scene.kind for scene in cluster}) == 1
        for scene in cluster:
            assert min(n_differences(scene, other) for other in cluster if other is not scene) <= 3


def test_the_same_seed_gives_the_same_gallery():
    one, again, other = (make_crowded_gallery(20, seed=seed) for seed in (1, 1, 2))
    assert one.scenes == again.scenes
    assert one.queries == again.queries
    assert one.scenes != other.scenes
