"""Nodes and documents that were made elsewhere, as canonical ones.

    ImageNode, Node(image_resource=...)       --as_node-->      Node(metadata={"media_ref": ...}), see nodes.py
    ImageDocument, Document(video_resource)   --as_document-->  MediaDocument

What LlamaIndex would lose is kept: bytes go into the store, nodes without text get an embedded text that says which
medium they are about. Ids stay, so that what refers to them still does. Whatever is text is left as it is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from llama_index.core.schema import (
    BaseNode,
    Document,
    ImageNode,
    MediaResource,
    MetadataMode,
    Node,
    NodeRelationship,
)

from medialens.errors import InputError, MedialensError
from medialens.inputs import Audio, Image, Item, Video
from medialens.llama_index.items import at, image_of, medium_of, naming, node_to_item
from medialens.llama_index.nodes import MediaDocument, document_to_node, node_fields, source_of
from medialens.media.limits import MediaLimits
from medialens.media.source import read_part
from medialens.retrieval.description import MediaDescription, describe, describe_bytes
from medialens.retrieval.references import MEDIA, StoreLike

_LIMITS = MediaLimits()
_Medium = Image | Audio | Video


def as_nodes(nodes: Sequence[BaseNode], *, store: StoreLike = None, limits: MediaLimits = _LIMITS) -> list[BaseNode]:
    """`as_node` of each; an error names the node's id."""
    adopted = []
    with naming(nodes):
        for index, node in enumerate(nodes):
            with at(index):
                adopted.append(as_node(node, store=store, limits=limits))
    return adopted


def read_nodes(
    nodes: Sequence[BaseNode], *, store: StoreLike = None, limits: MediaLimits = _LIMITS
) -> list[Item | MedialensError]:
    """What the nodes are about; what is wrong with one of them, naming it, in its place."""
    items: list[Item | MedialensError] = []
    for index, node in enumerate(nodes):
        try:
            with naming(nodes), at(index):
                items.append(node_to_item(as_node(node, store=store, limits=limits), store=store))
        except MedialensError as error:
            items.append(error)
    return items


def as_node(node: BaseNode, *, store: StoreLike = None, limits: MediaLimits = _LIMITS) -> BaseNode:
    """The canonical node about the media of a node or document; nodes of text, and canonical ones, as they are.

    Args:
        node: Of any kind.
        store: Where its media are registered.
        limits: What may be read.

    Raises:
        InputError: It has a medium that got lost on the way.
        MediaError: Its file is missing, or is not what it should be.
    """
    if isinstance(node, Document):
        document = as_document(node, store=store, limits=limits)
        return document_to_node(document) if document.metadata.get("media_ref") else document
    if node.metadata.get("media_ref") or not (media := _media_of(node)):
        return node
    fields = _adopted_fields(node, media, store, limits)
    relationships = dict(node.relationships)
    adopted = Node(id_=node.id_, embedding=node.embedding, **fields, relationships=relationships)
    adopted.relationships.setdefault(NodeRelationship.SOURCE, source_of(adopted))
    return adopted


def adopt(node: BaseNode, *, store: StoreLike = None, limits: MediaLimits = _LIMITS) -> BaseNode:
    """`as_document` of a document, `as_node` of any other node."""
    if isinstance(node, Document):
        return as_document(node, store=store, limits=limits)
    return as_node(node, store=store, limits=limits)


def as_document(document: Document, *, store: StoreLike = None, limits: MediaLimits = _LIMITS) -> Document:
    """The document about its media with their digests in its hash, so that changed bytes are noticed.

    Documents of text are left as they are. Raises the same errors as `as_node`.
    """
    if document.metadata.get("media_ref") or not (media := _media_of(document)):
        return document
    fields = _adopted_fields(document, media, store, limits)
    return MediaDocument(
        id_=document.id_, embedding=document.embedding, **fields, relationships={**document.relationships}
    )


def has_media(node: BaseNode) -> bool:
    """Whether it is about more than text."""
    resources = (getattr(node, f"{name}_resource", None) for name in MEDIA)
    return bool(node.metadata.get("media_ref")) or isinstance(node, ImageNode) or any(resources)


def _media_of(node: BaseNode) -> list[_Medium]:
    if isinstance(node, ImageNode):
        return [image_of(node)]
    resources = {name: getattr(node, f"{name}_resource", None) for name in MEDIA}
    return [medium_of(name, MEDIA[name], resource) for name, resource in resources.items() if resource is not None]


def _adopted_fields(node: BaseNode, media: Sequence[_Medium], store: StoreLike, limits: MediaLimits) -> dict[str, Any]:
    words = node.get_content(metadata_mode=MetadataMode.NONE)
    first, *others = [_describe(medium, store, limits) for medium in media]
    fields = node_fields(dataclasses.replace(first, caption=words), store=store)
    for other in others:
        more = node_fields(other, store=store)
        fields |= {
            name: value for name, value in more.items() if isinstance(value, MediaResource) and name not in fields
        }
        fields["metadata"]["media_ref"] += f" {other.reference}"
    own = fields["metadata"]
    fields["metadata"] = _merged(own, node.metadata)
    fields["excluded_embed_metadata_keys"] = [key for key in fields["metadata"] if key != "media_ref"]
    fields["excluded_llm_metadata_keys"] += node.excluded_llm_metadata_keys
    return fields


def _merged(own: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Both; what the medium says of itself counts, where it says something."""
    said = {key: value for key, value in own.items() if key not in theirs or value not in {"", -1}}
    return {**own, **theirs, **said}


def _describe(part: _Medium, store: StoreLike, limits: MediaLimits) -> MediaDescription:
    modality: Literal["video"] | None = "video" if isinstance(part, Video) else None
    source = part.source
    if isinstance(source, Path) or (isinstance(source, str) and not source.startswith("data:")):
        description = describe(source, modality=modality, store=store, limits=limits)
    else:
        data = read_part(part, limits).data
        description = describe_bytes(data, modality=modality, store=store, limits=limits)
    if description.reference.modality != part.modality:
        msg = f"the node's {part.modality} {part!r} holds {description.reference.mime_type}"
        raise InputError(msg, expected=part.modality, mime_type=description.reference.mime_type)
    return description
