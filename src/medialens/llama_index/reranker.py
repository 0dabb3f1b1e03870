"""Nodes in the order a model gives them, as LlamaIndex's `BaseNodePostprocessor`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from llama_index.core.callbacks.schema import CBEventType, EventPayload
from llama_index.core.instrumentation.events.rerank import ReRankEndEvent, ReRankStartEvent
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import NodeWithScore, QueryBundle
from llama_index_instrumentation import get_dispatcher
from pydantic import AliasChoices, Field

from medialens.errors import InputError
from medialens.inputs import Input, Item
from medialens.llama_index.facts import with_metadata
from medialens.llama_index.items import bundle_to_item, naming, nodes_to_items
from medialens.retrieval.settings import RerankSettings

dispatcher = get_dispatcher(__name__)

_Report: TypeAlias = Callable[[Sequence[tuple[int, float | None]]], list[NodeWithScore]]


class MediaRerank(RerankSettings, BaseNodePostprocessor):
    """Scores nodes of text, pictures or both against the query, and keeps the best.

    The picture of a query (``QueryBundle(..., image_path=...)``) counts. New `NodeWithScore`s come back, with the
    model's score as a Python float; the incoming ones stay as they are. What the score is (a logit, a probability,
    a cosine) depends on the model and is told by `score_kind`. Equal scores keep the order of retrieval.

    Example:
        >>> engine = index.as_query_engine(node_postprocessors=[MediaRerank(top_n=3)])
    """

    model: str = Field(
        default="demo-reranker",
        validation_alias=AliasChoices("model", "model_name"),
        description="'demo-reranker', a folder, or a repository on the hub; may be given as `model_name`, too.",
    )
    keep_retrieval_score: bool = Field(
        default=False,
        description="Keep the incoming score as metadata['retrieval_score'] of a copy of the node, which no model "
        "sees; one that is there already, as of `MediaRetriever`, stays.",
    )

    @classmethod
    def class_name(cls) -> str:
        """The name that serialised instances carry."""
        return "MediaRerank"

    @property
    def score_kind(self) -> str:
        """One of "logit", "probability", "cosine" or "maxsim"; loads the model if nothing has yet."""
        return self._open_reranker(self.model).score_kind

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        query = self._begin(nodes, query_bundle)
        if not nodes or self.top_n == 0:
            return []
        with self._reported(nodes, query) as report:
            asked, documents = self._items(nodes, query)
            return report(self._rank(self.model, asked, documents))

    async def _apostprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        query = self._begin(nodes, query_bundle)
        if not nodes or self.top_n == 0:
            return []
        with self._reported(nodes, query) as report:
            asked, documents = self._items(nodes, query)
            return report(await self._arank(self.model, asked, documents))

    def _begin(self, nodes: list[NodeWithScore], query: QueryBundle | None) -> QueryBundle:
        # The order of LlamaIndex's own rerankers: the event first, then the checks.
        top_n = len(nodes) if self.top_n is None else self.top_n
        dispatcher.event(ReRankStartEvent(query=query, nodes=nodes, top_n=top_n, model_name=self.model))
        if query is None:
            msg = "MediaRerank got no query; pass query_bundle=QueryBundle(...) or query_str="
            raise InputError(msg)
        return query

    def _items(self, nodes: list[NodeWithScore], query: QueryBundle) -> tuple[Input, list[Item]]:
        documents = nodes_to_items([one.node for one in nodes], store=self.store)
        return bundle_to_item(query, store=self.store), documents

    @contextmanager
    def _reported(self, nodes: list[NodeWithScore], query: QueryBundle) -> Iterator[_Report]:
        """Both of LlamaIndex's event systems, around one ranking; give the ranking to what it yields."""
        payload: dict[str, Any] = {
            EventPayload.NODES: nodes,
            EventPayload.MODEL_NAME: self.model,
            EventPayload.QUERY_STR: query.query_str,
            EventPayload.TOP_K: self.top_n,
        }
        with self.callback_manager.event(CBEventType.RERANKING, payload=payload) as event:

            def report(ranked: Sequence[tuple[int, float | None]]) -> list[NodeWithScore]:
                best = [self._scored(nodes[index], score) for index, score in ranked]
                event.on_end(payload={EventPayload.NODES: best})
                dispatcher.event(ReRankEndEvent(nodes=best))
                return best

            with naming([one.node for one in nodes]):
                yield report

    def _scored(self, found: NodeWithScore, score: float | None) -> NodeWithScore:
        node = found.node
        if self.keep_retrieval_score and found.score is not None and "retrieval_score" not in node.metadata:
            node = with_metadata(node, {"retrieval_score": float(found.score)})
        return NodeWithScore(node=node, score=score)
