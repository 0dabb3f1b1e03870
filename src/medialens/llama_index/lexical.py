"""Words in captions and text layers, as a LlamaIndex retriever that finds media by them."""

from __future__ import annotations

from collections.abc import Sequence

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.callbacks import CallbackManager
from llama_index.core.schema import BaseNode, NodeWithScore, QueryBundle

from medialens.llama_index.facts import words_of
from medialens.retrieval.lexical import WordIndex


class CaptionRetriever(BaseRetriever):
    """Finds nodes by the words of their text and their caption; the score is BM25.

    What is written on a page or said in a clip stands under ``caption`` in the metadata, where an embedder of pictures
    does not see it: this retriever finds it. In memory, for a few ten thousand nodes.

    Example:
        >>> retriever = MediaRetriever(index=index, lexical=CaptionRetriever(nodes=nodes))

    Args:
        nodes: What is searched.
        similarity_top_k: How many are found at most.
        callback_manager: LlamaIndex's.
    """

    def __init__(
        self,
        nodes: Sequence[BaseNode],
        *,
        similarity_top_k: int = 20,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        self._nodes = list(nodes)
        self._words = WordIndex([words_of(node) for node in self._nodes])
        self.similarity_top_k = similarity_top_k
        super().__init__(callback_manager=callback_manager)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self._words.search(query_bundle.query_str, self.similarity_top_k)
        return [NodeWithScore(node=self._nodes[position], score=score) for position, score in found]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return self._retrieve(query_bundle)
