"""The vector stores that media must pass through, unmodified: how each is opened in a folder, kept, and closed.

A process that opens one in the folder where another process kept it finds what that one put there.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore

Opening = contextlib.AbstractContextManager[VectorStore]
NAME = "medialens"


@contextlib.contextmanager
def in_memory(embeddings: Embeddings, folder: Path) -> Iterator[VectorStore]:
    path = folder / "store.json"
    store = InMemoryVectorStore.load(str(path), embeddings) if path.exists() else InMemoryVectorStore(embeddings)
    yield store
    store.dump(str(path))


@contextlib.contextmanager
def chroma(embeddings: Embeddings, folder: Path) -> Iterator[VectorStore]:
    from chromadb.config import Settings
    from langchain_chroma import Chroma

    settings = Settings(anonymized_telemetry=False, is_persistent=True, persist_directory=str(folder))
    yield Chroma(NAME, embeddings, persist_directory=str(folder), client_settings=settings)


@contextlib.contextmanager
def faiss(embeddings: Any, folder: Path) -> Iterator[VectorStore]:
    import faiss
    from langchain_community.docstore import InMemoryDocstore
    from langchain_community.vectorstores import FAISS

    if (folder / "index.faiss").exists():
        store = FAISS.load_local(str(folder), embeddings, allow_dangerous_deserialization=True)
    else:
        store = FAISS(embeddings, faiss.IndexFlatIP(len(embeddings.embed_query("x"))), InMemoryDocstore(), {})
    yield store
    store.save_local(str(folder))


@contextlib.contextmanager
def qdrant(embeddings: Any, folder: Path) -> Iterator[VectorStore]:
    from langchain_qdrant import QdrantVectorStore
    from qdrant_client import QdrantClient
    from qdrant_client.models import Distance, VectorParams

    client = QdrantClient(path=str(folder))
    if not client.collection_exists(NAME):
        size = VectorParams(size=len(embeddings.embed_query("x")), distance=Distance.COSINE)
        client.create_collection(NAME, vectors_config=size)
    try:
        yield QdrantVectorStore(client, NAME, embeddings)
    finally:
        client.close()


@contextlib.contextmanager
def lancedb(embeddings: Embeddings, folder: Path) -> Iterator[VectorStore]:
    from langchain_community.vectorstores import LanceDB

    # "overwrite", its default, keeps nothing but the last `add_documents`.
    yield LanceDB(uri=str(folder), embedding=embeddings, table_name=NAME, mode="append")


@contextlib.contextmanager
def milvus(embeddings: Embeddings, folder: Path) -> Iterator[VectorStore]:
    from langchain_milvus import Milvus
    from milvus_lite.server_manager import server_manager_instance

    file = str(folder / "milvus.db")
    store = Milvus(
        embeddings,
        collection_name=NAME,
        connection_args={"uri": file},
        index_params={"index_type": "FLAT", "metric_type": "COSINE"},
        enable_dynamic_field=True,  # documents of one's own have other metadata
        auto_id=False,
    )
    try:
        yield store
    finally:
        store.client.close()
        server_manager_instance.release_server(file)  # or this process would keep the file to itself


@contextlib.contextmanager
def pgvector(embeddings: Embeddings, folder: Path) -> Iterator[VectorStore]:
    from langchain_postgres import PGVector

    store = PGVector(embeddings, connection=os.environ["MEDIALENS_TEST_POSTGRES"], collection_name=folder.name)
    try:
        yield store
    finally:
        store._engine.dispose()


STORES: dict[str, Callable[[Any, Path], Opening]] = {
    "InMemory": in_memory,
    "Chroma": chroma,
    "FAISS": faiss,
    "Qdrant": qdrant,
    "LanceDB": lancedb,
    "Milvus": milvus,
    "PGVector": pgvector,
}

QUIETLY = [
    # langchain-community says at import that it is being retired; FAISS and LanceDB have no other home.
    "ignore:`langchain-community` is being sunset:DeprecationWarning",
    # The library that brings PostgreSQL looks for a folder that only desktops have, and falls back.
    "ignore:XDG_RUNTIME_DIR is not set",
]


def open_store(name: str, embeddings: Embeddings, folder: Path) -> Opening:
    """The store of that name in the folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    return STORES[name](embeddings, folder)
