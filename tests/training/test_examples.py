import itertools
import random

import numpy as np
import torch

from medialens.training.drawing import KINDS, invent, n_differences
from medialens.training.examples import IMAGE_SIZE, holds_for, make_examples, picture, to_batch, to_tensor
from medialens.training.tokens import MAX_TOKENS, build_tokenizer


def test_examples_are_a_function_of_seed_and_step():
    one, again, other = make_examples(1, 5, 8), make_examples(1, 5, 8), make_examples(1, 6, 8)
    assert [each.caption for each in one] == [each.caption for each in again]
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(one, again, strict=True))
    assert [each.caption for each in one] != [each.caption for each in other]


def test_examples_never_come_from_the_held_out_side():
    assert not any(each.scene.held_out for step in range(4) for each in make_examples(3, step, 64))


def test_training_sees_many_rivals_of_every_kind_that_follow_the_scene_they_rival():
    for kind in KINDS:
        examples = make_examples(3, 1, 64, kinds=(kind,))
        near = [n_differences(one.scene, other.scene) <= 2 for one, other in itertools.pairwise(examples)]
        assert sum(near) >= len(near) / 2, kind


def test_batches_are_of_one_kind_of_three_or_of_all():
    n_kinds = [len({each.scene.kind for each in make_examples(7, step, 200)}) for step in range(8)]
    assert n_kinds[1::2] == [1] * 4
    assert n_kinds[0] == n_kinds[4] == len(KINDS)
    assert max(n_kinds[2::4]) <= 3


def test_kinds_can_be_limited():
    examples = [each for step in range(2) for each in make_examples(1, step, 16, kinds=("shape", "word"))]
    assert {each.scene.kind for each in examples} <= {"shape", "word"}


def test_pictures_have_the_models_size_however_they_were_drawn():
    chance = random.Random(0)
    for kind in KINDS:
        for _ in range(4):
            scene = make_examples(2, 0, 1, kinds=(kind,))[0].scene
            assert picture(scene, chance).size == (IMAGE_SIZE, IMAGE_SIZE)


def test_a_clip_is_shown_as_the_sheet_that_the_model_looks_at():
    chance = random.Random(1)
    for _ in range(8):
        sheet = np.asarray(picture(invent(chance, kind="clip"), chance))
        assert not sheet[47:49].any()  # the gutter is black whatever the film shows
        assert not sheet[:, 47:49].any()


def test_now_and_then_a_picture_is_shown_as_a_film_in_which_nothing_moves():
    def is_sheet(pixels):
        return not pixels[47:49].any() and not pixels[:, 47:49].any()

    examples = [each for step in range(0, 8, 4) for each in make_examples(5, step, 256)]
    stills = [each.pixels for each in examples if each.scene.kind != "clip" and is_sheet(each.pixels)]
    assert 0.01 * len(examples) < len(stills) < 0.06 * len(examples)
    assert all(np.array_equal(one[:47, :47], one[49:, 49:]) for one in stills)
    assert all(is_sheet(each.pixels) for each in examples if each.scene.kind == "clip")


def test_pixels_are_normalised_as_the_exported_preprocessor_says():
    black, white = np.zeros((2, 3, 3), np.uint8), np.full((2, 3, 3), 255, np.uint8)
    tensor = to_tensor([black, white])
    assert tensor.shape == (2, 3, 2, 3)
    assert torch.all(tensor[0] == -1)
    assert torch.all(tensor[1] == 1)


def test_a_batch_has_the_shapes_it_promises():
    examples = make_examples(1, 0, 6)
    batch = to_batch(examples, build_tokenizer(), n_second=2)
    assert batch.pixels.shape == (6, 3, IMAGE_SIZE, IMAGE_SIZE)
    assert batch.tokens.shape == batch.token_mask.shape
    assert batch.tokens.shape[0] == 8
    assert batch.tokens.shape[1] <= MAX_TOKENS
    assert batch.same.diagonal().all()


def test_a_caption_holds_for_every_picture_of_which_all_it_says_is_true():
    said = [frozenset({"a"}), frozenset({"a", "b"}), frozenset({"c"})]
    true = [frozenset({"a", "x"}), frozenset({"a", "b"}), frozenset({"b", "c"})]
    expected = [[statements <= facts for facts in true] for statements in said]
    assert holds_for(said, true).tolist() == expected
