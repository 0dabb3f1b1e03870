"""Vectors of text, pictures and their mixtures, as LangChain's `Embeddings`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from pydantic import AliasChoices, Field

from medialens.errors import MedialensError
from medialens.inputs import Conversation, Image, Input, Item, Role
from medialens.langchain.content import Content, contents_to_items
from medialens.retrieval.references import query_to_item, read_texts, to_items
from medialens.retrieval.settings import EmbeddingSettings


class MediaEmbeddings(EmbeddingSettings, Embeddings):
    """Embeds strings that are text, media references (see `media_document`), or both in reading order.

    Works in unmodified vector stores: a Document made by `media_document` carries its medium as a reference in
    ``page_content``, and this class embeds the medium itself. No string is taken for a path, a URL or base64.

    Constructing one loads nothing; the first call does, and all instances in a process share the loaded model.
    Instances are plain values: they can be pickled, copied, compared, and used from threads and event loops.

    Example:
        >>> embeddings = MediaEmbeddings(model="demo")
        >>> store = InMemoryVectorStore(embeddings)
        >>> store.add_documents([media_document("red.png"), media_document("blue.png")])
        >>> store.similarity_search("a red circle", k=1)
    """

    model: str = Field(
        default="demo",
        validation_alias=AliasChoices("model", "model_name"),
        description="'demo', a folder, or a repository on the hub; may be given as `model_name`, too.",
    )
    truncate_dim: int | None = Field(
        default=None,
        gt=0,
        validation_alias=AliasChoices("truncate_dim", "dimensions"),
        description="Keep this many leading dimensions; may be given as `dimensions`, too.",
    )

    data_uris: bool = Field(default=False, description="Take data URIs in text for media, up to `limits.max_bytes`.")

    @property
    def dimensions(self) -> int:
        """Length of the vectors; loads the model if nothing has yet."""
        return self._open_encoder(self.model).dimension

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """A vector for each text, which may carry media references.

        Raises:
            UnknownReferenceError: The store never issued a reference; names its digest and the store.
            UnsupportedModalityError: The model cannot take that kind of input, or that mixture.
        """
        return self._embed(self.model, to_items(texts, store=self.store, data_uris=self.data_uris), "document")

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """`embed_documents`, awaited on the engine without occupying a thread."""
        return await self._aembed(self.model, to_items(texts, store=self.store, data_uris=self.data_uris), "document")

    def check_documents(self, documents: Sequence[Document | str]) -> dict[int, MedialensError]:
        """What of them cannot be embedded, and why, by position; nothing if all can.

        A vector store embeds a whole list and fails with its first bad document, after which none is in it. So find
        these first; the engine keeps the vectors of the others, so that adding them computes nothing twice:

            wrong = embeddings.check_documents(documents)
            store.add_documents([one for at, one in enumerate(documents) if at not in wrong])

        Args:
            documents: Documents, or what would be their ``page_content``.
        """
        return self._check(self.model, self._read(documents))

    async def acheck_documents(self, documents: Sequence[Document | str]) -> dict[int, MedialensError]:
        """`check_documents`, awaited on the engine without occupying a thread."""
        return await self._acheck(self.model, self._read(documents))

    def embed_query(self, text: str) -> list[float]:
        """The vector of a query: media if the whole string is references, otherwise text, whatever it looks like."""
        return self._embed(self.model, [query_to_item(text, store=self.store, data_uris=self.data_uris)], "query")[0]

    async def aembed_query(self, text: str) -> list[float]:
        """`embed_query`, awaited on the engine without occupying a thread."""
        return (
            await self._aembed(self.model, [query_to_item(text, store=self.store, data_uris=self.data_uris)], "query")
        )[0]

    def embed_image(self, uris: list[str]) -> list[list[float]]:
        """A vector for each picture; the hook that Chroma's ``add_images`` and others' look for, by this keyword.

        Args:
            uris: Paths, URLs (if `limits` allows them), data URIs or media references: here, unlike in text, a
                string says where a picture is.
        """
        return self._embed(self.model, self._pictures(uris), "document")

    async def aembed_image(self, uris: list[str]) -> list[list[float]]:
        """`embed_image`, awaited on the engine without occupying a thread."""
        return await self._aembed(self.model, self._pictures(uris), "document")

    def embed_images(self, images: Sequence[Input], *, role: Role = "document") -> list[list[float]]:
        """A vector for each picture.

        Args:
            images: What `medialens.Image` takes, or `Image` and `Item` themselves.
            role: "query" to search with them: ``store.similarity_search_by_vector(vector)``.
        """
        return self._embed(self.model, self._pictures(images), role)

    async def aembed_images(self, images: Sequence[Input], *, role: Role = "document") -> list[list[float]]:
        """`embed_images`, awaited on the engine without occupying a thread."""
        return await self._aembed(self.model, self._pictures(images), role)

    def embed_content(self, contents: Sequence[Content], *, role: Role = "document") -> list[list[float]]:
        """A vector for each content: text, media, and mixtures of them that no string can spell.

        Args:
            contents: Each a list of content blocks (``[{"type": "text", ...}, {"type": "image", "base64": ...}]``), a
                message, an `Image`, `Video`, `Audio` or `Item`, or a string. Blocks name registered media by
                ``media_ref``, in the block or its ``extras``.
            role: "query" to search with them: ``store.similarity_search_by_vector(vector)``.

        Raises:
            InputError: A block is of no form that is known.
            UnsupportedModalityError: The model cannot take that kind of input, or that mixture.
        """
        return self._embed(self.model, self._contents(contents, role), role)

    async def aembed_content(self, contents: Sequence[Content], *, role: Role = "document") -> list[list[float]]:
        """`embed_content`, awaited on the engine without occupying a thread."""
        return await self._aembed(self.model, self._contents(contents, role), role)

    def _read(self, documents: Sequence[Document | str]) -> list[Item | MedialensError]:
        texts = [one.page_content if isinstance(one, Document) else one for one in documents]
        return list(read_texts(texts, store=self.store, data_uris=self.data_uris))

    def _contents(self, contents: Sequence[Content], role: Role) -> list[Item | Conversation]:
        return contents_to_items(contents, store=self.store, is_query=role == "query", data_uris=self.data_uris)

    def _pictures(self, images: Iterable[Any]) -> list[Item]:
        if isinstance(images, (str, bytes, os.PathLike)):
            msg = f"expected a list of pictures, got a single {type(images).__name__}: {images!r:.80}"
            raise TypeError(msg)
        return [one if isinstance(one, Item) else Item(self._picture(one)) for one in images]

    def _picture(self, image: Any) -> Image:
        if isinstance(image, Image):
            return image
        return Image(Path(image) if isinstance(image, os.PathLike) else image, store=self.store)
