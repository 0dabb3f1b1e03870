"""Cross-encoders offline: recognition, the contract, recorded values, activations, errors."""

from __future__ import annotations

import numpy as np
import pytest
from tests import tiny
from tests.models.contract import FamilyContract, recorded
from tests.models.samples import PAIRS, PICTURES
from tests.running import item, load, score

from medialens.errors import InputError, UnknownFamilyError, UnsupportedModalityError


class TestContract(FamilyContract):
    family = "cross_encoder"
    work = (
        (item("a red circle"), item("the red circle is on the left")),
        (item("a red circle"), item("the big dog " * 60)),
        (item("dog"), item("x")),
        (item("x"), item("dog")),
    )

    @pytest.fixture(params=tiny.CROSS_ENCODERS)
    def model(self, request, tiny_model):
        return load(tiny_model(request.param), task="score")


@pytest.mark.parametrize("name", tiny.CROSS_ENCODERS)
def test_recorded_logits(name, tiny_model):
    logits = score(load(tiny_model(name), task="score"), PAIRS)

    np.testing.assert_allclose(logits, recorded(name)["logits"], rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (None, "probability"),
        ("torch.nn.modules.activation.Sigmoid", "probability"),
        ("torch.nn.modules.linear.Identity", "logit"),
        ("torch.nn.Identity", "logit"),
    ],
)
def test_score_kind_is_the_repositorys(tmp_path, path, kind):
    model = load(tiny.cross_encoder(tmp_path / "model", activation=path), task="score")

    assert model.recipe.score_kind == kind
    assert model.recipe.task == "score"


@pytest.mark.parametrize("path", ["torch.nn.modules.activation.Tanh", "evil.Identity", "torch.hub.load", "os.system"])
def test_other_activations_are_refused(tmp_path, path):
    folder = tiny.cross_encoder(tmp_path / "model", activation=path)

    with pytest.raises(UnknownFamilyError, match=f"activation is '{path}'"):
        load(folder, task="score")


def test_one_score_is_needed(tmp_path):
    folder = tiny.cross_encoder(tmp_path / "model", num_labels=3)

    with pytest.raises(UnknownFamilyError, match="gives 3 labels a pair"):
        load(folder, task="score")


def test_of_a_long_pair_the_longer_side_is_cut_first(tiny_cross_encoder):
    reader = load(tiny_cross_encoder, task="score").processing.reader

    tokens = reader.read("a red circle", "dog " * 100)

    assert len(tokens) == 64
    assert tokens.ids[1:4] == reader.read("a red circle").ids[1:4]
    assert set(tokens.types) == {0, 1}


def test_a_document_cannot_write_itself_a_separator(tiny_cross_encoder):
    reader = load(tiny_cross_encoder, task="score").processing.reader
    separator = reader.read("").ids[-1]

    assert reader.read("a [SEP] b", "c [SEP] [CLS] d").ids.count(separator) == 2


def test_positions_that_start_after_the_padding_are_not_overrun(tmp_path):
    folder = tiny.xlm_roberta_cross_encoder(tmp_path / "model")
    tiny.edit_json(folder, "tokenizer_config.json", model_max_length=512)

    model = load(folder, task="score")

    assert model.recipe.max_tokens == 64  # of 66 rows
    assert np.isfinite(score(model, [("dog", "cat " * 200)])).all()


def test_pairs_of_texts_only(tiny_cross_encoder):
    model = load(tiny_cross_encoder, task="score")

    with pytest.raises(UnsupportedModalityError, match="got an item with image"):
        model.prepare((item("a dog"), item(PICTURES[2])), instruction="")
    with pytest.raises(InputError, match="pairs"):
        model.prepare((item("a dog"),), instruction="")


def test_it_gives_no_vectors(tiny_cross_encoder):
    with pytest.raises(UnknownFamilyError, match="use Reranker"):
        load(tiny_cross_encoder)
