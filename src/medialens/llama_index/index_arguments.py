"""What `MediaVectorStoreIndex` is given, checked: its embedding, its transformations, vectors that come along."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from llama_index.core import Settings
from llama_index.core.node_parser import NodeParser
from llama_index.core.schema import BaseNode, QueryBundle, TransformComponent

from medialens.errors import InputError
from medialens.llama_index.embeddings import MediaEmbedding
from medialens.llama_index.splitters import PageSplitter
from medialens.llama_index.text_only import TextOnly

# Arguments of `MultiModalVectorStoreIndex` and its retriever, and what serves in their place. LlamaIndex ignores
# arguments that it does not know, so that another model or store than the one that was named would be used.
_TWO_STORES = {
    "image_embed_model": "one MediaEmbedding embeds text and media: embed_model=",
    "image_vector_store": "one vector store keeps text and media: storage_context=",
    "is_image_to_text": "there is nothing to choose: a picture with a caption is embedded as both",
    "image_similarity_top_k": "one search finds text and media: similarity_top_k=, or MediaRetriever(quotas=)",
}


def checked_embedding(embed_model: Any) -> MediaEmbedding:
    """The embedding of an index: the one given, that of LlamaIndex's ``Settings`` if it is one, or the default.

    Raises:
        InputError: It is no `MediaEmbedding`.
    """
    if embed_model is None:
        set_one = Settings._embed_model  # noqa: SLF001  # its property looks for OpenAI where nothing is set
        return set_one if isinstance(set_one, MediaEmbedding) else MediaEmbedding()
    if not isinstance(embed_model, MediaEmbedding):
        msg = f"embed_model={embed_model!r:.80} must be a MediaEmbedding: others embed the text of nodes only"
        raise InputError(msg, value=embed_model)
    return embed_model


def for_media(
    transformations: Sequence[TransformComponent] | None, embedding: MediaEmbedding
) -> list[TransformComponent]:
    """The transformations, of which those for text leave media alone."""
    if transformations is None:
        pages = PageSplitter(store=embedding.store, limits=embedding.limits)
        return [pages, *for_media([Settings.node_parser], embedding)]
    return [TextOnly(transformation=one) if isinstance(one, NodeParser) else one for one in transformations]


def refuse_two_stores(names: Collection[str]) -> None:
    """Refuse what only LlamaIndex's index with two stores takes.

    Raises:
        InputError: It says what serves in its place.
    """
    for name in names:
        if name in _TWO_STORES:
            msg = f"{name} is an argument of LlamaIndex's MultiModalVectorStoreIndex; here {_TWO_STORES[name]}"
            raise InputError(msg, argument=name)


def check_vectors(nodes: Sequence[BaseNode]) -> None:
    """Refuse vectors that nodes bring along and that would be found first, or never, whatever is asked.

    Raises:
        InputError: One holds NaN or infinity; it names the node.
    """
    for index, node in enumerate(nodes):
        if node.embedding is not None and not np.isfinite(node.embedding).all():
            msg = f"node {node.node_id!r} brings a vector along that holds NaN or infinity; set its embedding to None"
            raise InputError(msg, index=index, node_id=node.node_id)


def check_query_vector(query: QueryBundle) -> None:
    """Refuse a query whose vector holds NaN or infinity.

    Raises:
        InputError: It does.
    """
    if query.embedding is not None and not np.isfinite(query.embedding).all():
        msg = "the query's embedding holds NaN or infinity, which is near to nothing; leave it out"
        raise InputError(msg)
