"""What the metadata of a node say about its medium, and copies of nodes with other facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llama_index.core.schema import BaseNode, ImageNode, MetadataMode

from medialens.media.reference import MediaReference

KINDS = ("text", "image", "audio", "video")
"""What ``metadata["media_type"]`` may be, beside "application" of a whole PDF."""


def kind_of(node: BaseNode) -> str:
    """What kind of medium a node is about; "text" where it is about none."""
    if isinstance(node, ImageNode):
        return "image"
    held = next((name for name in KINDS[1:] if getattr(node, f"{name}_resource", None)), "text")
    return str(node.metadata.get("media_type") or held)


def reference_of(node: BaseNode) -> MediaReference | None:
    """The medium that a node is about; None where it is about none, or several."""
    spelling = str(node.metadata.get("media_ref") or "")
    return MediaReference.parse(spelling) if spelling and " " not in spelling else None


def words_of(node: BaseNode) -> str:
    """What a node says in words: its text, and the caption or text layer that is in its metadata alone."""
    text = node.get_content(metadata_mode=MetadataMode.NONE)
    caption = str(node.metadata.get("caption") or "")
    return "\n".join(filter(None, (text, "" if caption in text else caption)))


def with_metadata(node: BaseNode, metadata: Mapping[str, Any], *, hidden: bool = True) -> BaseNode:
    """A copy with more metadata, which no model sees if `hidden`; the node itself stays as it is."""
    copy = node.model_copy()
    copy.metadata = {**node.metadata, **metadata}
    if hidden:
        added = [key for key in metadata if key not in node.metadata]
        copy.excluded_embed_metadata_keys = [*node.excluded_embed_metadata_keys, *added]
        copy.excluded_llm_metadata_keys = [*node.excluded_llm_metadata_keys, *added]
    return copy
