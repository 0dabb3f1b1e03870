"""Nodes that send a language model what was chosen for it, and the blocks that it is sent."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from llama_index.core.base.llms.types import AudioBlock, BaseContentBlock, ImageBlock, TextBlock, VideoBlock
from llama_index.core.schema import BaseNode, MediaResource, MetadataMode, Node
from pydantic import PrivateAttr

from medialens.retrieval.references import MEDIA
from medialens.retrieval.rendering import RenderedPart


class PreparedNode(Node):
    """A node that sends a language model what `PrepareMediaForLLM` chose; otherwise the node that it was made of."""

    _blocks: list[BaseContentBlock] = PrivateAttr(default_factory=list)

    @classmethod
    def of(cls, node: BaseNode, blocks: Sequence[BaseContentBlock]) -> PreparedNode:
        """The node, and what is sent of it."""
        fields: dict[str, Any] = {name: getattr(node, name) for name in BaseNode.model_fields}
        fields |= {f"{name}_resource": getattr(node, f"{name}_resource", None) for name in MEDIA}
        fields["text_resource"] = MediaResource(text=node.get_content(metadata_mode=MetadataMode.NONE))
        prepared = cls(**fields)
        prepared._blocks = [*blocks]  # its own
        return prepared

    def get_content(self, metadata_mode: MetadataMode = MetadataMode.NONE) -> str:
        """For language models, the labels, texts and notes; otherwise the text of the node."""
        if metadata_mode != MetadataMode.LLM:
            return super().get_content(metadata_mode)
        return "\n".join(block.text.removeprefix("\n") for block in self._blocks if isinstance(block, TextBlock))

    def get_content_blocks(self, metadata_mode: MetadataMode = MetadataMode.NONE) -> list[BaseContentBlock]:
        """What was chosen: blocks are for language models, also where no mode is named, as for citations."""
        is_sent = metadata_mode in {MetadataMode.LLM, MetadataMode.NONE}
        return [*self._blocks] if is_sent else super().get_content_blocks(metadata_mode)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Unpickled: LlamaIndex's own makes a new one of the fields alone."""
        super().__setstate__(state)
        self._blocks = [*(state.get("__pydantic_private__") or {}).get("_blocks", ())]


def apart(sent: Sequence[Sequence[BaseContentBlock]]) -> list[list[BaseContentBlock]]:
    """The blocks of each, of which LlamaIndex joins texts that follow one another, by a space: a line each instead."""
    apart: list[list[BaseContentBlock]] = []
    ends_with_text = False
    for blocks in sent:
        first, *others = blocks or (None,)
        if isinstance(first, TextBlock) and ends_with_text:
            first = TextBlock(text=f"\n{first.text}")
        apart.append([] if first is None else [first, *others])
        ends_with_text = isinstance(blocks[-1], TextBlock) if blocks else ends_with_text
    return apart


def to_block(part: RenderedPart) -> BaseContentBlock:
    """A text or file as LlamaIndex's block."""
    if isinstance(part, str):
        return TextBlock(text=part)
    # In base64: LlamaIndex takes bytes that happen to be valid base64 for encoded ones.
    data = base64.b64encode(part.shown.data)
    if part.modality == "image":
        return ImageBlock(image=data, image_mimetype=part.shown.mime_type)
    if part.modality == "audio":
        return AudioBlock(audio=data, format="mp3" if part.shown.mime_type == "audio/mpeg" else "wav")
    return VideoBlock(video=data, video_mimetype=part.shown.mime_type)
