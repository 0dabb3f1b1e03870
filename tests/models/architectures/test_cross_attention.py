"""Cross-attention rerankers offline: recognition, the contract, recorded values, sharing, errors."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from tests import tiny
from tests.models.contract import FamilyContract, recorded
from tests.models.samples import PICTURES, SIDES
from tests.running import item, load

from medialens.errors import (
    IncompleteRepositoryError,
    InputError,
    RepositoryError,
    UnknownFamilyError,
    UnsupportedModalityError,
)
from medialens.media.decoded import DecodedItem, DecodedVideo
from medialens.models.layers.clip_sheet import ClipSheet
from medialens.models.placement import cpu_computes_bfloat16

WORK = tuple((item(*query), item(*document)) for query, document in SIDES)


@pytest.fixture
def model(tiny_model):
    return load(tiny_model("cross_attention"), task="score")


def logits_of(model, work, instruction=""):
    prepared = [model.prepare(one, instruction=instruction) for one in work]
    return model.forward(model.collate(prepared)).numpy()


class TestContract(FamilyContract):
    family = "cross_attention"
    work = WORK

    @pytest.fixture
    def model(self, tiny_model):
        return load(tiny_model("cross_attention"), task="score")


def test_recorded_logits(model):
    np.testing.assert_allclose(logits_of(model, WORK), recorded("cross_attention")["logits"], rtol=0, atol=1e-5)


def test_a_clip_is_scored_as_the_sheet_of_its_frames(model):
    frames = tuple(np.full((20 + 10 * at, 31, 3), 40 * at, np.uint8) for at in range(4))
    clip = DecodedVideo(frames=frames, times_seconds=(0.0, 1.0, 2.0, 3.0), digest="clip")
    sheet = dataclasses.replace(PICTURES[0], pixels=ClipSheet().compose(frames, (32, 32)))

    scores = logits_of(model, [(item("a dog"), DecodedItem((clip,))), (item("a dog"), item(sheet))])

    assert scores[0] == pytest.approx(scores[1], abs=1e-6)
    assert model.recipe.modalities == ("text", "image", "video")
    assert model.recipe.n_frames == 4


def test_each_text_and_picture_goes_through_its_tower_once(model):
    documents = [item(PICTURES[2]), item(PICTURES[3]), item("a note", PICTURES[2]), item("a note")]
    work = [(query, document) for query in (item("a dog"), item("a cat")) for document in documents]

    batch = model.collate([model.prepare(one, instruction="") for one in work])

    assert batch.tensors["tokens"].shape[0] == 3  # two queries, a note
    assert batch.tensors["pixels"].shape[0] == 2
    assert batch.n_items == 8


def test_an_instruction_is_read_before_the_query_alone(model):
    plain, said = ("is it red? a dog", "a dog"), "is it red? "
    expected = logits_of(model, [(item(plain[0]), item(PICTURES[2])), (item(said, PICTURES[3]), item("a dog"))])
    told = logits_of(model, [(item(plain[1]), item(PICTURES[2])), (item(PICTURES[3]), item("a dog"))], said)
    np.testing.assert_allclose(told, expected, rtol=0, atol=5e-6)


def test_sides_are_not_interchangeable(model):
    one, other = logits_of(model, [(item("a dog"), item(PICTURES[2])), (item(PICTURES[2]), item("a dog"))])
    assert abs(one - other) > 1e-3


@pytest.mark.parametrize("items", [(item("a"),), (item("a"), item("b"), item("c"))])
def test_it_scores_pairs(model, items):
    with pytest.raises(InputError, match=f"got {len(items)} items"):
        model.prepare(items, instruction="")


def test_clips_are_refused_where_the_repository_has_no_sheet(tmp_path):
    folder = tiny.cross_attention(tmp_path / "model")
    tiny.edit_json(folder, "config.json", medialens=None)
    model = load(folder, task="score")
    clip = DecodedVideo(frames=(np.zeros((8, 8, 3), np.uint8),), times_seconds=(0.0,), digest="clip")
    assert model.recipe.modalities == ("text", "image")
    with pytest.raises(UnsupportedModalityError):
        model.prepare((item("a dog"), DecodedItem((clip,))), instruction="")


def test_a_finder_has_its_say(tmp_path):
    folder = tiny.cross_attention(tmp_path / "model", finder=True)
    model = load(folder, task="score")
    batch = model.collate([model.prepare(one, instruction="") for one in WORK])
    said = model.forward(batch).numpy()
    model.network.finder = None
    assert np.abs(said - model.forward(batch).numpy()).min() > 1e-3  # how much: tests/reference


def test_it_gives_no_vectors(tiny_model):
    with pytest.raises(UnknownFamilyError, match="use Reranker"):
        load(tiny_model("cross_attention"), task="embed")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fusion": None}, "fusion is None"),
        ({"fusion": {"width": 32}}, "expected an object with width"),
        (
            {
                "fusion": {
                    "width": 32,
                    "layers": 10**9,
                    "heads": 4,
                    "inner_width": 64,
                    "vector_width": 24,
                    "cells": [4, 4],
                }
            },
            "layers=1000000000",
        ),
        (
            {"fusion": {"width": 33, "layers": 2, "heads": 4, "inner_width": 64, "vector_width": 24, "cells": [4, 4]}},
            "cannot share",
        ),
        (
            {
                "fusion": {
                    "width": 32,
                    "layers": True,
                    "heads": 4,
                    "inner_width": 64,
                    "vector_width": 24,
                    "cells": [4, 4],
                }
            },
            "layers=True",
        ),
        (
            {"fusion": {"width": 32, "layers": 2, "heads": 4, "inner_width": 64, "vector_width": 24, "cells": [0, 4]}},
            r"cells=\[0, 4\]",
        ),
        ({"vision_config": {"model_type": "no-such-tower"}}, "does not describe"),
        ({"text_config": {}}, "does not describe"),
    ],
)
def test_a_config_that_describes_no_network_is_named(tmp_path, change, said):
    folder = tiny.cross_attention(tmp_path / "model")
    tiny.edit_json(folder, "config.json", **change)
    with pytest.raises(RepositoryError, match=said):
        load(folder, task="score")


def test_weights_that_do_not_fit_are_named(tmp_path):
    folder = tiny.cross_attention(tmp_path / "model")
    tiny.edit_json(
        folder,
        "config.json",
        fusion={"width": 32, "layers": 3, "heads": 4, "inner_width": 64, "vector_width": 24, "cells": [4, 4]},
    )
    with pytest.raises(IncompleteRepositoryError, match=r"fusion\.layers\.2"):
        load(folder, task="score")


@pytest.mark.skipif(not cpu_computes_bfloat16(), reason="this CPU has no bfloat16 arithmetic")
def test_it_runs_in_bfloat16(tiny_model):
    model = load(tiny_model("cross_attention"), task="score", dtype="bfloat16")
    logits = logits_of(model, WORK)
    assert logits.dtype == np.float32
    assert next(model.network.parameters()).dtype == torch.bfloat16
    np.testing.assert_allclose(logits, recorded("cross_attention")["logits"], rtol=0, atol=0.2)


@pytest.mark.parametrize("content", [b"", b"no weights", b"\xff" * 64])
def test_corrupt_weights_are_named(tmp_path, content):
    folder = tiny.cross_attention(tmp_path / "model")
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(RepositoryError, match=r"model\.safetensors"):
        load(folder, task="score")
