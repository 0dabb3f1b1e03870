import random

import numpy as np
import torch

from medialens.training.drawing import KINDS
from medialens.training.examples import IMAGE_SIZE, holds_for, make_examples, picture, to_batch, to_tensor
from medialens.training.tokens import MAX_TOKENS, build_tokenizer


def test_examples_are_a_function_of_seed_and_step():
    one, again, other = make_examples(1, 5, 8), make_examples(1, 5, 8), make_examples(1, 6, 8)
    assert [each.caption for each in one] == [each.caption for each in again]
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(one, again, strict=True))
    assert [each.caption for each in one] != [each.caption for each in other]


def test_examples_never_come_from_the_held_out_side():
    assert not any(each.scene.held_out for step in range(4) for each in make_examples(3, step, 64))


def test_kinds_can_be_limited():
    examples = [each for step in range(2) for each in make_examples(1, step, 16, kinds=("shape", "word"))]
    assert {each.scene.kind for each in examples} <= {"shape", "word"}


def test_pictures_have_the_models_size_however_they_were_drawn():
    chance = random.Random(0)
    for kind in KINDS:
        for _ in range(4):
            scene = make_examples(2, 0, 1, kinds=(kind,))[0].scene
            assert picture(scene, chance).size == (IMAGE_SIZE, IMAGE_SIZE)


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
