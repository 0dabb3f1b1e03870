"""Every kind of node, and queries, as items.

any node --node_to_item--> Item(Image(...), "caption")
QueryBundle("but blue", image_path="red.png") --bundle_to_item--> Item("but blue", Image("red.png"))
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dataclasses_json import config
from llama_index.core.schema import BaseNode, ImageNode, MediaResource, MetadataMode, QueryBundle

from medialens.errors import InputError, MedialensError, MediaReferenceError
from medialens.inputs import Audio, Conversation, Image, Item, Part, Text, Video, as_item
from medialens.llama_index.query_dump import dump_media, load_media
from medialens.retrieval.references import MEDIA, StoreLike, query_to_item, text_to_item, to_items

# LlamaIndex writes metadata as "key: value" in front of a node's text. The key of ours is not part of the content.
_LABEL = re.compile(r"^media_ref: (?=<media://)", re.MULTILINE)


@dataclasses.dataclass
class MediaQuery(QueryBundle):
    """A query about a medium, or about words and a medium: ``MediaQuery("in blue", media=Image("red.png"))``.

    The retrievers, the reranker and `PrepareMediaForLLM` of this package see the medium. For LlamaIndex's own
    retrievers, give the vector with it: ``MediaQuery(media=clip, embedding=embedding.embed_query(clip))``. ``to_dict``
    and ``to_json`` take all media but pixels and samples.

    Attributes:
        query_str: Words that belong to the question, "" for none.
        media: An `Image`, `Video` or `Audio`, or anything else that `MediaEmbedding.embed_query` takes.
    """

    query_str: str = ""
    media: Any = dataclasses.field(default=None, metadata=config(encoder=dump_media, decoder=load_media))


def node_to_item(node: BaseNode, *, store: StoreLike = None) -> Item:
    """What a node is about: its media and the text that belongs to them, or its text.

    A text node counts with the metadata that LlamaIndex adds to embedded text. A node with media counts with its
    own text only: a file name that stands in the metadata is not what the picture shows.

    Raises:
        InputError: The node has no content, or its media got lost on the way.
        MediaReferenceError: Its text or metadata hold a malformed reference, or it is about a whole PDF.
    """
    text = node.get_content(metadata_mode=MetadataMode.EMBED)
    reference = node.metadata.get("media_ref")
    media = _referenced(reference, store) if reference else ()
    if media and str(reference) in text:
        return embed_text_to_item(text, store=store)
    if media := media or (*_resources(node),):
        caption = node.get_content(metadata_mode=MetadataMode.NONE)
        return Item(*media, *(text_to_item(caption, store=store).parts if caption.strip() else ()))
    if not text.strip():
        msg = "the node has no content to embed: neither text nor media. Make nodes for media files with media_node()"
        raise InputError(msg)
    return embed_text_to_item(text, store=store)


def nodes_to_items(nodes: Sequence[BaseNode], *, store: StoreLike = None) -> list[Item]:
    """`node_to_item` of each; an error names the node's id."""
    items = []
    with naming(nodes):
        for index, node in enumerate(nodes):
            with at(index):
                items.append(node_to_item(node, store=store))
    return items


def check_ids(nodes: Sequence[BaseNode]) -> None:
    """Refuse two nodes of one id and different content, of which stores would keep one, and say nothing.

    Raises:
        InputError: There are such nodes; it names the second.
    """
    hashes: dict[str, str] = {}
    for index, node in enumerate(nodes):
        if hashes.setdefault(node.node_id, node.hash) != node.hash:
            msg = (
                "its id is there twice, with different content, and vector stores keep one of them. A media file is "
                "one document: give it one caption, or set another id_"
            )
            raise named(InputError(msg, index=index), node)


def embed_text_to_item(text: str, *, store: StoreLike = None) -> Item:
    """The text that LlamaIndex hands to embedding models, metadata in front, as an item."""
    try:
        return text_to_item(_LABEL.sub("", text), store=store)
    except MediaReferenceError as error:
        if "type=application/pdf>" not in text:
            raise
        msg = f"{error.message}. A PDF is looked at page by page: cut it with PageSplitter() first"
        raise MediaReferenceError(msg, **error.facts) from error


def embed_texts_to_items(texts: Sequence[str], *, store: StoreLike = None) -> list[Item]:
    """`embed_text_to_item` of each; an error carries the position of its text."""
    return to_items([_LABEL.sub("", text) for text in texts], store=store)


def bundle_to_item(query: QueryBundle, *, store: StoreLike = None) -> Item | Conversation:
    """A query's text, its medium, or both with the text first; text that is all references is media."""
    media = query_media(query)
    if media is None:
        return query_to_item(query.query_str, store=store)
    if not query.query_str.strip():
        return media
    if isinstance(media, Conversation):
        msg = "chat messages cannot stand beside query_str; say it all in the messages"
        raise InputError(msg, value=query.query_str)
    return Item(*query_to_item(query.query_str, store=store).parts, *media.parts)


def query_media(query: QueryBundle) -> Item | Conversation | None:
    """The medium of a query, by `MediaQuery.media` or by LlamaIndex's own ``image_path``."""
    if isinstance(query, MediaQuery) and query.media is not None:
        return as_item(query.media)
    return None if query.image_path is None else Item(Image(Path(query.image_path)))


def query_words(query: QueryBundle) -> str:
    """The words of a query, "" where it is about media alone."""
    return " ".join(part.text for part in query_to_item(query.query_str).parts if isinstance(part, Text)).strip()


def describe_item(item: Item | Conversation) -> str:
    """One line about an item, for events that carry strings only."""
    if isinstance(item, Conversation):
        return repr(item.messages)
    return " ".join(part.text if isinstance(part, Text) else repr(part) for part in item.parts)


@contextmanager
def at(index: int) -> Iterator[None]:
    """Errors from here belong to the item at that position."""
    try:
        yield
    except MedialensError as error:
        raise error.at(index) from error


@contextmanager
def naming(nodes: Sequence[BaseNode]) -> Iterator[None]:
    """Errors of single items name the node they belong to, in the message and as ``error.node_id``, and its file."""
    try:
        yield
    except MedialensError as error:
        if error.index is None or "node_id" in error.facts:
            raise
        raise named(error, nodes[error.index]) from error


def decode_base64(data: str | bytes, name: str) -> bytes:
    """The bytes that LlamaIndex keeps in base64.

    Raises:
        InputError: They are none.
    """
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        msg = f"the node's {name} is not base64: {data[:40]!r}"
        raise InputError(msg) from error


def named_each(errors: Mapping[int, MedialensError], nodes: Sequence[BaseNode]) -> dict[int, MedialensError]:
    """The errors of nodes, by position, each naming its own."""
    return {at: error if "node_id" in error.facts else named(error, nodes[at]) for at, error in errors.items()}


def named(error: MedialensError, node: BaseNode) -> MedialensError:
    """The error with the node's id and file in its message, and the id as ``error.node_id``."""
    facts = {**error.facts, "node_id": node.node_id}
    source = str(node.metadata.get("source") or "")
    about = f" about {source!r}" if source and source not in error.message else ""
    return type(error)(f"node {node.node_id!r}{about}: {error.message}", index=error.index, **facts)


def _referenced(reference: object, store: StoreLike) -> tuple[Part, ...]:
    """The media under ``metadata["media_ref"]``, which is never taken for something else that has the same name."""
    parts = embed_text_to_item(reference, store=store).parts if isinstance(reference, str) else ()
    if not parts or any(isinstance(part, Text) for part in parts):
        msg = f"metadata['media_ref'] is no media reference: {reference!r:.80}; expected what media_node() puts there"
        raise MediaReferenceError(msg, text=str(reference))
    return parts


def _resources(node: BaseNode) -> Iterator[Part]:
    if isinstance(node, ImageNode):
        yield image_of(node)
    for name, kind in MEDIA.items():
        resource = getattr(node, f"{name}_resource", None)
        if resource is not None:
            yield medium_of(name, kind, resource)


def image_of(node: ImageNode) -> Image:
    """The picture of an old `ImageNode`."""
    if node.image:
        return Image(node.image if node.image.startswith("data:") else decode_base64(node.image, "image"))
    if node.image_path:
        return Image(Path(node.image_path))
    if node.image_url:
        return Image(str(node.image_url))
    raise _lost("image")


def medium_of(name: str, kind: type[Image | Audio | Video], resource: MediaResource) -> Image | Audio | Video:
    """The medium of one resource of a node."""
    if resource.data:
        return kind(decode_base64(resource.data, name))
    if resource.path:
        return kind(resource.path)
    if resource.url:
        return kind(str(resource.url))
    raise _lost(name)


def _lost(name: str) -> InputError:
    # LlamaIndex leaves bytes out when it stores a node, so what comes back is a shell.
    msg = (
        f"the node's {name} has neither data nor path nor URL; bytes do not survive LlamaIndex's stores. "
        "Make the node with media_node(), which keeps a path and a reference"
    )
    return InputError(msg)
