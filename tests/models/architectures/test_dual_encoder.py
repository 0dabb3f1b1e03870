"""Dual encoders offline: recognition, the contract, recorded values, fusion, errors."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from tests import tiny
from tests.models.contract import ATOL, FamilyContract, recorded
from tests.models.samples import PICTURES, TEXTS
from tests.running import clip, decoded, embed, item, load, picture

from medialens.errors import InputError, RepositoryError, UnsupportedModalityError
from medialens.models.layers.clip_sheet import ClipSheet

EVERY = pytest.mark.parametrize("name", tiny.DUAL_ENCODERS)


class TestContract(FamilyContract):
    family = "dual_encoder"
    work = tuple((item(part),) for part in ("a red circle", *PICTURES[1:4], "the page of the photo " * 12, "x"))

    @pytest.fixture(params=tiny.DUAL_ENCODERS)
    def model(self, request, tiny_model):
        return load(tiny_model(request.param))


class TestContractWithMixedItems(FamilyContract):
    family = "dual_encoder"
    instruction = "a photo of "
    work = (
        (item("a red circle", PICTURES[2]),),
        (item(PICTURES[3], "a dog"),),
        (item("x"),),
        (item(PICTURES[1]),),
        (item(PICTURES[1], PICTURES[2], "two cats"),),
    )

    @pytest.fixture(params=["clip", "siglip", "siglip2_naflex", "convnext_dual_encoder"])
    def model(self, request, tiny_model):
        return load(tiny_model(request.param), fusion="sum")


class TestContractWithClips(FamilyContract):
    family = "dual_encoder"
    work = (
        (item("a red circle"),),
        (item(clip(*(picture(20, 30, seed).pixels for seed in range(4)))),),
        (item(clip(*(picture(120, 90, seed).pixels for seed in range(4)))),),
        (item(PICTURES[2]),),
        (item(clip(*(picture(20, 30, seed).pixels for seed in (3, 2, 1, 0))), "a dog"),),
        (item("two cats", PICTURES[1], clip(*(picture(20, 30, seed).pixels for seed in range(4, 8)))),),
    )

    @pytest.fixture
    def model(self, tiny_model):
        return load(tiny_model("clip_sheet_dual_encoder"))


@EVERY
def test_recorded_vectors(name, tiny_model):
    expected = recorded(name)

    vectors = embed(load(tiny_model(name)), [*map(item, TEXTS), *map(item, PICTURES)])

    np.testing.assert_allclose(vectors[: len(TEXTS)], expected["texts"], rtol=0, atol=1e-5)
    np.testing.assert_allclose(vectors[len(TEXTS) :], expected["pictures"], rtol=0, atol=1e-5)


@EVERY
def test_unit_length_as_the_repository_says(name, tiny_model):
    model = load(tiny_model(name))

    lengths = np.linalg.norm(embed(model, [item("a dog"), item(PICTURES[2])]), axis=1)

    # Sentence Transformers' clip-ViT-B-32 has no Normalize module, and its vectors no unit length.
    assert model.recipe.settings["normalize"] == (name != "clip_st_legacy")
    assert np.allclose(lengths, 1, atol=1e-6) == (name != "clip_st_legacy")


@pytest.mark.parametrize("name", ["bge_vl", "convnext_dual_encoder"])
def test_the_repository_may_state_its_fusion(name, tiny_model):
    model = load(tiny_model(name))

    assert model.recipe.mixes
    assert model.recipe.supports(("text", "image"))
    assert model.recipe.settings["fusion"] == "sum"


def test_mixed_is_the_sum_of_unnormalised_features(tiny_model):
    """modeling_MMRet_CLIP.py: normalize(text_features + image_features). From the parts, by hand."""
    model = load(tiny_model("bge_vl"))
    towers = model.towers
    batch = model.collate([model.prepare((item("a dog", PICTURES[2]),), instruction="")])
    with torch.inference_mode():
        text = towers.get_text_features(batch.tensors["input_ids"], batch.tensors["attention_mask"]).pooler_output
        pixels = (batch.tensors["pixels"] / 255 - torch.tensor(tiny.CLIP_PIXELS["image_mean"]).view(3, 1, 1)) / (
            torch.tensor(tiny.CLIP_PIXELS["image_std"]).view(3, 1, 1)
        )
        image = towers.get_image_features(pixels).pooler_output
    expected = (text + image) / (text + image).norm()

    np.testing.assert_allclose(embed(model, [item(PICTURES[2], "a dog")]), expected.numpy(), rtol=0, atol=1e-5)


def test_mixed_item_without_a_fusion_offers_one_that_works(tiny_clip):
    mixed = item("a dog", PICTURES[2])

    with pytest.raises(UnsupportedModalityError, match='fusion="sum"') as caught:
        load(tiny_clip).prepare((mixed,), instruction="")

    assert caught.value.modalities == ("text", "image")
    assert embed(load(tiny_clip, fusion="sum"), [mixed]).shape == (1, 24)


def test_several_pictures_without_a_fusion(tiny_clip):
    with pytest.raises(UnsupportedModalityError, match="2 images"):
        load(tiny_clip).prepare((item(PICTURES[2], PICTURES[3]),), instruction="")


def test_a_vector_is_of_one_item(tiny_clip):
    with pytest.raises(InputError, match="one item, got 2"):
        load(tiny_clip).prepare((item("a"), item("b")), instruction="")


def test_as_a_reranker_it_embeds_and_says_how_to_score(tiny_model):
    clip, siglip = load(tiny_model("clip"), task="score"), load(tiny_model("siglip"), task="score")

    assert clip.recipe.task == siglip.recipe.task == "embed"
    assert clip.recipe.score_kind == "probability"
    assert clip.recipe.logit_scale == pytest.approx(math.exp(2.6592))  # CLIP's initial value, ln(1/0.07)
    assert clip.recipe.logit_bias == 0.0
    assert siglip.recipe.logit_scale == pytest.approx(float(siglip.towers.logit_scale.exp()))
    assert siglip.recipe.logit_bias == pytest.approx(float(siglip.towers.logit_bias))


def test_instruction_goes_before_text_and_leaves_pictures_alone(tiny_clip):
    model = load(tiny_clip)

    with_prompt = embed(model, [item("dog"), item(PICTURES[2])], instruction="a photo of ")
    plain = embed(model, [item("a photo of dog"), item(PICTURES[2])])

    np.testing.assert_allclose(with_prompt, plain, rtol=0, atol=ATOL)


@pytest.mark.parametrize(
    ("name", "limit"), [("clip", 77), ("siglip", 16), ("siglip2_naflex", 64), ("chinese_clip", 52)]
)
def test_text_is_cut_at_the_towers_length(name, limit, tiny_model):
    model = load(tiny_model(name))

    prepared = model.prepare((item("the page " * 200),), instruction="")

    assert model.recipe.max_tokens == limit
    assert prepared.cost.n_tokens == limit
    assert load(tiny_model(name), max_tokens=9).recipe.max_tokens == 9


def test_special_tokens_in_a_text_are_read_as_text(tiny_clip):
    """CLIP takes its vector at the first end token: written out in a text, it would hide all that follows."""
    model = load(tiny_clip)

    vectors = embed(model, [item("dog <|endoftext|> red circle"), item("dog <|endoftext|> blue cat"), item("dog")])

    assert np.abs(vectors[0] - vectors[1]).max() > 1e-2
    assert np.abs(vectors[0] - vectors[2]).max() > 1e-2


@pytest.mark.parametrize("size", [(1, 500), (700, 20), (31, 37), (400, 300)])
def test_naflex_keeps_to_its_patches(size, tiny_model):
    cost = load(tiny_model("siglip2_naflex")).prepare((item(picture(*size)),), instruction="").cost

    assert 10 < cost.n_patches <= 20


def test_processor_kwargs_override_the_image_processor(tiny_model):
    folder = tiny_model("siglip2_naflex")

    few = load(folder, processor_kwargs={"max_num_patches": 6})

    assert few.prepare((item(picture(90, 90)),), instruction="").cost.n_patches <= 6
    assert few.identity != load(folder).identity
    assert few.recipe.fingerprint() != load(folder).recipe.fingerprint()


def test_pictures_of_no_fixed_size_are_refused(tmp_path):
    folder = tiny.clip(tmp_path / "model")
    tiny.edit_json(folder, "preprocessor_config.json", do_center_crop=False)

    with pytest.raises(RepositoryError, match="another size"):
        load(folder)
    square = load(folder, processor_kwargs={"size": {"height": 32, "width": 32}})
    assert embed(square, [item(picture(31, 77))]).shape == (1, 24)


def test_unknown_fusion_in_the_repository(tmp_path):
    folder = tiny.clip(tmp_path / "model")
    tiny.edit_json(folder, "config.json", medialens={"fusion": "product"})

    with pytest.raises(RepositoryError, match="'product', expected 'sum'"):
        load(folder)


# Clips -------------------------------------------------------------------------------------------------------------

FOUR = [picture(24 + 8 * at, 31, at).pixels for at in range(4)]


def test_a_clip_is_seen_as_its_sheet(tiny_model):
    model = load(tiny_model("clip_sheet_dual_encoder"))
    sheet = decoded(ClipSheet().compose(FOUR, (32, 32)))

    vectors = embed(model, [item(clip(*FOUR)), item(sheet), item("a dog", clip(*FOUR)), item("a dog", sheet)])

    np.testing.assert_allclose(vectors[0], vectors[1], rtol=0, atol=ATOL)
    np.testing.assert_allclose(vectors[2], vectors[3], rtol=0, atol=ATOL)
    assert (
        model.prepare((item(clip(*FOUR)),), instruction="").cost == model.prepare((item(sheet),), instruction="").cost
    )


def test_the_recipe_says_how_clips_are_looked_at(tiny_model, tmp_path):
    recipe = load(tiny_model("clip_sheet_dual_encoder")).recipe
    assert recipe.modalities == ("text", "image", "video")
    assert recipe.n_frames == 4
    assert recipe.settings["clip_sheet"] == {"rows": 2, "columns": 2, "gutter": 2, "resample": "bicubic"}

    folder = tiny.clip_sheet_dual_encoder(tmp_path / "wider")
    tiny.edit_json(folder, "config.json", medialens={"fusion": "sum", "clip_sheet": {"columns": 3}})
    wider = load(folder).recipe
    assert wider.n_frames == 6
    assert wider.fingerprint() != recipe.fingerprint()


def test_without_a_sheet_clips_are_refused(tiny_model):
    model = load(tiny_model("convnext_dual_encoder"))
    assert not model.recipe.supports("video")
    assert model.recipe.n_frames == 0
    with pytest.raises(UnsupportedModalityError, match="video"):
        embed(model, [item(clip(*FOUR))])


def test_two_clips_are_a_mixture(tmp_path):
    folder = tiny.clip_sheet_dual_encoder(tmp_path / "single")
    tiny.edit_json(folder, "config.json", medialens={"clip_sheet": {}})
    with pytest.raises(UnsupportedModalityError, match="2 videos"):
        embed(load(folder), [item(clip(*FOUR), clip(*FOUR))])


@pytest.mark.parametrize("settings", ["4", [2, 2], {"rows": 0}, {"columns": 2.0}, {"gutter": -1}, {"cells": 4}])
def test_a_sheet_that_is_none_is_said_to_be_one(tmp_path, settings):
    folder = tiny.clip_sheet_dual_encoder(tmp_path / "broken")
    tiny.edit_json(folder, "config.json", medialens={"clip_sheet": settings})
    with pytest.raises(RepositoryError, match=r"clip_sheet of config\.json"):
        load(folder)
