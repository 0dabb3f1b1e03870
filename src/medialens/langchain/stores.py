"""How vector stores are asked by vector, and for one kind of medium alone.

LangChain's stores do not agree on either. One row for each store that is known; others are asked by the methods they
share, for all kinds at once. No row imports its store: what is in hand is looked at.
"""

from __future__ import annotations

import asyncio
import dataclasses
import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from langchain_core.documents import Document
from langchain_core.runnables import run_in_executor
from langchain_core.vectorstores import VectorStore

from medialens.retrieval.references import MEDIA

Found: TypeAlias = tuple[Document, float | None]
"""A document and the store's own score, if it says one."""

Arguments: TypeAlias = dict[str, Any]
TEXT = "text"
MODALITIES = (TEXT, *MEDIA)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Search:
    """One question to a store: the nearest `k`, with further arguments of its search."""

    k: int
    arguments: Arguments = dataclasses.field(default_factory=dict)


def modality_of(document: Document) -> str:
    """The kind of a document; "text" for all that is no medium."""
    kind = document.metadata.get("media_type")
    return kind if isinstance(kind, str) and kind in MEDIA else TEXT


def modality_filter(store: VectorStore, modality: str) -> Arguments | None:
    """Arguments of the store's search with which it finds one kind only; None where that is not known.

    "text" is everything that is no medium, also what carries no ``media_type``.
    """
    row = _row(store)
    return None if row is None else row.only(store, modality)


def search(store: VectorStore, vector: Sequence[float], searches: Sequence[Search]) -> list[list[Found]]:
    """What the store has nearest to the vector, for each search."""
    name, arguments = _method(store)
    ask = getattr(store, name)
    return [_pairs(ask(list(vector), k=one.k, **{**arguments, **one.arguments})) for one in searches]


async def asearch(store: VectorStore, vector: Sequence[float], searches: Sequence[Search]) -> list[list[Found]]:
    """`search`, by the store's own asynchronous method where it has one that works, otherwise beside the loop."""
    name, arguments = _method(store)
    ask = getattr(store, f"a{name}", None)

    async def run(one: Search) -> list[Found]:
        keywords = {"k": one.k, **arguments, **one.arguments}
        if ask is None or getattr(store, "async_mode", True) is False:  # PGVector, opened for synchronous work
            return _pairs(await run_in_executor(None, getattr(store, name), list(vector), **keywords))
        return _pairs(await ask(list(vector), **keywords))

    return list(await asyncio.gather(*map(run, searches)))


def _pairs(found: Sequence[Any]) -> list[Found]:
    return [(one, None) if isinstance(one, Document) else (one[0], float(one[1])) for one in found]


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Row:
    """How one class of stores is asked.

    Attributes:
        only: Arguments with which it finds one kind.
        method: The method that takes a vector and gives scores; None is the first of `_METHODS` that it has.
        arguments: What that method needs for it.
    """

    only: Callable[[Any, str], Arguments]
    method: str | None = None
    arguments: Mapping[str, Any] = dataclasses.field(default_factory=dict)


_METHODS = (
    "similarity_search_with_score_by_vector",
    "similarity_search_by_vector_with_relevance_scores",
    "similarity_search_by_vector",
)


def _method(store: VectorStore) -> tuple[str, Mapping[str, Any]]:
    row = _row(store)
    if row is not None and row.method is not None:
        return row.method, row.arguments
    return next(name for name in _METHODS if hasattr(store, name)), {}


def _row(store: VectorStore) -> _Row | None:
    return next((_ROWS[kind.__name__] for kind in type(store).__mro__ if kind.__name__ in _ROWS), None)


def _by_function(_: Any, modality: str) -> Arguments:
    return {"filter": lambda document: modality_of(document) == modality}


def _by_function_of_metadata(store: Any, modality: str) -> Arguments:
    # FAISS filters what it has already found, so that it must find everything first.
    def keeps(metadata: dict[str, Any]) -> bool:
        return modality_of(Document("", metadata=metadata)) == modality

    return {"filter": keeps, "fetch_k": max(1, store.index.ntotal)}


def _by_operators(_: Any, modality: str) -> Arguments:
    return {"filter": {"media_type": {"$nin": [*MEDIA]} if modality == TEXT else modality}}


def _by_operators_of_postgres(_: Any, modality: str) -> Arguments:
    if modality != TEXT:
        return {"filter": {"media_type": modality}}
    lacking: Arguments = {"media_type": {"$exists": False}}
    return {"filter": {"$or": [{"media_type": {"$nin": [*MEDIA]}}, lacking]}}


def _by_models(store: Any, modality: str) -> Arguments:
    models = importlib.import_module("qdrant_client.models")
    key = f"{store.metadata_payload_key}.media_type"
    if modality == TEXT:
        condition = models.FieldCondition(key=key, match=models.MatchAny(any=[*MEDIA]))
        return {"filter": models.Filter(must_not=[condition])}
    condition = models.FieldCondition(key=key, match=models.MatchValue(value=modality))
    return {"filter": models.Filter(must=[condition])}


def _by_expression(_: Any, modality: str) -> Arguments:
    kinds = ", ".join(f'"{kind}"' for kind in MEDIA)
    return {"expr": f"media_type not in [{kinds}]" if modality == TEXT else f'media_type == "{modality}"'}


def _by_sql(_: Any, modality: str) -> Arguments:
    kinds = ", ".join(f"'{kind}'" for kind in MEDIA)
    name = "metadata.media_type"
    wanted = f"({name} is null or {name} not in ({kinds}))" if modality == TEXT else f"{name} = '{modality}'"
    return {"filter": wanted, "prefilter": True}


_ROWS: dict[str, _Row] = {
    "InMemoryVectorStore": _Row(only=_by_function),
    "FAISS": _Row(only=_by_function_of_metadata),
    "Chroma": _Row(only=_by_operators),
    "QdrantVectorStore": _Row(only=_by_models),
    "Milvus": _Row(only=_by_expression),
    "PGVector": _Row(only=_by_operators_of_postgres),
    # Its method that is named after scores forgets the filter.
    "LanceDB": _Row(only=_by_sql, method="similarity_search_by_vector", arguments={"score": True}),
}
