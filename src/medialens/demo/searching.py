"""The same search in both frameworks: an embedder retrieves candidates, a reranker looks at each once more."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal, Protocol

from langchain_core.documents import Document
from langchain_core.vectorstores import InMemoryVectorStore
from llama_index.core import VectorStoreIndex
from llama_index.core.schema import Node, QueryBundle

from medialens.demo.questions import Question
from medialens.langchain import MediaEmbeddings, MediaReranker, media_document
from medialens.llama_index import MediaEmbedding, MediaRerank, media_node

N_CANDIDATES = 20
N_RERANKED = 5
_SCORE_DIGITS = 5  # the frameworks' own arithmetic differs beyond


@dataclasses.dataclass(frozen=True, kw_only=True)
class Hit:
    """A file and its score."""

    path: Path
    score: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """What one framework found for one question, best first, before and after reranking."""

    retrieved: tuple[Hit, ...]
    reranked: tuple[Hit, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Models:
    """Who searches, and what may be searched.

    Attributes:
        embedder: Retrieves.
        reranker: Puts the candidates in order.
        clips: The files that are taken as clips, among those to be found and those to search with.
        store: Where the files are registered.
    """

    embedder: str
    reranker: str
    clips: Collection[Path]
    store: str

    def modality(self, path: Path) -> Literal["video"] | None:
        """How the file is to be taken."""
        return "video" if path in self.clips else None


class Searcher(Protocol):
    """One framework, with the files in its index."""

    name: str

    def search(self, question: Question) -> Answer:
        """What it finds for the question."""
        ...


class LangChainSearcher:
    """Documents in an unmodified `InMemoryVectorStore`."""

    name = "LangChain"

    def __init__(self, files: Sequence[Path], models: Models) -> None:
        self._models = models
        self._vectors = InMemoryVectorStore(MediaEmbeddings(model=models.embedder, store=models.store))
        self._vectors.add_documents([self._document(path) for path in files])
        self._reranker = MediaReranker(model=models.reranker, top_n=N_RERANKED, store=models.store)

    def _document(self, path: Path) -> Document:
        return media_document(path, modality=self._models.modality(path), store=self._models.store)

    def search(self, question: Question) -> Answer:
        """A text is a query as it stands; a picture or clip is one by its media reference."""
        query = question.text
        if question.example:
            query = self._document(question.example).page_content
        found = self._vectors.similarity_search_with_score(query, k=N_CANDIDATES)
        best = self._reranker.compress_documents([document for document, _ in found], query)
        return Answer(
            retrieved=tuple(Hit(path=Path(one.metadata["source"]), score=score) for one, score in found),
            reranked=tuple(
                Hit(path=Path(one.metadata["source"]), score=one.metadata["relevance_score"]) for one in best
            ),
        )


class LlamaIndexSearcher:
    """Nodes in a stock `VectorStoreIndex`."""

    name = "LlamaIndex"

    def __init__(self, files: Sequence[Path], models: Models) -> None:
        self._models = models
        embedding = MediaEmbedding(model_name=models.embedder, store=models.store)
        nodes = embedding([self._node(path) for path in files])
        index = VectorStoreIndex(nodes=list(nodes), embed_model=embedding)
        self._retriever = index.as_retriever(similarity_top_k=N_CANDIDATES)
        self._reranker = MediaRerank(model=models.reranker, top_n=N_RERANKED, store=models.store)

    def _node(self, path: Path) -> Node:
        return media_node(path, modality=self._models.modality(path), store=self._models.store)

    def search(self, question: Question) -> Answer:
        """A text is a query as it stands; a picture or clip is one by its media reference."""
        query = QueryBundle(question.text)
        if question.example:
            query = QueryBundle(self._node(question.example).metadata["media_ref"])
        found = self._retriever.retrieve(query)
        best = self._reranker.postprocess_nodes(found, query_bundle=query)
        retrieved, reranked = (
            tuple(Hit(path=Path(one.node.metadata["source"]), score=float(one.score or 0.0)) for one in hits)
            for hits in (found, best)
        )
        return Answer(retrieved=retrieved, reranked=reranked)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """A question with each framework's answer, by the framework's name."""

    question: Question
    answers: dict[str, Answer]

    @property
    def agree(self) -> bool:
        """Whether the frameworks give the same files in the same order, before and after reranking; ties aside."""
        orders = {(_order(one.retrieved), _order(one.reranked)) for one in self.answers.values()}
        return len(orders) == 1

    @property
    def retrieved_right(self) -> bool:
        """Whether every framework retrieved the right one first; False where none is known."""
        return self._first_is_right("retrieved")

    @property
    def right(self) -> bool:
        """Whether the right one is first after reranking, in every framework."""
        return self._first_is_right("reranked")

    def _first_is_right(self, stage: str) -> bool:
        firsts = [getattr(answer, stage)[:1] for answer in self.answers.values()]
        return all(hits and hits[0].path == self.question.answer for hits in firsts)


def _order(hits: Sequence[Hit]) -> tuple[Path, ...]:
    """The files in an order that ties do not change: equal files score the same, and either may come first.

    What ties with the last hit is left out, because the end of the list may have cut through it.
    """
    scores = [round(hit.score, _SCORE_DIGITS) for hit in hits]
    ranked = sorted((-score, hit.path) for score, hit in zip(scores, hits, strict=True))
    return tuple(path for score, path in ranked if -score > min(scores))
