"""Each framework has its own name for the model's; the other one is understood, and dumps and copies keep it."""

from __future__ import annotations

import copy
import pickle

import pytest

from medialens.langchain import MediaEmbeddings, MediaReranker
from medialens.llama_index import MediaEmbedding, MediaRerank

CLASSES = [(MediaEmbeddings, "model"), (MediaReranker, "model"), (MediaEmbedding, "model_name"), (MediaRerank, "model")]


@pytest.mark.parametrize(("kind", "own"), CLASSES)
@pytest.mark.parametrize("name", ["model", "model_name"])
def test_the_model_goes_by_either_name(kind, own, name):
    made = kind(**{name: "some/model"})
    for twin in (made, copy.deepcopy(made), pickle.loads(pickle.dumps(made))):  # noqa: S301  # our own bytes
        assert getattr(twin, own) == "some/model"
