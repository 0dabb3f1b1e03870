"""LangChain's embeddings with a model that hears."""

from __future__ import annotations

import numpy as np
import pytest
from langchain_core.documents import Document
from langchain_core.vectorstores import InMemoryVectorStore
from tests.media.tones import tone, write_wav

from medialens import Audio, Encoder
from medialens.langchain import MediaEmbeddings
from medialens.media.segment.sounds import split_sound
from medialens.media.store import MediaStore

pytest.importorskip("av", reason="PyAV reads files of sound")

STORE = "memory://langchain-sounds"


def test_windows_of_a_sound_in_a_vector_store(tiny_model):
    folder = str(tiny_model("clap"))
    melody = np.concatenate([tone(2, 8000, hz=hz) for hz in (300, 2500, 800)])
    segments = split_sound(write_wav(melody, 8000), store=STORE, window_seconds=2, overlap_seconds=0)
    embeddings = MediaEmbeddings(model=folder, store=STORE)
    index = InMemoryVectorStore(embeddings)
    index.add_documents(
        [
            Document(page_content=str(segment.reference), metadata={"start": segment.reference.start_seconds})
            for segment in segments
        ]
    )
    asked = MediaStore(STORE).put(write_wav(tone(2, 8000, hz=2500), 8000))

    (found,) = index.similarity_search(str(asked), k=1)

    assert found.metadata["start"] == 2.0
    heard = Encoder(folder, device="cpu").encode_queries(Audio(asked, store=STORE))
    np.testing.assert_allclose(embeddings.embed_query(str(asked)), heard, rtol=0, atol=5e-6)
