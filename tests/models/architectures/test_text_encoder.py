"""Text encoders offline: recognition, the contract, recorded values, prompts, errors."""

from __future__ import annotations

import numpy as np
import pytest
from tests import tiny
from tests.models.contract import ATOL, FamilyContract, recorded
from tests.models.samples import PICTURES, TEXTS
from tests.running import embed, item, load

from medialens.errors import UnknownFamilyError, UnsupportedModalityError
from medialens.models.layers.pooling import POOLING_MODES

_WORK = tuple((item(text),) for text in ("a red circle", "the page of the photo " * 12, "x", "Two cats, and a dog!"))


class TestContract(FamilyContract):
    family = "text_encoder"
    work = _WORK

    @pytest.fixture(params=tiny.TEXT_ENCODERS)
    def model(self, request, tiny_model):
        return load(tiny_model(request.param))


class TestContractOfEveryPooling(FamilyContract):
    family = "text_encoder"
    work = _WORK
    instruction = "query: "

    @pytest.fixture(params=[*POOLING_MODES, ("cls", "mean")], ids=str)
    def model(self, request, tmp_path):
        return load(tiny.bert_embedder(tmp_path / "model", mode=request.param, include_prompt=False, dense=9))


@pytest.mark.parametrize("name", tiny.TEXT_ENCODERS)
def test_recorded_vectors(name, tiny_model):
    vectors = embed(load(tiny_model(name)), [item(text) for text in TEXTS])

    np.testing.assert_allclose(vectors, recorded(name)["texts"], rtol=0, atol=1e-5)


def test_recipe_says_what_the_repository_says(tiny_bert):
    recipe = load(tiny_bert).recipe

    assert recipe.modalities == ("text",)
    assert dict(recipe.prompts) == {"query": "query: ", "document": "passage: "}
    assert recipe.max_tokens == 48
    assert recipe.dimension == 32
    assert recipe.settings["pooling"] == ["mean"]
    assert recipe.settings["normalize"]
    assert recipe.settings["notice"] is None


def test_settings_of_the_repository_reach_the_recipe(tmp_path):
    folder = tiny.bert_embedder(tmp_path / "model")
    tiny.st_settings(folder, similarity_fn_name="dot", truncate_dim=16, default_prompt_name="q", prompts={"q": "Q: "})

    recipe = load(folder).recipe

    assert recipe.similarity == "dot"
    assert recipe.settings["truncate_dim"] == 16
    assert recipe.default_prompt_name == "q"


def test_assumed_pooling_is_noted(tiny_model):
    recipe = load(tiny_model("bert")).recipe

    assert recipe.settings["pooling"] == ["mean"]
    assert "mean pooling is assumed" in recipe.settings["notice"]
    assert not recipe.settings["normalize"]


def test_instruction_is_read_with_the_text(tiny_bert):
    model = load(tiny_bert)

    np.testing.assert_allclose(
        embed(model, [item("a dog")], instruction="query: "), embed(model, [item("query: a dog")]), rtol=0, atol=ATOL
    )


def test_pooling_without_the_prompt_still_reads_it(tmp_path):
    model = load(tiny.bert_embedder(tmp_path / "model", include_prompt=False, prompts={"query": "query: "}))

    with_prompt, without = embed(model, [item("a dog")], "query: "), embed(model, [item("a dog")])

    assert np.abs(with_prompt - without).max() > 1e-3


def test_special_tokens_in_a_text_are_read_as_text(tiny_bert):
    reader = load(tiny_bert).processing.reader
    separator = reader.read("").ids[-1]

    assert reader.read("a [SEP] dog").ids.count(separator) == 1


def test_positions_that_start_after_the_padding_are_not_overrun(tmp_path):
    """MPNet's table of 40 rows holds 38 tokens; its tokenizer knows of 512."""
    folder = tiny.mpnet_embedder(tmp_path / "model")
    tiny.edit_json(folder, "sentence_bert_config.json", max_seq_length=None)

    model = load(folder)

    assert model.recipe.max_tokens == 38
    assert np.isfinite(embed(model, [item("the page " * 100)])).all()


def test_a_picture_is_refused(tiny_bert):
    with pytest.raises(UnsupportedModalityError, match="takes text, got an item with image") as caught:
        load(tiny_bert).prepare((item(PICTURES[2]),), instruction="")
    assert caught.value.supported == ("text",)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"pooling_mode": "median"}, "unknown pooling median"),
        ({"pooling_mode": ["mean", "median"]}, "unknown pooling median"),
    ],
)
def test_unknown_pooling(tmp_path, change, reason):
    folder = tiny.bert_embedder(tmp_path / "model")
    tiny.edit_json(folder / "1_Pooling", "config.json", **change)

    with pytest.raises(UnknownFamilyError, match=reason):
        load(folder)


@pytest.mark.parametrize("kind", ["LSTM", "SpladePooling", "Router", "StaticEmbedding"])
def test_modules_that_nobody_runs(tmp_path, kind):
    folder = tiny.bert_embedder(tmp_path / "model")
    (folder / "1_Other").mkdir()
    tiny.st_modules(folder, ("Transformer", "", None), (kind, "1_Other", None))

    with pytest.raises(UnknownFamilyError, match=f"modules.json has {kind}"):
        load(folder)
