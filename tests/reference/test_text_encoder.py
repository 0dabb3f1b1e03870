"""Text encoders against Sentence Transformers, in fp32.

Noise floor, measured on tiny models: the reference itself, one text at a time instead of all at once, moves by up to
2.4e-7 on vectors of length 1, and by 8.3e-7 on un-normalised ones of length 5 to 8. The tolerance is 1e-5, absolute.
"""

from __future__ import annotations

import numpy as np
import pytest
from tests import tiny
from tests.reference.references import sentence_transformer
from tests.running import embed, item, load

from medialens.models.layers.pooling import POOLING_MODES

ATOL = 1e-5
TEXTS = [
    *(
        "a red circle",
        "Two CATS, and a dog!",
        "",
        " ",
        "x",
        "the page of the photo " * 30,
        "naïve café 図",
        "\n\ttabs\n",
    ),
    *("is the small dog on the left of the big cat?", "İstanbul ΣΑΣ"),
]


@pytest.mark.parametrize("name", tiny.TEXT_ENCODERS)
def test_every_layout(name, tiny_model):
    folder = tiny_model(name)

    ours = embed(load(folder), [item(text) for text in TEXTS])

    np.testing.assert_allclose(ours, sentence_transformer(folder).encode(TEXTS), rtol=0, atol=ATOL)


@pytest.mark.parametrize("mode", [*POOLING_MODES, ("cls", "mean"), ("max", "lasttoken", "weightedmean")], ids=str)
@pytest.mark.parametrize("include_prompt", [True, False])
def test_every_pooling_with_and_without_the_prompt(mode, include_prompt, tmp_path):
    folder = tiny.bert_embedder(tmp_path / "model", mode=mode, include_prompt=include_prompt)
    model, reference = load(folder), sentence_transformer(folder)
    prompt = model.recipe.prompts["query"]

    ours = embed(model, [item(text) for text in TEXTS], instruction=prompt)

    assert dict(model.recipe.prompts) == reference.prompts
    np.testing.assert_allclose(ours, reference.encode(TEXTS, prompt=prompt), rtol=0, atol=ATOL)
    np.testing.assert_allclose(ours, reference.encode_query(TEXTS), rtol=0, atol=ATOL)


@pytest.mark.parametrize("normalize", [True, False])
def test_dense(normalize, tmp_path):
    folder = tiny.bert_embedder(tmp_path / "model", dense=7, normalize=normalize)

    ours = embed(load(folder), [item(text) for text in TEXTS])

    np.testing.assert_allclose(ours, sentence_transformer(folder).encode(TEXTS), rtol=0, atol=ATOL)


@pytest.mark.parametrize("residual", ["same width", "projected"])
def test_dense_with_a_residual(residual, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = tiny.bert_embedder(tmp_path / "model", dense=32 if residual == "same width" else 7)
    tiny.edit_json(folder / "2_Dense", "config.json", use_residual=True)
    if residual == "projected":
        weights = load_file(folder / "2_Dense" / "model.safetensors")
        save_file(
            {**weights, "residual.weight": weights["linear.weight"] * 2}, folder / "2_Dense" / "model.safetensors"
        )

    ours = embed(load(folder), [item(text) for text in TEXTS])

    np.testing.assert_allclose(ours, sentence_transformer(folder).encode(TEXTS), rtol=0, atol=ATOL)


def test_module_lowercases_before_a_cased_tokenizer(tmp_path):
    folder = tiny.bert_embedder(tmp_path / "model")
    tiny.cased_tokenizer(folder)
    tiny.edit_json(folder, "sentence_bert_config.json", do_lower_case=True)
    shouted = [text.upper() for text in TEXTS]

    ours = embed(load(folder), [item(text) for text in shouted])

    np.testing.assert_allclose(ours, sentence_transformer(folder).encode(shouted), rtol=0, atol=ATOL)


@pytest.mark.parametrize("limit", [3, 5, 17])
def test_truncation(limit, tmp_path):
    folder = tiny.bert_embedder(tmp_path / "model", include_prompt=False, mode="lasttoken")
    tiny.edit_json(folder, "sentence_bert_config.json", max_seq_length=limit)
    texts = [text for text in TEXTS if text.strip()]

    ours = embed(load(folder), [item(text) for text in texts])

    np.testing.assert_allclose(ours, sentence_transformer(folder).encode(texts), rtol=0, atol=ATOL)
