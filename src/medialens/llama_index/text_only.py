"""`TextOnly`: another transformation, for nodes of text."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from llama_index.core.node_parser.loading import load_parser
from llama_index.core.schema import BaseNode, TransformComponent
from pydantic import Field, SerializeAsAny, field_validator

from medialens.llama_index.adopting import has_media


class TextOnly(TransformComponent):
    """Another transformation, such as a sentence splitter, for nodes of text only.

    On its own it would turn media into nodes of text: ``TextOnly(transformation=SentenceSplitter(chunk_size=512))``.
    """

    transformation: SerializeAsAny[TransformComponent] = Field(description="What is done with nodes without media.")

    @field_validator("transformation", mode="before")
    @classmethod
    def _load(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        # A dump of a parser holds the name of its function for ids, which no parser takes.
        return load_parser({key: one for key, one in value.items() if key != "id_func"})

    @classmethod
    def class_name(cls) -> str:
        """The name that serialised instances carry."""
        return "TextOnly"

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[BaseNode]:
        """Nodes with media as they are, and in the place of the others what the transformation makes of them."""
        done: list[BaseNode] = []
        for are_media, group in itertools.groupby(nodes, key=has_media):
            alike = list(group)
            done += alike if are_media else self.transformation(alike, **kwargs)
        return done
