"""The medium of a `MediaQuery` as plain values, for ``to_dict`` and ``to_json``, and back."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from medialens.errors import InputError
from medialens.inputs import Conversation, Item, Part, Text, as_item
from medialens.media.access.sniff import sniff
from medialens.media.store import store_url
from medialens.retrieval.references import MEDIA


def dump_media(media: Any) -> list[dict[str, Any]] | None:
    """Its parts in order; bytes as data URIs.

    Raises:
        InputError: It holds pixels, samples or chat messages, which are no plain values.
    """
    if media is None:
        return None
    item = as_item(media)
    if isinstance(item, Conversation):
        msg = "chat messages are not written into a dict; ask with an Item"
        raise InputError(msg, value=media)
    return [_dump_part(part) for part in item.parts]


def load_media(dumped: Any) -> Item | None:
    """What `dump_media` wrote.

    Raises:
        InputError: It is something else.
    """
    if dumped is None:
        return None
    if not isinstance(dumped, list) or not all(
        isinstance(one, Mapping) and one.get("kind") in _KINDS for one in dumped
    ):
        msg = f"media={dumped!r:.80} is not what MediaQuery.to_dict() writes"
        raise InputError(msg, value=dumped)
    return Item(*(_KINDS[one["kind"]](**_fields(one)) for one in dumped))


_KINDS: dict[str, type[Any]] = {**MEDIA, "text": Text}


def _dump_part(part: Part) -> dict[str, Any]:
    fields = {field.name: getattr(part, field.name) for field in dataclasses.fields(part)}
    if "source" in fields:
        fields["source"], fields["store"] = _plain_source(part), store_url(fields["store"])
    return {"kind": part.modality, **{name: value for name, value in fields.items() if value is not None}}


def _plain_source(part: Any) -> str:
    source = part.source
    if isinstance(source, bytes):
        return f"data:{sniff(source)};base64,{base64.b64encode(source).decode()}"
    if isinstance(source, (str, Path)):
        return str(source)
    msg = f"{part!r:.80} holds pixels or samples, which are not written into a dict; give its path, URL or bytes"
    raise InputError(msg, value=part)


def _fields(dumped: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: value for name, value in dumped.items() if name != "kind"}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
