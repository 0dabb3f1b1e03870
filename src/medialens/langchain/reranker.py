"""Documents in the order a model gives them, as LangChain's `BaseDocumentCompressor`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from langchain_core.callbacks import Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document
from pydantic import AliasChoices, Field

from medialens.errors import MedialensError
from medialens.inputs import Conversation, Item
from medialens.langchain.content import Content, content_to_item
from medialens.retrieval.references import read_texts
from medialens.retrieval.settings import RerankSettings


class RankedDocument(TypedDict):
    """The position of a document in the list that came in, and its score; None is that of one that failed."""

    index: int
    relevance_score: float | None


class MediaReranker(RerankSettings, BaseDocumentCompressor):
    """Scores documents of text, media or both against a query, and keeps the best.

    The score is written to ``metadata["relevance_score"]`` of a copy, as a Python float; the incoming documents stay
    as they are, the copies keep their ids, and scores of earlier stages (``retrieval_score``, ``fusion_score``) stay
    beside it. What the score is (a logit, a probability, a cosine) depends on the model and is told by `score_kind`.
    Equal scores keep the order of retrieval. With ``errors="last"``, documents that cannot be read (a file that changed
    or went, a reference that was cut) come after all others, without a score, instead of failing the question.

    Example:
        >>> reranker = MediaReranker(top_n=3)
        >>> reranker.compress_documents(documents, "a red circle")
    """

    model: str = Field(
        default="demo-reranker",
        validation_alias=AliasChoices("model", "model_name"),
        description="'demo-reranker', a folder, or a repository on the hub; may be given as `model_name`, too.",
    )
    data_uris: bool = Field(default=False, description="Take data URIs in text for media, up to `limits.max_bytes`.")

    @property
    def score_kind(self) -> str:
        """One of "logit", "probability", "cosine" or "maxsim"; loads the model if nothing has yet."""
        return self._open_reranker(self.model).score_kind

    def compress_documents(
        self,
        documents: Sequence[Document],
        query: Content,
        callbacks: Callbacks | None = None,  # noqa: ARG002
    ) -> Sequence[Document]:
        """The best documents, best first; none for none, without loading a model.

        Args:
            documents: Their ``page_content`` may carry media references.
            query: Text; one or more references and nothing else; or content blocks, a message, an `Image`, `Video`,
                `Audio` or `Item`.
            callbacks: Not used; part of LangChain's signature.

        Raises:
            UnsupportedModalityError: The model cannot take that kind of query or document.
        """
        if not documents or self.top_n == 0:
            return []
        ranked = self._rank(self.model, self._asked(query), self._items(documents))
        return [_scored(documents[index], score) for index, score in ranked]

    async def acompress_documents(
        self,
        documents: Sequence[Document],
        query: Content,
        callbacks: Callbacks | None = None,  # noqa: ARG002
    ) -> Sequence[Document]:
        """`compress_documents`, awaited on the engine without occupying a thread."""
        if not documents or self.top_n == 0:
            return []
        ranked = await self._arank(self.model, self._asked(query), self._items(documents))
        return [_scored(documents[index], score) for index, score in ranked]

    def rerank(self, documents: Sequence[Document | str], query: Content) -> list[RankedDocument]:
        """The positions of the best documents and their scores, best first: ``[{"index": 2, "relevance_score": 0.9}]``.

        Args:
            documents: Documents, or what would be their ``page_content``.
            query: See `compress_documents`.
        """
        if not documents or self.top_n == 0:
            return []
        ranked = self._rank(self.model, self._asked(query), self._items(documents))
        return [{"index": index, "relevance_score": score} for index, score in ranked]

    async def arerank(self, documents: Sequence[Document | str], query: Content) -> list[RankedDocument]:
        """`rerank`, awaited on the engine without occupying a thread."""
        if not documents or self.top_n == 0:
            return []
        ranked = await self._arank(self.model, self._asked(query), self._items(documents))
        return [{"index": index, "relevance_score": score} for index, score in ranked]

    def _asked(self, query: Content) -> Item | Conversation:
        return content_to_item(query, store=self.store, data_uris=self.data_uris)

    def _items(self, documents: Sequence[Document | str]) -> list[Item | MedialensError]:
        texts = [one if isinstance(one, str) else one.page_content for one in documents]
        return list(read_texts(texts, store=self.store, data_uris=self.data_uris))


def _scored(document: Document, score: float | None) -> Document:
    metadata = {key: value for key, value in document.metadata.items() if key != "relevance_score"}
    if score is not None:
        metadata["relevance_score"] = score
    # model_copy keeps the id and the class; building a new Document would lose both.
    return document.model_copy(update={"metadata": metadata})
