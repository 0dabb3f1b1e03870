"""`MediaVectorStoreIndex`: LlamaIndex's own vector store index, for documents about media."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.data_structs.data_structs import IndexDict
from llama_index.core.schema import BaseNode, Document, TransformComponent
from llama_index.core.storage.docstore.types import RefDocInfo

from medialens.errors import InputError
from medialens.llama_index.adopting import adopt, as_node, has_media
from medialens.llama_index.embeddings import MediaEmbedding
from medialens.llama_index.index_arguments import check_vectors, checked_embedding, for_media, refuse_two_stores
from medialens.llama_index.index_retriever import MediaIndexRetriever
from medialens.llama_index.nodes import file_id, with_facts
from medialens.llama_index.stores import adelete_document, delete_document
from medialens.retrieval.description import source_name


class MediaVectorStoreIndex(VectorStoreIndex):
    """A `VectorStoreIndex` that embeds what nodes show and sound like, in any vector store.

    ``from_documents``, ``insert``, ``delete_ref_doc`` and ``refresh_ref_docs`` take documents about media (from
    `MediaReader`, canonical nodes, LlamaIndex's `ImageDocument`s) and documents of text, in any mixture: PDFs become
    pages, text is split into sentences, the rest stays whole, unless `transformations` says otherwise. Bytes that
    changed at the same path are noticed and embedded anew.

    It differs from the stock index where that would lose media: it embeds by `MediaEmbedding.__call__`, keeps nodes
    without text, and searches all nodes also where some of them are `ImageNode`s.

    Example:
        >>> index = MediaVectorStoreIndex.from_documents(MediaReader().load_data("pictures"))
        >>> index.as_retriever(similarity_top_k=3).retrieve(MediaQuery(media=Image("red.png")))

    Args:
        nodes, storage_context, insert_batch_size, show_progress, ...: As of `VectorStoreIndex`.
        embed_model: A `MediaEmbedding`; None is that of LlamaIndex's ``Settings``, if it is one, or the default one.
        transformations: What documents go through before they are embedded.

    Raises:
        InputError: `embed_model` is no `MediaEmbedding`, or an argument belongs to an index with two stores.
    """

    _embed_model: MediaEmbedding

    def __init__(
        self,
        nodes: Sequence[BaseNode] | None = None,
        *,
        embed_model: MediaEmbedding | None = None,
        transformations: list[TransformComponent] | None = None,
        **kwargs: Any,
    ) -> None:
        refuse_two_stores(kwargs)
        embedding = checked_embedding(embed_model)
        transformations = for_media(transformations, embedding)
        super().__init__(nodes=nodes, embed_model=embedding, transformations=transformations, **kwargs)

    @classmethod
    def from_documents(  # type: ignore[override]  # LlamaIndex's own is generic in the class
        cls,
        documents: Sequence[BaseNode],
        *,
        embed_model: MediaEmbedding | None = None,
        transformations: list[TransformComponent] | None = None,
        **kwargs: Any,
    ) -> MediaVectorStoreIndex:
        """An index of documents; see `VectorStoreIndex.from_documents`."""
        refuse_two_stores(kwargs)
        embedding = checked_embedding(embed_model)
        return super().from_documents(
            [_adopted(document, embedding) for document in documents],  # type: ignore[misc]  # nodes serve as well
            embed_model=embedding,
            transformations=for_media(transformations, embedding),
            **kwargs,
        )

    @classmethod
    def from_storage(
        cls, storage_context: StorageContext, *, index_id: str | None = None, **kwargs: Any
    ) -> MediaVectorStoreIndex:
        """The index that was persisted; what LlamaIndex's `load_index_from_storage` gives back is a stock one.

        Args:
            storage_context: Of the folder, and with the vector store where that is not in the folder.
            index_id: Which, where there are several.
            kwargs: As of the class, such as `embed_model`.

        Raises:
            InputError: There is no such index, or which one is not said.
        """
        structs = {struct.index_id: struct for struct in storage_context.index_store.index_structs()}
        if index_id is None and len(structs) == 1:
            (index_id,) = structs
        if index_id not in structs:
            msg = f"index_id={index_id!r} is none of the indexes in the storage: {', '.join(structs) or 'it is empty'}"
            raise InputError(msg, value=index_id)
        return cls(index_struct=structs[index_id], storage_context=storage_context, **kwargs)

    @property
    def embedding(self) -> MediaEmbedding:
        """What its nodes and queries are embedded with."""
        return self._embed_model

    def insert(self, document: BaseNode, **insert_kwargs: Any) -> None:
        """Add a document."""
        super().insert(_adopted(document, self._embed_model), **insert_kwargs)  # type: ignore[arg-type]  # as above

    async def ainsert(self, document: BaseNode, **insert_kwargs: Any) -> None:
        """`insert`, awaited."""
        adopted = await asyncio.to_thread(_adopted, document, self._embed_model)
        await super().ainsert(adopted, **insert_kwargs)  # type: ignore[arg-type]  # as above

    def refresh_ref_docs(self, documents: Sequence[BaseNode], **update_kwargs: Any) -> list[bool]:
        """Add the documents that are new and renew those that changed; whether each of them was.

        A document that the index does not know (it was added in another process, and nothing was persisted) is renewed.
        """
        adopted = [_adopted(document, self._embed_model) for document in documents]
        for document in adopted:
            if self._docstore.get_document_hash(document.id_) is None:
                delete_document(self._vector_store, document.id_)
        return super().refresh_ref_docs(adopted, **update_kwargs)  # type: ignore[arg-type]  # as above

    async def arefresh_ref_docs(self, documents: Sequence[BaseNode], **update_kwargs: Any) -> list[bool]:
        """`refresh_ref_docs`, awaited."""
        adopted = [await asyncio.to_thread(_adopted, document, self._embed_model) for document in documents]
        for document in adopted:
            if await self._docstore.aget_document_hash(document.id_) is None:
                await adelete_document(self._vector_store, document.id_)
        return await super().arefresh_ref_docs(adopted, **update_kwargs)  # type: ignore[arg-type]  # as above

    def delete_ref_doc(self, ref_doc_id: str, delete_from_docstore: bool = False, **delete_kwargs: Any) -> None:
        """Delete a document and all nodes about it; it counts as new when it is refreshed."""
        delete_document(self._vector_store, ref_doc_id, **delete_kwargs)
        self._delete_from_index_struct(ref_doc_id)
        if delete_from_docstore:
            self._delete_from_docstore(ref_doc_id)
        self._forget(ref_doc_id)

    async def adelete_ref_doc(self, ref_doc_id: str, delete_from_docstore: bool = False, **delete_kwargs: Any) -> None:
        """`delete_ref_doc`, awaited."""
        await adelete_document(self._vector_store, ref_doc_id, **delete_kwargs)
        await self._adelete_from_index_struct(ref_doc_id)
        if delete_from_docstore:
            await self._adelete_from_docstore(ref_doc_id)
        self._forget(ref_doc_id)

    def delete_file(self, path: str | Path, **delete_kwargs: Any) -> None:
        """Delete the document that `MediaReader` or `media_node` made of a file or URL, and all nodes about it."""
        self.delete_ref_doc(file_id(source_name(path)), **delete_kwargs)

    async def adelete_file(self, path: str | Path, **delete_kwargs: Any) -> None:
        """`delete_file`, awaited."""
        await self.adelete_ref_doc(file_id(source_name(path)), **delete_kwargs)

    def build_index_from_nodes(self, nodes: Sequence[BaseNode], **insert_kwargs: Any) -> IndexDict:
        """All nodes, also those without text, which the stock index leaves out."""
        return self._build_index_from_nodes(nodes, **insert_kwargs)

    def as_retriever(self, **kwargs: Any) -> MediaIndexRetriever:
        """A retriever that takes queries of any kind; see `VectorStoreIndex.as_retriever`."""
        refuse_two_stores(kwargs)
        # With an ImageNode in it the stock index would search its image nodes only, in stores that keep all nodes.
        node_ids = None if self._vector_store.stores_text else [*self._index_struct.nodes_dict.values()]
        known: dict[str, Any] = {"callback_manager": self._callback_manager, "object_map": self._object_map}
        return MediaIndexRetriever(self, **{"node_ids": node_ids, **known, **kwargs})

    def _ready(self, nodes: Sequence[BaseNode]) -> list[BaseNode]:
        """Copies, as stores keep them: documents about media are none, with or without a vector."""
        check_vectors(nodes)
        store, limits = self._embed_model.store, self._embed_model.limits
        nodes = [as_node(one, store=store, limits=limits) if isinstance(one, Document) else one for one in nodes]
        return [node.model_copy() if has_media(node) else with_facts(node) for node in nodes]

    def _get_node_with_embedding(self, nodes: Sequence[BaseNode], show_progress: bool = False) -> list[BaseNode]:
        ready = self._ready(nodes)
        missing = [index for index, node in enumerate(ready) if node.embedding is None]
        made = self._embed_model([ready[index] for index in missing], show_progress=show_progress)
        return _put_back(ready, missing, made)

    async def _aget_node_with_embedding(self, nodes: Sequence[BaseNode], show_progress: bool = False) -> list[BaseNode]:
        ready = self._ready(nodes)
        missing = [index for index, node in enumerate(ready) if node.embedding is None]
        made = await self._embed_model.acall([ready[index] for index in missing], show_progress=show_progress)
        return _put_back(ready, missing, made)

    # LlamaIndex's own raise KeyError where the document is deleted for the second time, as by a refresh after it.

    def _delete_from_index_struct(self, ref_doc_id: str) -> None:
        if not self._vector_store.stores_text or self._store_nodes_override:
            self._drop(self._docstore.get_ref_doc_info(ref_doc_id))

    async def _adelete_from_index_struct(self, ref_doc_id: str) -> None:
        if not self._vector_store.stores_text or self._store_nodes_override:
            self._drop(await self._docstore.aget_ref_doc_info(ref_doc_id))

    def _drop(self, info: RefDocInfo | None) -> None:
        for node_id in info.node_ids if info else ():
            self._index_struct.nodes_dict.pop(node_id, None)

    def _forget(self, ref_doc_id: str) -> None:
        # LlamaIndex remembers the hash of a deleted document wherever the vector store keeps the nodes, and would take
        # the document for unchanged ever after.
        if self._docstore.get_document_hash(ref_doc_id):
            self._docstore.set_document_hash(ref_doc_id, "")
        self._storage_context.index_store.add_index_struct(self._index_struct)


def _put_back(ready: list[BaseNode], places: Sequence[int], made: Sequence[BaseNode]) -> list[BaseNode]:
    for place, node in zip(places, made, strict=True):
        ready[place] = node
    return ready


def _adopted(document: BaseNode, embedding: MediaEmbedding) -> BaseNode:
    return adopt(document, store=embedding.store, limits=embedding.limits)
