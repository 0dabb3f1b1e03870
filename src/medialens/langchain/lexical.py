"""Words in captions and text layers, as a LangChain retriever that finds media by them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from pydantic import ConfigDict, Field, PrivateAttr

from medialens.inputs import Conversation, Item, Text
from medialens.langchain.content import Content, content_to_item
from medialens.langchain.querying import ContentRetriever, content_of, whole_k
from medialens.media.reference import find_references
from medialens.retrieval.lexical import WordIndex


class CaptionRetriever(ContentRetriever):
    """Finds documents by the words of their text and their caption, and gives them back as they are.

    What is written on a page or said in a clip stands under ``caption`` in the metadata, where an embedder of pictures
    does not see it: this retriever finds it. The score is BM25, in ``metadata["lexical_score"]`` of a copy.

    Example:
        >>> MediaRetriever(vector_store=store, lexical=CaptionRetriever(documents=documents))
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    documents: list[Document] = Field(default_factory=list, repr=False)
    k: int = Field(default=20, ge=0, description="How many are found at most; may be given per call.")
    _index: WordIndex | None = PrivateAttr(default=None)

    @classmethod
    def from_documents(cls, documents: Iterable[Document], **settings: Any) -> Self:
        """A retriever over these."""
        return cls(documents=list(documents), **settings)

    def _get_relevant_documents(
        self,
        query: Content,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002
        k: int | None = None,
    ) -> list[Document]:
        if self._index is None:
            self._index = WordIndex([text_of(one) for one in self.documents])
        found = self._index.search(query_text(content_of(query)), whole_k(k, self.k))
        return [with_score(self.documents[position], "lexical_score", score) for position, score in found]


def query_text(query: Content) -> str:
    """The words of a query, "" where it is about media alone."""
    item = query if isinstance(query, (Item, Conversation)) else content_to_item(query)
    return " ".join(part.text for part in getattr(item, "parts", ()) if isinstance(part, Text))


def text_of(document: Document) -> str:
    """What a document says in words: its text without references, and its caption."""
    text, position = "", 0
    for start, end, _ in find_references(document.page_content):
        text, position = text + document.page_content[position:start] + " ", end
    text += document.page_content[position:]
    caption = document.metadata.get("caption")
    return f"{text}\n{caption}" if isinstance(caption, str) and caption not in text else text


def with_score(document: Document, name: str, score: float) -> Document:
    """A copy, with the score of a stage beside those of the others."""
    return document.model_copy(update={"metadata": {**document.metadata, name: float(score)}})
