"""Queries and contents as LangChain has them (strings, content blocks, messages), as items.

    "a red circle"                                          Item(Text)
    "<media://sha256/...>"                                  Item(Image), looked up in the adapter's store
    [{"type": "text", "text": "like this, but blue"},
     {"type": "image", "base64": "...", "mime_type": ...}]  Item(Text, Image)
    HumanMessage(content=[...])                             the same
    Video("talk.mp4", start_seconds=30)                     medialens' own parts, as they are

A block is written by a program, but its contents often come from elsewhere: ``url`` is http(s), if the limits allow
it, or a data URI, and never a file; ``file_id`` is known to its provider alone.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from langchain_core.messages import BaseMessage

from medialens.engine.conversation import conversation_item
from medialens.errors import InputError, MedialensError
from medialens.inputs import Audio, Conversation, Image, Item, Part, Text, Video, as_item
from medialens.media.access.sniff import sniff
from medialens.retrieval.references import MEDIA, StoreLike, query_to_item, text_to_item

Content: TypeAlias = Any
"""A string, content blocks, a message, or anything that `Encoder` takes."""

_Kind: TypeAlias = type[Image] | type[Audio] | type[Video]
_OPTIONS: dict[_Kind, tuple[str, ...]] = {
    Image: ("page", "box"),
    Audio: ("start_seconds", "end_seconds"),
    Video: ("start_seconds", "end_seconds"),
}


def content_to_item(
    content: Content, *, store: StoreLike = None, is_query: bool = True, data_uris: bool = False
) -> Item | Conversation:
    """What a content says, as an item with its parts in reading order.

    Args:
        content: A string; a content block or a list of blocks, strings and parts; a message; a part or an item.
        store: Where references were issued.
        is_query: Whether references in a string count only if the whole string is references.
        data_uris: Whether data URIs in a string are media.

    Raises:
        InputError: A block is of no form that is known; names its number.
        MediaReferenceError: Something begins like a reference, and is none.
    """
    if isinstance(content, BaseMessage):
        content = content.content
    if isinstance(content, str):
        read = query_to_item if is_query else text_to_item
        return read(content, store=store, data_uris=data_uris)
    if isinstance(content, Mapping) and isinstance(content.get("type"), str):
        content = [content]
    if not isinstance(content, (list, tuple)) or _are_messages(content):
        return as_item(content)
    if not content:
        msg = "the content is an empty list; expected blocks such as {'type': 'text', 'text': ...}"
        raise InputError(msg, value=content)
    return Item(*_parts(content, store))


def contents_to_items(
    contents: Sequence[Content], *, store: StoreLike = None, is_query: bool = False, data_uris: bool = False
) -> list[Item | Conversation]:
    """`content_to_item` of each; an error carries the position of its content in ``error.index``.

    Raises:
        InputError: `contents` is a single one.
    """
    if isinstance(contents, (str, Mapping, BaseMessage, Item, Image, Audio, Video)):
        msg = (
            f"expected a list of contents, got a single {type(contents).__name__}: {contents!r:.80}; put it into a list"
        )
        raise InputError(msg, value=contents)
    items = []
    for index, one in enumerate(contents):
        try:
            items.append(content_to_item(one, store=store, is_query=is_query, data_uris=data_uris))
        except MedialensError as error:
            raise error.at(index) from error
    return items


def _are_messages(content: Sequence[Any]) -> bool:
    return bool(content) and all(isinstance(one, Mapping) and "role" in one for one in content)


def _parts(blocks: Sequence[Any], store: StoreLike) -> Iterator[Part]:
    for number, block in enumerate(blocks):
        try:
            yield from _part(block, store)
        except MedialensError as error:
            error.message = f"content block {number}: {error.message}"
            raise


def _part(block: Any, store: StoreLike) -> Sequence[Part]:
    if not isinstance(block, Mapping):
        return Item(block).parts
    kind = block.get("type")
    if kind == "text-plain" or block.get("source_type") == "text":
        return (Text(block.get("text")),)  # type: ignore[arg-type]  # it says itself what it takes
    if kind == "file" or kind in MEDIA:
        return (_medium(str(kind), block, store),)
    (part,) = conversation_item(Conversation(({"role": "user", "content": [block]},))).parts
    return (part,)


def _medium(name: str, block: Mapping[str, Any], store: StoreLike) -> Part:
    """A block that holds a medium, of today's form and of the one before (``source_type``, ``data``)."""
    extras = block.get("extras")
    fields = {**(extras if isinstance(extras, Mapping) else {}), **block}
    given = {key: fields[key] for key in ("base64", "data", "url", "media_ref") if fields.get(key) is not None}
    if len(given) != 1:
        msg = f"a block of type {name!r} has one of base64, url and media_ref, got {sorted(block)!r:.200}"
        raise InputError(msg, value=block)
    ((key, value),) = given.items()
    if key == "media_ref":
        (part,) = _referred(value, store).parts
        return part
    source: Any = _url(value) if key == "url" else _decode(value, name)
    kind = MEDIA[name] if name in MEDIA else _kind_of_file(source, fields)
    return kind(source, **{option: fields[option] for option in _OPTIONS[kind] if fields.get(option) is not None})


def _referred(value: Any, store: StoreLike) -> Item:
    item = query_to_item(value, store=store) if isinstance(value, str) else None
    if item is None or len(item.parts) != 1 or isinstance(item.parts[0], Text):
        msg = f"media_ref={value!r:.160} is no media reference, such as metadata['media_ref'] of a document"
        raise InputError(msg, value=value)
    return item


def _kind_of_file(source: Any, fields: Mapping[str, Any]) -> _Kind:
    mime_type = sniff(source) if isinstance(source, bytes) else str(fields.get("mime_type", ""))
    if mime_type == "application/pdf":
        return Image
    kind = MEDIA.get(mime_type.partition("/")[0])
    if kind is None:
        msg = f"the file is {mime_type or 'of a type that is not said'}; expected a picture, sound, clip or PDF"
        raise InputError(msg, mime_type=mime_type)
    return kind


def _url(value: Any) -> str:
    if isinstance(value, str) and value[:8].lower().startswith(("http://", "https://", "data:")):
        return value
    msg = f"{value!r:.80} is no URL; expected http://, https:// or data:"
    raise InputError(msg, value=value)


def _decode(value: Any, name: str) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError, TypeError) as error:
        msg = f"the {name} is not base64: {value!r:.60}"
        raise InputError(msg, value=value) from error
