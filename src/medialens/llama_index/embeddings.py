"""Vectors of nodes of every kind, as LlamaIndex's `MultiModalEmbedding`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from llama_index.core.base.embeddings.base import Embedding
from llama_index.core.callbacks.schema import CBEventType, EventPayload
from llama_index.core.embeddings import MultiModalEmbedding
from llama_index.core.instrumentation.events.embedding import EmbeddingEndEvent, EmbeddingStartEvent
from llama_index.core.schema import BaseNode, ImageType, QueryBundle
from llama_index_instrumentation import get_dispatcher
from pydantic import AliasChoices, Field, field_validator

from medialens.errors import MedialensError
from medialens.inputs import Conversation, Image, Input, Item, as_item
from medialens.llama_index.adopting import as_nodes, read_nodes
from medialens.llama_index.items import (
    bundle_to_item,
    check_ids,
    describe_item,
    embed_texts_to_items,
    named_each,
    naming,
    nodes_to_items,
)
from medialens.retrieval.references import query_to_item
from medialens.retrieval.settings import EmbeddingSettings

dispatcher = get_dispatcher(__name__)


class MediaEmbedding(EmbeddingSettings, MultiModalEmbedding):
    """Embeds nodes by what they hold: text, pictures, or both (see `media_node`).

    As a transformation, and by ``VectorStoreIndex(nodes=embedding(nodes))``, it takes every kind of node. The
    text methods take strings, which are text or carry media references; no string is taken for a path, a URL or
    base64. A whole list of nodes goes to the engine at once, which makes its own batches by cost.

    Constructing one loads nothing; the first call does, and all instances in a process share the loaded model.
    The fields are the whole state, so pickling and copying are cheap, and they are what the ingestion cache knows
    an embedding by.

    Example:
        >>> embedding = MediaEmbedding(model_name="demo")
        >>> nodes = [media_node("red.png"), media_node("blue.png")]
        >>> index = VectorStoreIndex(nodes=embedding(nodes), embed_model=embedding)
        >>> index.as_retriever(similarity_top_k=1).retrieve("a red circle")
    """

    model_name: str = Field(
        default="demo",
        validation_alias=AliasChoices("model_name", "model"),
        description="'demo', a folder, or a repository on the hub; may be given as `model`, too.",
    )
    embed_batch_size: int = Field(
        default=128, gt=0, le=2048, description="How many texts reach the engine at once; it makes its own batches."
    )

    @classmethod
    def class_name(cls) -> str:
        """The name that serialised instances carry."""
        return "MediaEmbedding"

    def to_payload(self) -> dict[str, Any]:
        """What events tell about it; nothing secret."""
        names = ("revision", "device", "dtype", "truncate_dim")
        return {**super().to_payload(), **{name: getattr(self, name) for name in names}}

    @field_validator("embeddings_cache")
    @classmethod
    def _refuse_cache(cls, value: Any) -> Any:
        if value is not None:
            msg = (
                "embeddings_cache is not supported: it is keyed by the text alone, so that queries, documents and "
                "models would share vectors. The engine caches vectors itself, by everything that changes them"
            )
            raise ValueError(msg)
        return value

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        """Nodes with their `embedding` set, in the same order, which stores and indexes keep whole.

        Text nodes and canonical nodes come back themselves. Documents about media, image nodes, and nodes of your own
        with media come back as canonical nodes of the same id, their bytes put into the store where they came as
        bytes; the ones that were handed in have their `embedding` set as well.

        Args:
            nodes: Of any kind, in any mixture.
            kwargs: ``show_progress`` is heeded, as LlamaIndex passes it; the rest is for other transformations.

        Raises:
            MedialensError: The first node that cannot be embedded; the message and ``error.node_id`` name it.
        """
        ready, items = self._ready(nodes)
        with self._reported(items) as report, naming(ready):
            report(vectors := self._embed(self.model_name, items, "document", show_progress=_progress(kwargs)))
        return _assign(nodes, ready, vectors)

    async def acall(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        """`__call__`, awaited on the engine without occupying a thread."""
        ready, items = await asyncio.to_thread(self._ready, nodes)
        with self._reported(items) as report, naming(ready):
            report(vectors := await self._aembed(self.model_name, items, "document", show_progress=_progress(kwargs)))
        return _assign(nodes, ready, vectors)

    def check_nodes(self, nodes: Sequence[BaseNode]) -> dict[int, MedialensError]:
        """What of them cannot be embedded, and why, by position; nothing if all can.

        An index embeds a whole list and fails with its first bad node. The engine keeps the vectors of the others, so
        that adding those computes nothing twice.
        """
        items = read_nodes(nodes, store=self.store, limits=self.limits)
        return named_each(self._check(self.model_name, items), nodes)

    async def acheck_nodes(self, nodes: Sequence[BaseNode]) -> dict[int, MedialensError]:
        """`check_nodes`, awaited on the engine without occupying a thread."""
        items = await asyncio.to_thread(read_nodes, nodes, store=self.store, limits=self.limits)
        return named_each(await self._acheck(self.model_name, items), nodes)

    def embed_query(self, query: Input | QueryBundle) -> Embedding:
        """The vector of a query of any kind: text, `Image`, `Video`, `Audio`, `Item`, PIL image, or a bundle.

        A stock retriever takes it as ``QueryBundle("", embedding=embedding.embed_query(Image("red.png")))``.
        """
        item = self._query_item(query)
        with self._reported([item]) as report:
            report(vectors := self._embed(self.model_name, [item], "query"))
        return vectors[0]

    async def aembed_query(self, query: Input | QueryBundle) -> Embedding:
        """`embed_query`, awaited on the engine without occupying a thread."""
        item = self._query_item(query)
        with self._reported([item]) as report:
            report(vectors := await self._aembed(self.model_name, [item], "query"))
        return vectors[0]

    def get_image_embedding(self, img_file_path: ImageType) -> Embedding:
        """The vector of a picture file or of open bytes, as a document; see `embed_query` for queries."""
        return self.get_image_embedding_batch([img_file_path])[0]

    async def aget_image_embedding(self, img_file_path: ImageType) -> Embedding:
        """`get_image_embedding`, awaited."""
        return (await self.aget_image_embedding_batch([img_file_path]))[0]

    def get_image_embedding_batch(
        self, img_file_paths: list[ImageType], show_progress: bool = False
    ) -> list[Embedding]:
        """The vectors of pictures; all of them reach the engine at once."""
        if not img_file_paths:
            return []
        items = self._pictures(img_file_paths)
        with self._reported(items) as report:
            report(vectors := self._embed(self.model_name, items, "document", show_progress=show_progress))
        return vectors

    async def aget_image_embedding_batch(
        self, img_file_paths: list[ImageType], show_progress: bool = False
    ) -> list[Embedding]:
        """`get_image_embedding_batch`, awaited on the engine without occupying a thread."""
        if not img_file_paths:
            return []
        items = self._pictures(img_file_paths)
        with self._reported(items) as report:
            report(vectors := await self._aembed(self.model_name, items, "document", show_progress=show_progress))
        return vectors

    def _ready(self, nodes: Sequence[BaseNode]) -> tuple[list[BaseNode], list[Item]]:
        ready = as_nodes(nodes, store=self.store, limits=self.limits)
        check_ids(ready)
        return ready, nodes_to_items(ready, store=self.store)

    def _query_item(self, query: Input | QueryBundle) -> Any:
        if isinstance(query, QueryBundle):
            return bundle_to_item(query, store=self.store)
        return query_to_item(query, store=self.store) if isinstance(query, str) else as_item(query)

    # The hooks of the base class. Its own asynchronous ones would call the synchronous ones on the event loop, and
    # its batched ones loop over single calls, so all of them are here. The base reports batches of text, and shows
    # their progress; of pictures it tells the instrumentation nothing, so they are reported above.

    def _get_query_embedding(self, query: str) -> Embedding:
        return self._embed(self.model_name, [self._query_item(query)], "query")[0]

    async def _aget_query_embedding(self, query: str) -> Embedding:
        return (await self._aembed(self.model_name, [self._query_item(query)], "query"))[0]

    def _get_text_embedding(self, text: str) -> Embedding:
        return self._get_text_embeddings([text])[0]

    async def _aget_text_embedding(self, text: str) -> Embedding:
        return (await self._aget_text_embeddings([text]))[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[Embedding]:
        return self._embed(self.model_name, self._text_items(texts), "document", show_progress=False)

    async def _aget_text_embeddings(self, texts: list[str]) -> list[Embedding]:
        return await self._aembed(self.model_name, self._text_items(texts), "document", show_progress=False)

    def _get_image_embedding(self, img_file_path: ImageType) -> Embedding:
        return self._get_image_embeddings([img_file_path])[0]

    async def _aget_image_embedding(self, img_file_path: ImageType) -> Embedding:
        return (await self._aget_image_embeddings([img_file_path]))[0]

    def _get_image_embeddings(self, img_file_paths: list[ImageType]) -> list[Embedding]:
        return self._embed(self.model_name, self._pictures(img_file_paths), "document", show_progress=False)

    async def _aget_image_embeddings(self, img_file_paths: list[ImageType]) -> list[Embedding]:
        return await self._aembed(self.model_name, self._pictures(img_file_paths), "document", show_progress=False)

    def _text_items(self, texts: Sequence[str]) -> list[Item]:
        return embed_texts_to_items(texts, store=self.store)

    def _pictures(self, images: Sequence[ImageType]) -> list[Item]:
        return [Item(self._picture(image)) for image in images]

    def _picture(self, image: ImageType) -> Image:
        if isinstance(image, BytesIO):
            return Image(image.getvalue())
        return Image(image, store=self.store)

    @contextmanager
    def _reported(self, items: Sequence[Item | Conversation]) -> Iterator[Callable[[list[Embedding]], None]]:
        """Both of LlamaIndex's event systems, around one call; give the vectors to what it yields."""
        chunks, about = [describe_item(item) for item in items], self.to_payload()
        dispatcher.event(EmbeddingStartEvent(model_dict=about))
        with self.callback_manager.event(CBEventType.EMBEDDING, payload={EventPayload.SERIALIZED: about}) as event:

            def report(vectors: list[Embedding]) -> None:
                event.on_end(payload={EventPayload.CHUNKS: chunks, EventPayload.EMBEDDINGS: vectors})
                dispatcher.event(EmbeddingEndEvent(chunks=chunks, embeddings=vectors))

            yield report


def _progress(kwargs: dict[str, Any]) -> bool | None:
    return kwargs.get("show_progress")


def _assign(nodes: Sequence[BaseNode], ready: Sequence[BaseNode], vectors: list[Embedding]) -> Sequence[BaseNode]:
    for given, node, vector in zip(nodes, ready, vectors, strict=True):
        given.embedding = node.embedding = vector
    unchanged = all(given is node for given, node in zip(nodes, ready, strict=True))
    return nodes if unchanged else ready
