"""What `MediaRetriever` does, step by step, whoever takes the steps: one flow for threads and for event loops.

    content -> Embed -> Find (one search a kind of medium) -> Recall (words) -> fused by rank -> Rank -> joined -> k

`retrieve` is a generator: it yields a step, and is sent what came of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Mapping, Sequence
from typing import Any, TypeAlias

from langchain_core.documents import Document

from medialens.langchain.joining import join_documents, reference_of
from medialens.langchain.lexical import with_score
from medialens.langchain.stores import MODALITIES, TEXT, Arguments, Found, Search, modality_of
from medialens.retrieval.fusing import Candidate, choose, fuse_candidates
from medialens.retrieval.joining import Joining


@dataclasses.dataclass(frozen=True, kw_only=True)
class Embed:
    """Step: the vector of the query."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Find:
    """Step: the documents nearest to a vector, with the store's scores, for each search."""

    vector: Sequence[float]
    searches: Sequence[Search]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recall:
    """Step: the documents that the lexical retriever finds."""

    text: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rank:
    """Step: the documents as the reranker orders them."""

    documents: Sequence[Document]


Step: TypeAlias = Embed | Find | Recall | Rank
Steps: TypeAlias = Generator[Step, Any, list[Document]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """How it is searched.

    Attributes:
        k: How many documents are wanted.
        fetch_k: How many each search fetches.
        max_fetch_k: How far a store that cannot search for one kind alone is searched for more kinds.
        filters: All arguments of the store's search for each kind; None where they cannot be said.
        arguments: Of the search for all kinds.
        lexical, reranks: Whether there is a lexical retriever, and a reranker.
        quotas, weights, rrf_k, join: See `MediaRetriever`.
    """

    k: int
    fetch_k: int
    max_fetch_k: int
    filters: Mapping[str, Arguments] | None
    arguments: Arguments
    lexical: bool
    reranks: bool
    quotas: Mapping[str, int] | None
    weights: tuple[float, float]
    rrf_k: float
    join: Joining | None


def retrieve(plan: Plan, text: str) -> Steps:
    """The documents that answer a query, best first.

    Args:
        plan: How it is searched.
        text: The words of the query, "" where it has none; what else it is, is known to those who take the steps.
    """
    if plan.k < 1:
        return []
    vector = yield Embed()
    searched = yield from _found(plan, vector)
    found = [one for ranking in searched for one in ranking]
    rankings, weights = [[_scored(*one) for one in found]], [plan.weights[0]]
    if plan.lexical and text.strip():
        rankings.append((yield Recall(text=text)))
        weights.append(plan.weights[1])
    documents = _fused(plan, rankings, weights)
    if plan.reranks and documents:
        kept = choose([modality_of(one) for one in documents], plan.fetch_k, quotas=plan.quotas)
        documents = list((yield Rank(documents=[documents[at] for at in kept])))
        return _joined(plan, documents, "relevance_score")[: plan.k]
    documents = _joined(plan, documents, "fusion_score", _fitness(found, searched[0]))
    return [documents[at] for at in choose([modality_of(one) for one in documents], plan.k, quotas=plan.quotas)]


def _found(plan: Plan, vector: Sequence[float]) -> Generator[Step, Any, list[list[Found]]]:
    """What each search found; the first has all kinds."""
    if plan.filters is not None:
        # One search for all kinds as well: its order decides between the best of each kind, which are equally good.
        searches = [Search(k=plan.fetch_k, arguments=plan.arguments)]
        searches += [Search(k=plan.fetch_k, arguments=one) for one in plan.filters.values()]
        found: list[list[Found]] = yield Find(vector=vector, searches=searches)
        return found
    wanted = dict.fromkeys(MODALITIES, 1) if plan.quotas is None else plan.quotas
    k = plan.fetch_k
    while True:
        (ranking,) = yield Find(vector=vector, searches=[Search(k=k, arguments=plan.arguments)])
        kinds = [modality_of(document) for document, _ in ranking]
        is_enough = all(kinds.count(kind) >= n_places for kind, n_places in wanted.items())
        if is_enough or len(ranking) < k or k >= plan.max_fetch_k:
            return [ranking]
        k = min(4 * k, plan.max_fetch_k)


def _fused(plan: Plan, rankings: Sequence[Sequence[Document]], weights: Sequence[float]) -> list[Document]:
    by_key: dict[str, Document] = {}
    for ranking in rankings:
        for one in ranking:
            known = by_key.setdefault(key_of(one), one)
            if known is not one:  # found by both: the scores of both
                by_key[key_of(one)] = _with_more(known, one)
    candidates = [[Candidate(key=key_of(one), modality=modality_of(one)) for one in ranking] for ranking in rankings]
    fused = fuse_candidates(candidates, rrf_k=plan.rrf_k, weights=weights)
    return [with_score(by_key[str(one.candidate.key)], "fusion_score", one.fusion_score) for one in fused]


def key_of(document: Document) -> str:
    """What a document is known by in all searches: its medium, if it is about one, and otherwise what it says."""
    reference = reference_of(document) if modality_of(document) != TEXT else None
    return str(reference) if reference else document.page_content


def _with_more(known: Document, other: Document) -> Document:
    return known.model_copy(update={"metadata": {**other.metadata, **known.metadata}})


def _scored(document: Document, score: float | None) -> Document:
    return document if score is None else with_score(document, "retrieval_score", score)


def _joined(
    plan: Plan, documents: Sequence[Document], score: str, fitness: Mapping[str, float] | None = None
) -> list[Document]:
    return list(documents) if plan.join is None else join_documents(documents, plan.join, score, fitness)


def _fitness(found: Sequence[Found], ranking: Sequence[Found]) -> dict[str, float] | None:
    """How good each document is, by the store's own scores: the greater the better, also where they are distances.

    None where the store says no scores. Neighbours are told by these: a score that is made of ranks says little.

    Args:
        found: All documents.
        ranking: Some of them, best first: distances grow there, similarities shrink.
    """
    scores = [score for _, score in ranking if score is not None]
    if not scores or any(score is None for _, score in found):
        return None
    sign = 1.0 if scores[0] >= scores[-1] else -1.0
    return {key_of(document): sign * (score or 0.0) for document, score in found}
