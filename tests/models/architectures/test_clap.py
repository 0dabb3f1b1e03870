"""CLAP offline: recognition, the contract, recorded values, longer sounds, errors."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from tests import tiny
from tests.models.contract import ATOL, FamilyContract, recorded
from tests.models.samples import PICTURES, SOUNDS, TEXTS
from tests.running import embed, item, load, sound
from transformers import ClapFeatureExtractor

from medialens.errors import RepositoryError, UnknownFamilyError, UnsupportedModalityError

EVERY = pytest.mark.parametrize("name", tiny.CLAPS)
RATE = 8000  # of the tiny models, which hear one second at once


class TestContract(FamilyContract):
    family = "clap"
    instruction = "the sound of "
    work = (
        (item("a red circle"),),
        (item(sound(3000, 1)),),
        (item(sound(RATE, 2)),),
        (item(sound(5 * RATE + 17, 3)),),
        (item("the page of the photo " * 12),),
        (item(sound(1, 4)),),
    )

    @pytest.fixture(params=tiny.CLAPS)
    def model(self, request, tiny_model):
        return load(tiny_model(request.param))


class TestContractWithMixedItems(FamilyContract):
    family = "clap"
    work = (
        (item("a red circle", sound(4000, 1)),),
        (item(sound(4000, 1), sound(3 * RATE, 2), "a dog"),),
        (item("x"),),
        (item(sound(4000, 1)),),
    )

    @pytest.fixture(params=["clap", "clap_fused"])
    def model(self, request, tiny_model):
        return load(tiny_model(request.param), fusion="sum")


@EVERY
def test_recorded_vectors(name, tiny_model):
    expected = recorded(name)

    vectors = embed(load(tiny_model(name)), [*map(item, TEXTS), *map(item, SOUNDS)])

    np.testing.assert_allclose(vectors[: len(TEXTS)], expected["texts"], rtol=0, atol=1e-5)
    np.testing.assert_allclose(vectors[len(TEXTS) :], expected["sounds"], rtol=0, atol=1e-5)


SETTINGS = {"clap": tiny.CLAP_SOUNDS, "clap_fused": tiny.CLAP_FUSED_SOUNDS}


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("padding", ["repeatpad", "repeat", "pad"])
@pytest.mark.parametrize("n_samples", [1, 100, 3999, 4001, RATE - 1, RATE])
def test_spectrograms_are_those_of_transformers(name, padding, n_samples, tiny_model):
    samples = sound(n_samples).samples
    model = load(tiny_model(name), processor_kwargs={"padding": padding})

    extractor = ClapFeatureExtractor(**{**SETTINGS[name], "padding": padding})
    theirs = extractor(samples, sampling_rate=RATE)["input_features"]
    ours = model.processing.read_sound(samples)

    np.testing.assert_allclose(ours.spectrograms, theirs, rtol=0, atol=2e-5)  # decibels, from -100 on
    assert not ours.is_longer


@pytest.mark.parametrize("n_samples", [RATE + 1, RATE + 40, 2 * RATE, 3 * RATE + 333, 20 * RATE])
def test_a_fused_longer_sound_is_the_reference_without_chance(n_samples, tiny_model, monkeypatch):
    samples = sound(n_samples).samples
    extractor = ClapFeatureExtractor(**tiny.CLAP_FUSED_SOUNDS)
    monkeypatch.setattr(np.random, "choice", lambda starts: starts[len(starts) // 2])  # the middle of each third
    monkeypatch.setattr(np.random, "randint", lambda *_: 0)

    theirs, longer = extractor._get_input_mel(samples, extractor.nb_max_samples, "fusion", "repeatpad")
    ours = load(tiny_model("clap_fused")).processing.read_sound(samples)

    np.testing.assert_allclose(ours.spectrograms[0], theirs, rtol=0, atol=2e-5)
    assert ours.is_longer == longer


def test_a_longer_sound_is_the_mean_of_its_windows(tiny_model):
    model, whole = load(tiny_model("clap")), sound(2 * RATE + 2000)
    windows = [whole.samples[start : start + RATE] for start in (0, 5000, 10_000)]  # 18,000 samples

    vectors = embed(model, [item(whole), *(item(sound_of(window)) for window in windows)])

    mean = vectors[1:].mean(axis=0)
    np.testing.assert_allclose(vectors[0], mean / np.linalg.norm(mean), rtol=0, atol=ATOL)


def test_a_very_long_sound_goes_through_the_tower_in_parts(tiny_model):
    model, whole = load(tiny_model("clap")), sound(40 * RATE)
    largest = []
    hook = model.towers.audio_model.register_forward_pre_hook(
        lambda _, __, given: largest.append(len(given["input_features"])), with_kwargs=True
    )
    embed(model, [item(whole)])
    hook.remove()

    assert sum(largest) == 40
    assert max(largest) <= 16


def test_mixed_is_the_sum_of_the_features(tiny_model):
    model = load(tiny_model("clap"), fusion="sum")
    long = sound(3 * RATE)

    vectors = embed(model, [item("a dog", long), item("a dog"), item(long)])
    towers = model.towers
    text, audio = (
        model.collate([model.prepare((one,), instruction="")]).tensors for one in (item("a dog"), item(long))
    )
    with torch.inference_mode():
        of_text = towers.get_text_features(text["input_ids"], text["attention_mask"]).pooler_output
        of_audio = towers.get_audio_features(audio["spectrograms"]).pooler_output.mean(dim=0)
    expected = torch.nn.functional.normalize(of_text + of_audio).numpy()

    np.testing.assert_allclose(vectors[:1], expected, rtol=0, atol=ATOL)


def test_mixed_item_without_a_fusion_offers_one_that_works(tiny_model):
    mixed = item("a dog", sound(4000))

    with pytest.raises(UnsupportedModalityError, match='fusion="sum"') as caught:
        load(tiny_model("clap")).prepare((mixed,), instruction="")

    assert caught.value.modalities == ("text", "audio")
    assert embed(load(tiny_model("clap"), fusion="sum"), [mixed]).shape == (1, 24)


def test_several_sounds_without_a_fusion(tiny_model):
    with pytest.raises(UnsupportedModalityError, match="2 audios"):
        load(tiny_model("clap")).prepare((item(sound(4000), sound(3000)),), instruction="")


def test_pictures_are_refused(tiny_model):
    with pytest.raises(UnsupportedModalityError, match="takes text and audio, got an item with image"):
        load(tiny_model("clap")).prepare((item(PICTURES[2]),), instruction="")


def test_the_recipe_says_what_it_hears(tiny_model):
    recipe = load(tiny_model("clap"), task="score").recipe

    assert recipe.modalities == ("text", "audio")
    assert recipe.supports("audio")
    assert not recipe.supports(("text", "audio"))
    assert recipe.sample_rate_hz == RATE
    assert recipe.max_tokens == 64
    assert recipe.score_kind == "probability"
    assert recipe.logit_scale == pytest.approx(1 / 0.07)  # ClapConfig's initial value
    assert recipe.settings["sounds"]["truncation"] == "rand_trunc"


def test_longer_text_is_cut_and_the_scale_is_that_for_texts(tmp_path):
    folder = tiny.clap(tmp_path / "model")
    weights = load(folder).towers
    with torch.no_grad():
        weights.logit_scale_t.fill_(1.0)
    weights.save_pretrained(folder)

    model = load(folder)

    assert model.prepare((item("the page " * 200),), instruction="").cost.n_tokens == 64
    assert model.recipe.logit_scale == pytest.approx(math.e)


def test_longer_sounds_cost_more(tiny_model):
    model = load(tiny_model("clap"))

    costs = [model.prepare((item(sound(n)),), instruction="").cost.n_patches for n in (10, RATE, RATE + 1, 5 * RATE)]

    assert costs[0] == costs[1]
    assert [cost // costs[0] for cost in costs] == [1, 1, 2, 5]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"truncation": "fusion"}, "no enable_fusion"),
        ({"truncation": "none"}, "truncation='none', expected one of rand_trunc, fusion"),
        ({"padding": "mirror"}, "padding='mirror'"),
        ({"feature_size": 20}, "feature_size=20, but the model hears 16 mels"),
        ({"max_length_s": 2}, "401 frames of a spectrogram, but the model hears 256"),
        ({"sampling_rate": 0}, "sampling_rate=0"),
        ({"hop_length": "40"}, "cannot be read"),
        ({"fft_window_size": 255}, "contradict themselves"),
        ({"frequency_min": 4000}, "contradict themselves"),
    ],
)
def test_settings_that_do_not_fit_are_named(changes, named, tmp_path):
    folder = tiny.clap(tmp_path / "model")
    tiny.edit_json(folder, "preprocessor_config.json", **changes)

    with pytest.raises(RepositoryError, match=named):
        load(folder)


def test_another_feature_extractor_is_not_recognised(tmp_path):
    folder = tiny.clap(tmp_path / "model")
    tiny.edit_json(folder, "preprocessor_config.json", feature_extractor_type="WhisperFeatureExtractor")

    with pytest.raises(UnknownFamilyError, match="clap: feature extractor 'WhisperFeatureExtractor'"):
        load(folder)


def sound_of(samples):
    from medialens.media.decoded import DecodedAudio

    return DecodedAudio(samples=np.ascontiguousarray(samples), sample_rate_hz=RATE, digest="window")
