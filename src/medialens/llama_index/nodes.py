"""Files as LlamaIndex nodes.

    file --media_node--> Node(text_resource=caption, image_resource=path, metadata={"media_ref": "<media://...>"})

The canonical node is core's `Node`, because it is the one that keeps its media and its caption in every vector
store and every index. Its text for embedding is never empty: it holds the media reference, so the stock index
keeps the node, the ingestion cache tells nodes apart, and embedding that text gives the vector of the medium.

Every node has a SOURCE, the document that it is deleted and renewed with: a node about a whole file is its own, a
piece has the document that it was cut from. Ids are UUIDs, because some stores take no other, and come from the path
or URL alone, so that a file keeps its id while its bytes and its caption change.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from llama_index.core.schema import (
    BaseNode,
    Document,
    MediaResource,
    Node,
    NodeRelationship,
    ObjectType,
    RelatedNodeInfo,
)

from medialens.media.limits import MediaLimits
from medialens.media.reference import MediaReference
from medialens.media.store import open_store
from medialens.retrieval.description import MediaDescription, Scalar, describe, merge_metadata
from medialens.retrieval.references import MEDIA, StoreLike

_LIMITS = MediaLimits()
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://github.com/medialens/medialens#node")


_NOTHING = MediaReference(digest="0" * 64, mime_type="text/plain")
_TEXT_FACTS: dict[str, Scalar] = {**MediaDescription(reference=_NOTHING, source="").metadata(), "media_ref": ""}


class MediaDocument(Document):
    """A media file as a document: what `MediaReader` gives, and splitters and indexes take."""


def media_node(  # noqa: PLR0913  # each is a plain choice of the caller's
    path: str | Path,
    *,
    caption: str = "",
    modality: Literal["video"] | None = None,
    store: StoreLike = None,
    copy: bool = False,
    metadata: Mapping[str, Scalar] | None = None,
    limits: MediaLimits = _LIMITS,
) -> Node:
    """A node about one media file, which every vector store and index keeps whole.

    Its metadata has the same flat keys for every medium: ``source, media_type, mime_type, media_ref, parent_ref,
    thumbnail_ref, width, height, page, start_seconds, end_seconds, fps, frame_times, box, caption``; "" or -1 where
    something is absent. They are kept out of the text that language models see, which is the caption and `metadata`.
    The same file always gets the same node id, and is its own source document, so
    ``index.delete_ref_doc(node.ref_doc_id)`` removes it; changed bytes and another caption change ``node.hash``.

    A model that cannot take text and picture in one item refuses nodes with a caption; leave it out for those, or
    put it into `metadata`.

    Args:
        path: A file, or a URL if `limits` allows it.
        caption: Embedded together with the medium, and what text-only consumers read.
        modality: "video" takes an animated GIF, PNG or WebP as a clip; otherwise its first frame counts. Video files
            are clips without it.
        store: Where the file is registered: a folder, ``memory://name``, any fsspec URL, or None for the default.
        copy: Keep the bytes in the store. Otherwise it points to the file and notices when that changes.
        metadata: Further flat scalars; part of what language models see, not of what is embedded.
        limits: What may be read.
    """
    description = describe(path, caption=caption, modality=modality, store=store, copy=copy, limits=limits)
    id_ = file_id(description.source, modality=modality)
    node = Node(id_=id_, **node_fields(description, store=store, metadata=metadata))
    node.relationships[NodeRelationship.SOURCE] = source_of(node)
    return node


def file_id(source: str | Path, *, modality: Literal["video"] | None = None) -> str:
    """The id of the document about the file at an absolute path, or about a URL, as nodes have it under ``source``."""
    return str(uuid.uuid5(_NAMESPACE, json.dumps([str(source), modality or ""])))


def node_fields(
    description: MediaDescription,
    *,
    store: StoreLike,
    metadata: Mapping[str, Any] | None = None,
    with_text: bool = False,
) -> dict[str, Any]:
    """The fields of the canonical node about a medium or a piece of one, but for its id and its relationships.

    Args:
        description: What is known about it.
        store: Where it is registered.
        metadata: The caller's own.
        with_text: Whether the text that the file itself has there is embedded, too, as captions are.
    """
    said = "\n\n".join(filter(None, (description.caption, description.text)))
    everything = {**merge_metadata(description, metadata), "caption": said}
    words = said if with_text else description.caption
    hidden = [*description.metadata()]
    if said != words:
        hidden.remove("caption")  # the text of a page is worth reading where it is not the node's own text
    return {
        "text_resource": MediaResource(text=words),
        **_resources(description, store),
        "metadata": everything,
        "excluded_embed_metadata_keys": [key for key in everything if key != "media_ref"],
        "excluded_llm_metadata_keys": hidden,
    }


def document_to_node(document: Document) -> Node:
    """The node about a document that is not to be cut: with its content, and with it as the source."""
    fields: dict[str, Any] = {
        "text_resource": document.text_resource or MediaResource(text=""),
        **{f"{name}_resource": getattr(document, f"{name}_resource") for name in MEDIA},
        "metadata": {**document.metadata},
        "excluded_embed_metadata_keys": [*document.excluded_embed_metadata_keys],
        "excluded_llm_metadata_keys": [*document.excluded_llm_metadata_keys],
        "relationships": {**document.relationships, NodeRelationship.SOURCE: source_of(document)},
    }
    return Node(id_=as_uuid(document.id_), embedding=document.embedding, **fields)


def piece_to_node(
    description: MediaDescription,
    document: BaseNode,
    *,
    store: StoreLike,
    metadata: Mapping[str, Any],
    with_text: bool = False,
) -> Node:
    """The node about a piece of a medium, which belongs to the document about all of it.

    Args:
        description: The piece.
        document: What it was cut from.
        store: Where it is registered.
        metadata: The document's own.
        with_text: Whether the text that the file itself has there is embedded as well.
    """
    source = document.ref_doc_id or document.id_
    identity = json.dumps([source, str(description.reference).partition("#")[2]])
    fields = node_fields(description, store=store, metadata=metadata, with_text=with_text)
    fields["excluded_llm_metadata_keys"] += [key for key in document.excluded_llm_metadata_keys if key in metadata]
    return Node(
        id_=str(uuid.uuid5(_NAMESPACE, identity)),
        **fields,
        relationships={NodeRelationship.SOURCE: document.source_node or source_of(document)},
    )


def with_facts(node: BaseNode) -> BaseNode:
    """A copy of a node of text whose metadata have the keys that nodes about media have, for search by kind.

    They are shown to no model. Stores that fix their columns by the first node, as LanceDB does, take text beside
    media only so.
    """
    copy = node.model_copy()
    copy.metadata = {**_TEXT_FACTS, **node.metadata}
    added = [key for key in _TEXT_FACTS if key not in node.metadata]
    copy.excluded_embed_metadata_keys = [*node.excluded_embed_metadata_keys, *added]
    copy.excluded_llm_metadata_keys = [*node.excluded_llm_metadata_keys, *added]
    return copy


def source_of(document: BaseNode) -> RelatedNodeInfo:
    """A document, as the SOURCE of nodes."""
    return RelatedNodeInfo(node_id=document.id_, node_type=ObjectType.DOCUMENT, hash=document.hash)


def as_uuid(id_: str) -> str:
    """The id itself where it is a UUID, and otherwise one that stands for it: Qdrant takes no others."""
    try:
        return str(uuid.UUID(id_))
    except ValueError:
        return str(uuid.uuid5(_NAMESPACE, id_))


def _resources(description: MediaDescription, store: StoreLike) -> dict[str, MediaResource]:
    """What LlamaIndex sends to language models of its own accord: the file, or of a piece its thumbnail.

    Never the whole file in a piece's place.
    """
    reference, thumbnail = description.reference, description.thumbnail
    is_whole = description.parent is None or reference == reference.whole()
    if is_whole and reference.modality in MEDIA:
        return _resource(reference.modality, reference, store)
    return {} if thumbnail is None else _resource("image", thumbnail, store)


def _resource(kind: str, reference: MediaReference, store: StoreLike) -> dict[str, MediaResource]:
    path = open_store(store).path(reference)
    return {} if path is None else {f"{kind}_resource": MediaResource(path=path, mimetype=reference.mime_type)}
