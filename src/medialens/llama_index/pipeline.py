"""`MediaIngestionPipeline`: LlamaIndex's own pipeline, for documents about media."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.schema import BaseNode, Document

from medialens.llama_index.adopting import adopt
from medialens.llama_index.stores import adelete_document, delete_document
from medialens.retrieval.settings import MediaSettings


class MediaIngestionPipeline(IngestionPipeline):
    """An `IngestionPipeline` that notices changed bytes in every kind of document, and may be run again if it failed.

    The stock pipeline serves documents of `MediaReader` and canonical nodes as well, with its cache, its docstore and
    its workers. This one differs in three things. Documents and nodes about media that were made elsewhere, such as
    `ImageDocument`, are known by what their files hold and not by their paths. And with ``duplicates_only`` (or a
    docstore without a vector store, which comes to the same) what has been seen is remembered after the
    transformations, not before, so that a run which failed does not make the next one skip what it never finished.
    And it deletes what changed or is gone in every vector store, also in LanceDB, and where nodes are handed in.

    Where media are registered, and what may be read, is taken from its transformations.
    """

    @classmethod
    def class_name(cls) -> str:
        """The name that serialised instances carry."""
        return "MediaIngestionPipeline"

    def _prepare_inputs(
        self, documents: Sequence[Document] | None, nodes: Sequence[BaseNode] | None
    ) -> Sequence[BaseNode]:
        settings = next((one for one in self.transformations if isinstance(one, MediaSettings)), MediaSettings())
        given = super()._prepare_inputs(documents, nodes)
        return [adopt(node, store=settings.store, limits=settings.limits) for node in given]

    # LlamaIndex's own call the vector store themselves, which fails in LanceDB, and `run` fails, where ``arun`` does
    # not, when a node that is its own document is gone.

    def _handle_upserts(self, nodes: Sequence[BaseNode]) -> Sequence[BaseNode]:
        docstore = self.docstore
        assert docstore is not None  # noqa: S101  # LlamaIndex asks only then
        due = _due(nodes, docstore.get_all_document_hashes(), self.docstore_strategy)
        for id_ in due.changed:
            docstore.delete_ref_doc(id_, raise_error=False)
        for id_ in due.gone:
            docstore.delete_document(id_, raise_error=False)
        for id_ in (*due.changed, *due.gone):
            if self.vector_store is not None:
                delete_document(self.vector_store, id_)
        return due.nodes

    async def _ahandle_upserts(
        self,
        nodes: Sequence[BaseNode],
        store_doc_text: bool = True,  # noqa: ARG002  # LlamaIndex's
    ) -> Sequence[BaseNode]:
        docstore = self.docstore
        assert docstore is not None  # noqa: S101  # LlamaIndex asks only then
        due = _due(nodes, await docstore.aget_all_document_hashes(), self.docstore_strategy)
        for id_ in due.changed:
            await docstore.adelete_ref_doc(id_, raise_error=False)
        for id_ in due.gone:
            await docstore.adelete_document(id_, raise_error=False)
        for id_ in (*due.changed, *due.gone):
            if self.vector_store is not None:
                await adelete_document(self.vector_store, id_)
        return due.nodes

    def _handle_duplicates(self, nodes: Sequence[BaseNode]) -> Sequence[BaseNode]:
        hashes = self.docstore.get_all_document_hashes() if self.docstore else {}
        return _unseen(nodes, hashes)

    async def _ahandle_duplicates(
        self,
        nodes: Sequence[BaseNode],
        store_doc_text: bool = True,  # noqa: ARG002  # LlamaIndex's
    ) -> Sequence[BaseNode]:
        hashes = await self.docstore.aget_all_document_hashes() if self.docstore else {}
        return _unseen(nodes, hashes)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Due:
    """What a run is to do: nodes to transform, and the documents that changed or are gone, by their ids."""

    nodes: list[BaseNode]
    changed: list[str]
    gone: list[str]


def _due(nodes: Sequence[BaseNode], hashes: Mapping[str, str], strategy: DocstoreStrategy) -> _Due:
    known = {id_: hash_ for hash_, id_ in hashes.items()}
    ids = [node.ref_doc_id or node.id_ for node in nodes]
    new = [(id_, node) for id_, node in zip(ids, nodes, strict=True) if known.get(id_) != node.hash]
    gone = strategy == DocstoreStrategy.UPSERTS_AND_DELETE
    return _Due(
        nodes=[node for _, node in new],
        changed=[*dict.fromkeys(id_ for id_, _ in new if id_ in known)],
        gone=[id_ for id_ in known if id_ not in set(ids)] if gone else [],
    )


def _unseen(nodes: Sequence[BaseNode], hashes: dict[str, str]) -> list[BaseNode]:
    """Those whose content is new, each once; what the docstore is to know of them it is told after the run."""
    new: dict[str, BaseNode] = {}
    for node in nodes:
        if node.hash not in hashes:
            new.setdefault(node.hash, node)
    return [*new.values()]
