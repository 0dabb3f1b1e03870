"""`MediaIngestionPipeline`: LlamaIndex's own pipeline, for documents about media."""

from __future__ import annotations

from collections.abc import Sequence

from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import BaseNode, Document

from medialens.llama_index.adopting import adopt
from medialens.retrieval.settings import MediaSettings


class MediaIngestionPipeline(IngestionPipeline):
    """An `IngestionPipeline` that notices changed bytes in every kind of document, and may be run again if it failed.

    The stock pipeline serves documents of `MediaReader` and canonical nodes as well, with its cache, its docstore and
    its workers. This one differs in two things. Documents and nodes about media that were made elsewhere, such as
    `ImageDocument`, are known by what their files hold and not by their paths. And with ``duplicates_only`` (or a
    docstore without a vector store, which comes to the same) what has been seen is remembered after the
    transformations, not before, so that a run which failed does not make the next one skip what it never finished.

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


def _unseen(nodes: Sequence[BaseNode], hashes: dict[str, str]) -> list[BaseNode]:
    """Those whose content is new, each once; what the docstore is to know of them it is told after the run."""
    new: dict[str, BaseNode] = {}
    for node in nodes:
        if node.hash not in hashes:
            new.setdefault(node.hash, node)
    return [*new.values()]
