"""Search by text, picture, clip or sound in one index."""

from __future__ import annotations

import dataclasses

from llama_index.core.indices.vector_store.retrievers import VectorIndexRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle

from medialens.errors import InputError
from medialens.llama_index.embeddings import MediaEmbedding
from medialens.llama_index.index_arguments import check_query_vector
from medialens.llama_index.items import query_media
from medialens.llama_index.stores import is_without_result


class MediaIndexRetriever(VectorIndexRetriever):
    """LlamaIndex's retriever, for queries of any kind: text, a media reference, ``image_path``, or a `MediaQuery`.

    The query itself is left alone; a vector that it brings along counts.
    """

    _embed_model: MediaEmbedding

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        if self._is_to_embed(query_bundle):
            query_bundle = with_embedding(query_bundle, self._embed_model.embed_query(query_bundle))
        try:
            return super()._retrieve(query_bundle)
        except Exception as error:
            if is_without_result(error):
                return []
            raise

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        if self._is_to_embed(query_bundle):
            query_bundle = with_embedding(query_bundle, await self._embed_model.aembed_query(query_bundle))
        try:
            return await super()._aretrieve(query_bundle)
        except Exception as error:
            if is_without_result(error):
                return []
            raise

    def _is_to_embed(self, query: QueryBundle) -> bool:
        check_query_vector(query)
        if not self._needs_embedding() or query.embedding is not None or query.custom_embedding_strs is not None:
            return False
        if not query.query_str.strip() and query_media(query) is None:
            msg = "the query is empty: give it words, image_path=, or a MediaQuery(media=...)"
            raise InputError(msg, value=query.query_str)
        return True


def with_embedding(query: QueryBundle, embedding: list[float]) -> QueryBundle:
    """A copy of the query that brings its vector along."""
    return dataclasses.replace(query, embedding=embedding)
