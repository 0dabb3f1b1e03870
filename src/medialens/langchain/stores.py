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

from medialens.errors import InputError
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


def modality_filter(store: VectorStore, modality: str, arguments: Arguments | None = None) -> Arguments | None:
    """Arguments of the store's search with which it finds one kind only; None where that is not known.

    "text" is everything that is no medium, also what carries no ``media_type``.

    Args:
        store: Any.
        modality: Which kind.
        arguments: Of the search anyway; a filter among them holds as well.
    """
    row = _row(store)
    return None if row is None else row.narrowed(store, arguments or {}, row.only(modality, store))


def narrowed(store: VectorStore, arguments: Arguments, more: Arguments) -> Arguments:
    """Arguments of one search, and more of them; where both have a filter, both hold.

    Raises:
        InputError: Both have a filter, and it is not known how such a store takes two.
    """
    row = _row(store)
    name = "filter" if row is None else row.name
    if arguments.get(name) is None or more.get(name) is None:
        return {**arguments, **more}
    if row is None:
        msg = (
            f"it is not known how {type(store).__name__} takes two filters, that of the search and that of a kind of "
            "medium: pass modality_filters= with both in one, or modality_filters={} to search all kinds at once"
        )
        raise InputError(msg)
    return {**row.narrowed(store, arguments, more[name]), **{key: more[key] for key in more if key != name}}


def filtered(store: VectorStore, arguments: Arguments) -> Arguments:
    """Arguments of one search, with what the store needs besides for a filter among them to miss nothing."""
    row = _row(store)
    return arguments if row is None or arguments.get(row.name) is None else {**row.beside(store), **arguments}


def search(store: VectorStore, vector: Sequence[float], searches: Sequence[Search]) -> list[list[Found]]:
    """What the store has nearest to the vector, for each search."""
    name, arguments = _method(store)
    ask = getattr(store, name)
    return [_pairs(ask(list(vector), k=one.k, **{**arguments, **one.arguments})) for one in searches]


async def asearch(store: VectorStore, vector: Sequence[float], searches: Sequence[Search]) -> list[list[Found]]:
    """`search`, by the store's own asynchronous method where it has one that works, otherwise beside the loop."""
    name, arguments = _method(store)
    row = _row(store)
    ask = None if row is not None and not row.awaits else getattr(store, f"a{name}", None)

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
        only: The filter with which it finds one kind.
        both: A filter that holds where two do; the first is anybody's, the second is ours.
        name: What its search calls filters.
        beside: Arguments that a filter needs besides, to miss nothing.
        method: The method that takes a vector and gives scores; None is the first of `_METHODS` that it has.
        arguments: What that method needs for it.
        awaits: Whether its own asynchronous methods work in every event loop.
    """

    only: Callable[[str, Any], Any]
    both: Callable[[Any, Any], Any]
    name: str = "filter"
    beside: Callable[[Any], Arguments] = lambda _: {}
    method: str | None = None
    arguments: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    awaits: bool = True

    def narrowed(self, store: Any, arguments: Arguments, ours: Any) -> Arguments:
        theirs = arguments.get(self.name)
        return {**self.beside(store), **arguments, self.name: ours if theirs is None else self.both(theirs, ours)}


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


def _by_function(modality: str, _: Any) -> Callable[[Document], bool]:
    return lambda document: modality_of(document) == modality


def _both_functions(theirs: Callable[[Any], bool], ours: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda asked: theirs(asked) and ours(asked)


def _by_function_or_operators(modality: str, _: Any) -> Arguments:
    return {"media_type": {"$nin": [*MEDIA]} if modality == TEXT else {"$in": [modality]}}


def _both_functions_or_operators(theirs: Any, ours: Arguments) -> Any:
    if not callable(theirs):
        return _both_operators(theirs, ours)
    ((name, condition),) = ours.items()
    wanted, kinds = ("$in" in condition), [kind for values in condition.values() for kind in values]
    return lambda metadata: theirs(metadata) and (metadata.get(name) in kinds) == wanted


def _by_operators(modality: str, _: Any) -> Arguments:
    return {"media_type": {"$nin": [*MEDIA]} if modality == TEXT else modality}


def _by_operators_of_postgres(modality: str, _: Any) -> Arguments:
    if modality != TEXT:
        return {"media_type": modality}
    lacking: Arguments = {"media_type": {"$exists": False}}
    return {"$or": [{"media_type": {"$nin": [*MEDIA]}}, lacking]}


def _both_operators(theirs: Arguments, ours: Arguments) -> Arguments:
    return {"$and": [theirs, ours]}


def _by_models(modality: str, store: Any) -> Any:
    models = importlib.import_module("qdrant_client.models")
    key = f"{store.metadata_payload_key}.media_type"
    if modality == TEXT:
        return models.Filter(must_not=[models.FieldCondition(key=key, match=models.MatchAny(any=[*MEDIA]))])
    return models.Filter(must=[models.FieldCondition(key=key, match=models.MatchValue(value=modality))])


def _both_models(theirs: Any, ours: Any) -> Any:
    return type(ours)(must=[theirs, ours])


def _by_expression(modality: str, _: Any) -> str:
    kinds = ", ".join(f'"{kind}"' for kind in MEDIA)
    return f"media_type not in [{kinds}]" if modality == TEXT else f'media_type == "{modality}"'


def _by_sql(modality: str, _: Any) -> str:
    kinds = ", ".join(f"'{kind}'" for kind in MEDIA)
    name = "metadata.media_type"
    return f"({name} is null or {name} not in ({kinds}))" if modality == TEXT else f"{name} = '{modality}'"


def _both_sql(theirs: Any, ours: str) -> str:
    if isinstance(theirs, Mapping):  # the store takes those as well
        theirs = " and ".join("{} = '{}'".format(name, str(value).replace("'", "''")) for name, value in theirs.items())
    return f"({theirs}) and ({ours})"


_ROWS: dict[str, _Row] = {
    "InMemoryVectorStore": _Row(only=_by_function, both=_both_functions),
    # Filters what it has already found, so that it must find everything first.
    "FAISS": _Row(
        only=_by_function_or_operators,
        both=_both_functions_or_operators,
        beside=lambda store: {"fetch_k": max(1, store.index.ntotal)},
    ),
    "Chroma": _Row(only=_by_operators, both=_both_operators),
    "QdrantVectorStore": _Row(only=_by_models, both=_both_models),
    # Its asynchronous client belongs to the event loop that came first, and fails in the next one.
    "Milvus": _Row(only=_by_expression, both=_both_sql, name="expr", awaits=False),
    "PGVector": _Row(only=_by_operators_of_postgres, both=_both_operators),
    "LanceDB": _Row(
        only=_by_sql,
        both=_both_sql,
        beside=lambda _: {"prefilter": True},
        # Its method that is named after scores forgets the filter.
        method="similarity_search_by_vector",
        arguments={"score": True},
    ),
}
