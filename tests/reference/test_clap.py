"""CLAP against transformers and Sentence Transformers, in fp32.

Noise floor, measured on tiny models: ours differs from transformers by up to 1.2e-7 on vectors of length 1. The
tolerance is 1e-5, absolute.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests import tiny
from tests.reference import references
from tests.running import embed, item, load, sound
from transformers import AutoModel, AutoProcessor

from medialens import Encoder

ATOL = 1e-5
RATE = 8000
TEXTS = ["a red circle", "two cats, and a dog!", "", "The PHOTO of a page " * 20, "x", "naïve café"]
SOUNDS = [sound(n_samples, seed) for seed, n_samples in enumerate([1, 99, 2667, 4000, 7999, RATE])]


@pytest.mark.parametrize("name", tiny.CLAPS)
def test_texts_and_sounds_equal_transformers(name, tiny_model):
    folder = tiny_model(name)
    texts, sounds = references.clap_features(folder, TEXTS, SOUNDS)

    ours = embed(load(folder), [*map(item, TEXTS), *map(item, SOUNDS)])

    np.testing.assert_allclose(ours[: len(TEXTS)], texts, rtol=0, atol=ATOL)
    np.testing.assert_allclose(ours[len(TEXTS) :], sounds, rtol=0, atol=ATOL)


@torch.inference_mode()
def test_longer_sounds_of_a_fused_model_equal_transformers_without_chance(tiny_model, monkeypatch):
    folder, longer = tiny_model("clap_fused"), [sound(n_samples, 7) for n_samples in (RATE + 40, 3 * RATE, 100_001)]
    monkeypatch.setattr(np.random, "choice", lambda starts: starts[len(starts) // 2])
    heard = AutoProcessor.from_pretrained(folder).feature_extractor(
        [one.samples for one in longer], sampling_rate=RATE, return_tensors="pt"
    )
    theirs = AutoModel.from_pretrained(folder).eval().get_audio_features(**heard.to(torch.float32)).pooler_output

    ours = embed(load(folder), [item(one) for one in longer])

    np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=ATOL)


@torch.inference_mode()
def test_the_scale_gives_the_models_own_logits(tiny_model):
    folder = tiny_model("clap")
    processor, sounds = AutoProcessor.from_pretrained(folder), SOUNDS[2:5]
    inputs = processor(text=TEXTS[:3], padding=True, return_tensors="pt")
    heard = processor.feature_extractor([one.samples for one in sounds], sampling_rate=RATE, return_tensors="pt")
    theirs = AutoModel.from_pretrained(folder).eval()(**inputs, **heard.to(torch.float32)).logits_per_text

    model = load(folder, task="score")
    vectors = embed(model, [*map(item, TEXTS[:3]), *map(item, sounds)])

    ours = model.recipe.logit_scale * vectors[:3] @ vectors[3:].T
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=1e-4)  # logits are up to 14 times a cosine


FORMS = {
    "bare array": lambda samples: samples,
    "bare tensor": torch.from_numpy,
    "dict": lambda samples: {"array": samples, "sampling_rate": RATE},
    "field": lambda samples: {"audio": samples},
    "dict in a field": lambda samples: {"audio": {"array": samples, "sampling_rate": RATE}},
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_in_memory_is_read_as_sentence_transformers_reads_it(form, tiny_model):
    folder = tiny_model("clap_st")
    inputs = [FORMS[form](one.samples) for one in SOUNDS]
    in_its_words = (
        [one.samples for one in SOUNDS] if "tensor" in form else inputs
    )  # it says it takes tensors, and fails
    theirs = references.sentence_transformer(folder).encode(in_its_words)

    ours = Encoder(str(folder), device="cpu").encode(inputs)

    np.testing.assert_allclose(ours, theirs, rtol=0, atol=ATOL)


def test_texts_and_prompts_are_those_of_sentence_transformers(tiny_model):
    folder = tiny_model("clap_st")
    theirs = references.sentence_transformer(folder)

    ours = Encoder(str(folder), device="cpu")

    np.testing.assert_allclose(ours.encode_queries(TEXTS), theirs.encode_query(TEXTS), rtol=0, atol=ATOL)
    np.testing.assert_allclose(ours.encode_documents(TEXTS), theirs.encode_document(TEXTS), rtol=0, atol=ATOL)
