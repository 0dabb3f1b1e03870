"""Documents in the order a model gives them, as LangChain's `BaseDocumentCompressor`."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.callbacks import Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document
from pydantic import AliasChoices, Field

from medialens.retrieval.references import query_to_item, to_items
from medialens.retrieval.settings import RerankSettings


class MediaReranker(RerankSettings, BaseDocumentCompressor):
    """Scores documents of text, pictures or both against a query, and keeps the best.

    The score is written to ``metadata["relevance_score"]`` of a copy; the incoming documents stay as they are,
    and the copies keep their ids. What the score is (a logit, a probability, a cosine) depends on the model and is
    told by `score_kind`. Equal scores keep the order of retrieval.

    Example:
        >>> reranker = MediaReranker(model="demo", top_n=3)
        >>> reranker.compress_documents(documents, "a red circle")
    """

    model: str = Field(
        default="demo",
        validation_alias=AliasChoices("model", "model_name"),
        description="'demo', a folder, or a repository on the hub; may be given as `model_name`, too.",
    )

    @property
    def score_kind(self) -> str:
        """One of "logit", "probability", "cosine" or "maxsim"; loads the model if nothing has yet."""
        return self._open_reranker(self.model).score_kind

    def compress_documents(
        self,
        documents: Sequence[Document],
        query: str,
        callbacks: Callbacks | None = None,  # noqa: ARG002
    ) -> Sequence[Document]:
        """The best documents, best first.

        Args:
            documents: Their ``page_content`` may carry media references.
            query: Text, or one or more references and nothing else.
            callbacks: Not used; part of LangChain's signature.

        Raises:
            UnsupportedModalityError: The model cannot take that kind of query or document.
        """
        if not documents or self.top_n == 0:
            return []
        items = to_items([one.page_content for one in documents], store=self.store)
        ranked = self._rank(self.model, query_to_item(query, store=self.store), items)
        return [_scored(documents[index], score) for index, score in ranked]

    async def acompress_documents(
        self,
        documents: Sequence[Document],
        query: str,
        callbacks: Callbacks | None = None,  # noqa: ARG002
    ) -> Sequence[Document]:
        """`compress_documents`, awaited on the engine without occupying a thread."""
        if not documents or self.top_n == 0:
            return []
        items = to_items([one.page_content for one in documents], store=self.store)
        ranked = await self._arank(self.model, query_to_item(query, store=self.store), items)
        return [_scored(documents[index], score) for index, score in ranked]


def _scored(document: Document, score: float) -> Document:
    # model_copy keeps the id and the class; building a new Document would lose both.
    return document.model_copy(update={"metadata": {**document.metadata, "relevance_score": score}})
