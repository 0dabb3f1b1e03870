"""Dual encoders against transformers and Sentence Transformers, in fp32.

Noise floor, measured on tiny models: the reference itself, one item at a time instead of all at once, moves by up to
2.4e-7 on vectors of length 1, and by 9.5e-7 on un-normalised ones of length 3 to 4. With equal batches ours differs
from it by 0.0. The tolerance is 1e-5, absolute.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests import tiny
from tests.reference import references
from tests.running import decoded, embed, item, load, picture
from transformers import AutoModel, AutoProcessor

ATOL = 1e-5
TEXTS = ["a red circle", "two cats, and a dog!", "", "The PHOTO of a page " * 20, "x", "naïve café"]
PICTURES = [picture(*size) for size in [(1, 1), (1, 500), (20, 3000), (32, 32), (31, 37), (97, 89), (480, 640)]]
PLAIN = [name for name in tiny.DUAL_ENCODERS if not name.startswith("clip_st")]


@pytest.mark.parametrize("name", PLAIN)
def test_texts_and_pictures_equal_transformers(name, tiny_model):
    folder = tiny_model(name)
    texts, pictures = references.transformers_features(folder, TEXTS, PICTURES)

    ours = embed(load(folder), [*map(item, TEXTS), *map(item, PICTURES)])

    np.testing.assert_allclose(ours[: len(TEXTS)], references.unit(texts), rtol=0, atol=ATOL)
    np.testing.assert_allclose(ours[len(TEXTS) :], references.unit(pictures), rtol=0, atol=ATOL)


@pytest.mark.parametrize("name", ["bge_vl", "clip", "siglip"])
def test_mixed_items_are_the_sum_of_unnormalised_features(name, tiny_model):
    """BGE-VL, modeling_MMRet_CLIP.py: normalize(text_features + image_features)."""
    folder = tiny_model(name)
    texts, pictures = references.transformers_features(folder, TEXTS[:2], PICTURES[4:6])

    ours = embed(load(folder, fusion="sum"), [item(TEXTS[0], PICTURES[4]), item(PICTURES[5], TEXTS[1])])

    np.testing.assert_allclose(ours, references.unit(texts + pictures), rtol=0, atol=ATOL)


@pytest.mark.parametrize("name", ["clip_st", "clip_st_legacy"])
def test_both_layouts_of_sentence_transformers(name, tiny_model):
    folder = tiny_model(name)
    theirs = references.sentence_transformer(folder)
    images = references.to_pil(PICTURES)

    ours = embed(load(folder), [*map(item, TEXTS), *map(item, PICTURES)])

    np.testing.assert_allclose(ours[: len(TEXTS)], theirs.encode(TEXTS), rtol=0, atol=ATOL)
    np.testing.assert_allclose(ours[len(TEXTS) :], theirs.encode(images), rtol=0, atol=ATOL)


def test_prompts_are_those_of_sentence_transformers(tiny_model):
    folder = tiny_model("clip_st")
    model, theirs = load(folder), references.sentence_transformer(folder)

    ours = embed(model, [item(text) for text in TEXTS], instruction=model.recipe.prompts["query"])

    assert dict(model.recipe.prompts) == theirs.prompts
    np.testing.assert_allclose(ours, theirs.encode_query(TEXTS), rtol=0, atol=ATOL)


@pytest.mark.parametrize("name", ["clip", "siglip", "chinese_clip", "vision_text_dual_encoder"])
@torch.inference_mode()
def test_scale_and_bias_give_the_models_own_logits(name, tiny_model):
    folder = tiny_model(name)
    processor = AutoProcessor.from_pretrained(folder)
    inputs = processor(
        text=TEXTS[:3],
        images=references.to_pil(PICTURES[3:]),
        padding=references.PADDED.get(name, True),
        truncation=True,
        return_tensors="pt",
    )
    theirs = AutoModel.from_pretrained(folder).eval()(**inputs).logits_per_text

    model = load(folder, task="score")
    vectors = embed(model, [*map(item, TEXTS[:3]), *map(item, PICTURES[3:])])
    ours = model.recipe.logit_scale * vectors[:3] @ vectors[3:].T + model.recipe.logit_bias

    assert model.recipe.score_kind == "probability"
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=1e-4)  # logits are up to 14 times a cosine


@pytest.mark.parametrize("name", ["clip", "siglip2_naflex"])
def test_any_batch_of_pictures(name, tiny_model):
    """Mixed sizes in one batch, in another order: each still equals the reference's."""
    folder = tiny_model(name)
    rng = np.random.default_rng(5)
    pictures = [decoded(rng.integers(0, 256, (*rng.integers(1, 120, 2), 3), dtype=np.uint8)) for _ in range(24)]
    _, theirs = references.transformers_features(folder, ["a"], pictures)

    ours = embed(load(folder), [item(pictures[at]) for at in reversed(range(24))])

    np.testing.assert_allclose(ours[::-1], references.unit(theirs), rtol=0, atol=ATOL)
