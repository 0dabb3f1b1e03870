"""Cross-encoders against Sentence Transformers, in fp32.

Noise floor, measured on tiny models: the reference itself, one pair at a time instead of all at once, moves by up to
2.4e-7 on logits of about 1. The tolerance is 1e-5, absolute.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests import tiny
from tests.reference.references import cross_encoder
from tests.running import load, score

ATOL = 1e-5
PAIRS = [
    ("a red circle", "the red circle is on the left"),
    ("a red circle", ""),
    ("", "a dog"),
    ("is the dog big?", "the big dog " * 60),
    ("the cat of the query " * 40, "a cat"),
    ("the cat " * 40, "the dog " * 50),
    ("naïve café", "図 of a page"),
]


@pytest.mark.parametrize("name", tiny.CROSS_ENCODERS)
def test_logits_and_probabilities(name, tiny_model):
    folder = tiny_model(name)
    model, reference = load(folder, task="score"), cross_encoder(folder)

    logits = score(model, PAIRS)

    raw = reference.predict(PAIRS, activation_fn=torch.nn.Identity())
    np.testing.assert_allclose(logits, raw, rtol=0, atol=ATOL)
    assert model.recipe.score_kind == "probability"
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), reference.predict(PAIRS), rtol=0, atol=ATOL)


PATHS = {"logit": "torch.nn.modules.linear.Identity", "probability": "torch.nn.modules.activation.Sigmoid"}


@pytest.mark.parametrize("kind", PATHS)
@pytest.mark.parametrize("since", ["2.0", "4.0", "5.4"])
def test_the_activation_that_the_repository_states(kind, since, tmp_path):
    """Three generations, three places."""
    folder = tiny.cross_encoder(tmp_path / "model", activation=PATHS[kind] if since == "5.4" else None)
    if since == "2.0":
        tiny.edit_json(folder, "config.json", sbert_ce_default_activation_function=PATHS[kind])
    elif since == "4.0":
        tiny.edit_json(folder, "config.json", sentence_transformers={"activation_fn": PATHS[kind]})
    model = load(folder, task="score")
    logits = score(model, PAIRS)

    assert model.recipe.score_kind == kind
    ours = logits if kind == "logit" else 1 / (1 + np.exp(-logits))
    np.testing.assert_allclose(ours, cross_encoder(folder).predict(PAIRS), rtol=0, atol=ATOL)


def test_a_prompt_goes_before_the_query(tiny_cross_encoder):
    ours = score(load(tiny_cross_encoder, task="score"), PAIRS, instruction="query: ")

    reference = cross_encoder(tiny_cross_encoder).predict(PAIRS, prompt="query: ", activation_fn=torch.nn.Identity())
    np.testing.assert_allclose(ours, reference, rtol=0, atol=ATOL)
