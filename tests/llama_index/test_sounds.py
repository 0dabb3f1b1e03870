"""LlamaIndex's embedding with a model that hears."""

from __future__ import annotations

import numpy as np
import pytest
from llama_index.core import VectorStoreIndex
from llama_index.core.schema import QueryBundle
from tests.media.tones import tone, write_wav

from medialens.llama_index import MediaEmbedding, media_node
from medialens.media.store import MediaStore

pytest.importorskip("av", reason="PyAV reads files of sound")

STORE = "memory://llama-index-sounds"


def test_sounds_in_an_index(tiny_model, tmp_path):
    for name, hz in (("low", 300), ("high", 2500), ("middle", 800)):
        (tmp_path / f"{name}.wav").write_bytes(write_wav(tone(1, 8000, hz=hz), 8000))
    embedding = MediaEmbedding(model_name=str(tiny_model("clap")), store=STORE)
    nodes = [media_node(tmp_path / f"{name}.wav", store=STORE) for name in ("low", "high", "middle")]
    index = VectorStoreIndex(nodes, embed_model=embedding)
    asked = MediaStore(STORE).put(write_wav(tone(1, 8000, hz=2500, phase=1), 8000))

    (found,) = index.as_retriever(similarity_top_k=1).retrieve(QueryBundle(str(asked)))

    assert found.node.metadata["media_type"] == "audio"
    assert found.node.metadata["source"].endswith("high.wav")
    np.testing.assert_allclose(
        embedding.get_text_embedding(str(asked)), embedding.get_query_embedding(str(asked)), rtol=0, atol=5e-6
    )
