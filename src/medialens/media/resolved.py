"""Parts and items whose contents are in hand: what `resolve` gives and `decode` takes."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TypeAlias

from medialens.inputs import MODALITIES, Modality, Part, Text
from medialens.media.decoded import DecodedImage
from medialens.media.frames import Clip
from medialens.media.reference import MediaReference
from medialens.media.source import Encoded

Content: TypeAlias = Text | Encoded | DecodedImage | Clip


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ResolvedPart:
    """One part with its content in hand.

    Attributes:
        part: What the caller handed in.
        content: Its text, its bytes, or, where it came as pixels, the picture or all frames of the clip.
        reference: Whose fragment says what is meant of the content, however the caller said it; None for all of it.
        digest: sha256 of the content and of what selects a part of it.
    """

    part: Part
    content: Content
    reference: MediaReference | None
    digest: str


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ResolvedItem:
    """An item with its contents in hand; items with the same `digest` are the same to every model."""

    parts: tuple[ResolvedPart, ...]
    digest: str

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """The kinds of its parts, each once, in the order of `MODALITIES`."""
        present = {resolved.part.modality for resolved in self.parts}
        return tuple(kind for kind in MODALITIES if kind in present)


def selected_digest(digest: str, reference: MediaReference | None) -> str:
    """The digest of what a reference selects: that of the bytes alone where it selects all of them."""
    if reference is None or reference == reference.whole():
        return digest
    same_type = dataclasses.replace(reference, mime_type="any/any")  # identity is bytes and fragment
    return hashlib.sha256(str(same_type).encode()).hexdigest()
