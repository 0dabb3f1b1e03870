"""Queries of any kind on LangChain's road for queries of text, without their bytes in anybody's traces.

LangChain hands what a retriever is asked to every tracer before the retriever sees it. So what goes along that road
is a description, a string, and what was asked goes with it:

    Item("the same, but in blue", Image(b"...")) --> Described("the same, but in blue Image(<1193 bytes>)").content
"""

from __future__ import annotations

from typing import Any, Self, TypedDict

from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig

from medialens.errors import InputError, MedialensError
from medialens.inputs import Text
from medialens.langchain.content import Content, content_to_item

_SHOWN_CHARACTERS = 200


class RetrievalOptions(TypedDict, total=False):
    """What `MediaRetriever.invoke` takes beside the query, as keywords.

    Attributes:
        k: How many documents come back.
        filter, expr: A filter as the store takes it; Milvus calls it ``expr``. In place of one in ``search_kwargs``.
        search_kwargs: Arguments of the store's search, beside those of the retriever.
    """

    k: int
    filter: Any
    expr: Any
    search_kwargs: dict[str, Any]


class Described(str):
    """What a query is like, in words; what it is, is its ``content``."""

    __slots__ = ("content",)
    content: Content

    @classmethod
    def of(cls, content: Content) -> Self:
        """The query, described."""
        described = cls(_description(content))
        described.content = content
        return described


def content_of(query: Content) -> Content:
    """What was asked, described or not."""
    return query.content if isinstance(query, Described) else query


def whole_k(given: Any, otherwise: int) -> int:
    """How many documents are wanted in one call.

    Raises:
        InputError: That is no whole number of at least 0.
    """
    if given is None:
        return otherwise
    if isinstance(given, bool) or not isinstance(given, int) or given < 0:
        msg = f"k={given!r} must be a whole number of at least 0"
        raise InputError(msg, value=given)
    return given


class ContentRetriever(BaseRetriever):
    """A retriever that is asked with more than text; tracers are told what it was, and not handed its bytes."""

    def invoke(self, input: Content, config: RunnableConfig | None = None, **kwargs: Any) -> list[Document]:  # noqa: A002  # its name
        """The documents that answer a query, best first.

        Args:
            input: Text, references, content blocks, a message, or a medium.
            config: LangChain's.
            **kwargs: For this call: ``k``, and what else the retriever takes.
        """
        return super().invoke(_on_the_road(input), config, **kwargs)

    async def ainvoke(self, input: Content, config: RunnableConfig | None = None, **kwargs: Any) -> list[Document]:  # noqa: A002
        """`invoke`, awaited: on the engine, and on the store's own asynchronous methods where it has them."""
        return await super().ainvoke(_on_the_road(input), config, **kwargs)


def _on_the_road(query: Content) -> str:
    is_shown_whole = isinstance(query, str) and not query.lstrip().lower().startswith("data:")
    return query if is_shown_whole else Described.of(query)


def _description(content: Content) -> str:
    if isinstance(content, str):
        return f"{content[:_SHOWN_CHARACTERS]}..." if len(content) > _SHOWN_CHARACTERS else content
    try:
        parts = getattr(content_to_item(content), "parts", None)
    except MedialensError:
        parts = None
    if parts is None:
        return f"<{type(content).__name__}>"
    return " ".join(part.text if isinstance(part, Text) else repr(part) for part in parts)
