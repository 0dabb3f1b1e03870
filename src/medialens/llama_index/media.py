"""Files as LlamaIndex nodes, and every kind of node as an item.

    file --media_node--> Node(text_resource=caption, image_resource=path, metadata={"media_ref": "<media://...>"})
    any node --node_to_item--> Item(Image(...), "caption")

The canonical node is core's `Node`, because it is the one that keeps its media and its caption in every vector
store and every index. Its text for embedding is never empty: it holds the media reference, so the stock index
keeps the node, the ingestion cache tells nodes apart, and embedding that text gives the vector of the medium.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from llama_index.core.schema import (
    BaseNode,
    ImageNode,
    MediaResource,
    MetadataMode,
    Node,
    NodeRelationship,
    ObjectType,
    QueryBundle,
    RelatedNodeInfo,
)

from medialens.errors import InputError, MedialensError
from medialens.inputs import Audio, Image, Item, Part, Text, Video
from medialens.media.limits import MediaLimits
from medialens.media.store import open_store
from medialens.retrieval.description import MediaDescription, Scalar, describe, merge_metadata
from medialens.retrieval.references import MEDIA, StoreLike, query_to_item, text_to_item, to_items

_LIMITS = MediaLimits()
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://github.com/medialens/medialens#node")
# LlamaIndex writes metadata as "key: value" in front of a node's text. The key of ours is not part of the content.
_LABEL = re.compile(r"^media_ref: (?=<media://)", re.MULTILINE)


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
    thumbnail_ref, width, height, page, start_seconds, end_seconds, box, caption``; "" or -1 where something is
    absent. They are kept out of the text that language models see, which is the caption and `metadata`. The same
    file with the same caption always gets the same node id, and its source document is the path or URL, so
    ``index.delete_ref_doc(node.ref_doc_id)`` removes it; changed bytes change ``node.hash``.

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
    everything = merge_metadata(description, metadata)
    local = _local_path(description, store=store, copy=copy)
    resource = MediaResource(path=local, mimetype=description.reference.mime_type) if local else None
    fields: dict[str, Any] = {
        "id_": _node_id(description),
        "text_resource": MediaResource(text=caption),
        f"{description.reference.modality}_resource": resource,
        "metadata": everything,
        "excluded_embed_metadata_keys": [key for key in everything if key != "media_ref"],
        "excluded_llm_metadata_keys": list(description.metadata()),
        "relationships": {NodeRelationship.SOURCE: _source(description)},
    }
    return Node(**fields)


def node_to_item(node: BaseNode, *, store: StoreLike = None) -> Item:
    """What a node is about: its media and the text that belongs to them, or its text.

    A text node counts with the metadata that LlamaIndex adds to embedded text. A node with media counts with its
    own text only: a file name that stands in the metadata is not what the picture shows.

    Raises:
        InputError: The node has no content, or its media got lost on the way.
        MediaReferenceError: Its text holds a malformed reference.
    """
    text = node.get_content(metadata_mode=MetadataMode.EMBED)
    reference = node.metadata.get("media_ref")
    if reference and str(reference) in text:
        return embed_text_to_item(text, store=store)
    if media := [*_resources(node)]:
        caption = node.get_content(metadata_mode=MetadataMode.NONE)
        return Item(*(text_to_item(caption, store=store).parts if caption.strip() else ()), *media)
    if not text.strip():
        msg = "the node has no content to embed: neither text nor media. Make nodes for media files with media_node()"
        raise InputError(msg)
    return embed_text_to_item(text, store=store)


def nodes_to_items(nodes: Sequence[BaseNode], *, store: StoreLike = None) -> list[Item]:
    """`node_to_item` of each; an error names the node's id."""
    items = []
    for index, node in enumerate(nodes):
        try:
            items.append(node_to_item(node, store=store))
        except MedialensError as error:
            raise _named(error.at(index), node.node_id) from error
    return items


def embed_text_to_item(text: str, *, store: StoreLike = None) -> Item:
    """The text that LlamaIndex hands to embedding models, metadata in front, as an item."""
    return text_to_item(_LABEL.sub("", text), store=store)


def embed_texts_to_items(texts: Sequence[str], *, store: StoreLike = None) -> list[Item]:
    """`embed_text_to_item` of each; an error carries the position of its text."""
    return to_items([_LABEL.sub("", text) for text in texts], store=store)


def bundle_to_item(query: QueryBundle, *, store: StoreLike = None) -> Item:
    """A query's text, its picture, or both with the text first; text that is all references is media."""
    words = query_to_item(query.query_str, store=store)
    if query.image_path is None:
        return words
    return Item(*(words.parts if query.query_str.strip() else ()), Image(Path(query.image_path)))


def describe_item(item: Item) -> str:
    """One line about an item, for events that carry strings only."""
    return " ".join(part.text if isinstance(part, Text) else repr(part) for part in item.parts)


@contextmanager
def naming(nodes: Sequence[BaseNode]) -> Iterator[None]:
    """Errors of single items name the node they belong to, in the message and as ``error.node_id``."""
    try:
        yield
    except MedialensError as error:
        if error.index is None or "node_id" in error.facts:
            raise
        raise _named(error, nodes[error.index].node_id) from error


def _named(error: MedialensError, node_id: str) -> MedialensError:
    facts = {**error.facts, "node_id": node_id}
    return type(error)(f"node {node_id!r}: {error.message}", index=error.index, **facts)


def _resources(node: BaseNode) -> Iterator[Part]:
    if isinstance(node, ImageNode):
        yield _image_of(node)
    for name, kind in MEDIA.items():
        resource = getattr(node, f"{name}_resource", None)
        if resource is not None:
            yield _medium(name, kind, resource)


def _image_of(node: ImageNode) -> Image:
    if node.image:
        return Image(node.image if node.image.startswith("data:") else _decode(node.image, "image"))
    if node.image_path:
        return Image(Path(node.image_path))
    if node.image_url:
        return Image(str(node.image_url))
    raise _lost("image")


def _medium(name: str, kind: type[Image] | type[Audio] | type[Video], resource: MediaResource) -> Image | Audio | Video:
    if resource.data:
        return kind(_decode(resource.data, name))
    if resource.path:
        return kind(resource.path)
    if resource.url:
        return kind(str(resource.url))
    raise _lost(name)


def _decode(data: str | bytes, name: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        msg = f"the node's {name} is not base64: {data[:40]!r}"
        raise InputError(msg) from error


def _lost(name: str) -> InputError:
    # LlamaIndex leaves bytes out when it stores a node, so what comes back is a shell.
    msg = (
        f"the node's {name} has neither data nor path nor URL; bytes do not survive LlamaIndex's stores. "
        "Make the node with media_node(), which keeps a path and a reference"
    )
    return InputError(msg)


def _node_id(description: MediaDescription) -> str:
    fragment = str(description.reference).partition("#")[2]
    identity = json.dumps([description.source, fragment, description.caption])
    return str(uuid.uuid5(_NAMESPACE, identity))


def _local_path(description: MediaDescription, *, store: StoreLike, copy: bool) -> Path | None:
    # Language models are sent what lies there. Without a copy it is the file itself, checked a moment ago.
    if description.source.lower().startswith(("http://", "https://")) or copy:
        return open_store(store).path(description.reference)
    return Path(description.source)


def _source(description: MediaDescription) -> RelatedNodeInfo:
    return RelatedNodeInfo(node_id=description.source, node_type=ObjectType.DOCUMENT, hash=description.reference.digest)
