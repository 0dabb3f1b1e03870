"""The vector stores that media must pass through, unmodified: how each is opened in a folder, kept, and closed.

A process that opens one in the folder where another process kept it finds what that one put there.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

from llama_index.core.vector_stores import SimpleVectorStore
from llama_index.core.vector_stores.types import BasePydanticVectorStore

Opening = contextlib.AbstractContextManager[BasePydanticVectorStore]
NAME = "medialens"


@contextlib.contextmanager
def simple(folder: Path, dimension: int) -> Iterator[BasePydanticVectorStore]:
    path = folder / "simple.json"
    store = SimpleVectorStore.from_persist_path(str(path)) if path.exists() else SimpleVectorStore()
    yield store
    store.persist(str(path))


@contextlib.contextmanager
def qdrant(folder: Path, dimension: int) -> Iterator[BasePydanticVectorStore]:
    from llama_index.vector_stores.qdrant import QdrantVectorStore
    from qdrant_client import QdrantClient

    client = QdrantClient(path=str(folder))
    yield QdrantVectorStore(NAME, client=client)
    client.close()


@contextlib.asynccontextmanager
async def asynchronous_qdrant(folder: Path) -> AsyncIterator[BasePydanticVectorStore]:
    """Qdrant by its asynchronous client alone: in a folder, there is one client at a time."""
    from llama_index.vector_stores.qdrant import QdrantVectorStore
    from qdrant_client import AsyncQdrantClient

    client = AsyncQdrantClient(path=str(folder))
    yield QdrantVectorStore(NAME, aclient=client)
    await client.close()


@contextlib.contextmanager
def chroma(folder: Path, dimension: int) -> Iterator[BasePydanticVectorStore]:
    import chromadb
    from chromadb.config import Settings
    from llama_index.vector_stores.chroma import ChromaVectorStore

    client = chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
    yield ChromaVectorStore(chroma_collection=client.get_or_create_collection(NAME))


@contextlib.contextmanager
def lancedb(folder: Path, dimension: int) -> Iterator[BasePydanticVectorStore]:
    from llama_index.vector_stores.lancedb import LanceDBVectorStore

    yield LanceDBVectorStore(uri=str(folder), table_name=NAME)


@contextlib.contextmanager
def pgvector(folder: Path, dimension: int) -> Iterator[BasePydanticVectorStore]:
    from llama_index.vector_stores.postgres import PGVectorStore
    from sqlalchemy.engine import make_url

    address = make_url(os.environ["MEDIALENS_TEST_POSTGRES"])
    table = "".join(filter(str.isalnum, folder.name)).lower() or NAME
    store = PGVectorStore(
        connection_string=address.set(drivername="postgresql+psycopg2"),
        async_connection_string=address.set(drivername="postgresql+asyncpg"),
        table_name=table,
        embed_dim=dimension,
    )
    yield store
    if store._engine is not None:
        store._engine.dispose()


async def let_go(store: BasePydanticVectorStore) -> None:
    """Close the connections of this event loop, which PostgreSQL's are."""
    if (close := getattr(store, "close", None)) is not None:
        await close()


STORES: dict[str, Callable[[Path, int], Opening]] = {
    "Simple": simple,
    "Qdrant": qdrant,
    "Chroma": chroma,
    "LanceDB": lancedb,
    "PGVector": pgvector,
}


QUIETLY = [
    # The library that brings PostgreSQL looks for a folder that only desktops have, and falls back.
    "ignore:XDG_RUNTIME_DIR is not set",
    # LlamaIndex's LanceDB asks it for its tables by a name that is going.
    "ignore:table_names\\(\\) is deprecated:DeprecationWarning",
    # LlamaIndex's Qdrant makes an index that the one in a folder does without.
    "ignore:Payload indexes have no effect in the local Qdrant:UserWarning",
]


def open_vector_store(name: str, folder: Path, dimension: int = 32) -> Opening:
    """The store of that name in the folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    return STORES[name](folder, dimension)
