"""Parts and items whose contents are in hand: what `resolve` gives and `decode` takes."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TypeAlias

from medialens.errors import InputError, UnsupportedModalityError
from medialens.inputs import MODALITIES, Audio, Modality, Part, Text, Turn, Video
from medialens.media.decoded import DecodedImage
from medialens.media.moments import Window
from medialens.media.reference import MediaReference
from medialens.media.sounds.samples import Samples
from medialens.media.source import Encoded
from medialens.media.videos.decoder import DecoderClip
from medialens.media.videos.frames import Clip

Content: TypeAlias = Text | Encoded | DecodedImage | Clip | DecoderClip | Samples


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ResolvedPart:
    """One part with its content in hand.

    Attributes:
        part: What the caller handed in.
        content: Its text, its bytes, or, where it came decoded, the picture, all frames of the clip, or the samples.
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
    turns: tuple[Turn, ...] = ()

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


def selected_window(part: Audio | Video, reference: MediaReference | None) -> Window:
    """The one window of a sound or clip, however it was named: by the part, or by its reference.

    Raises:
        InputError: By both.
        UnsupportedModalityError: The reference selects something else than a window.
    """
    own = Window.of(part.start_seconds, part.end_seconds)
    if reference is None or reference == reference.whole():
        return own
    kind = part.modality
    if reference.page is not None or reference.box is not None:
        msg = f"{reference} selects a page or a box of it, which is not supported: of {kind}, only t= can be selected"
        raise UnsupportedModalityError(msg, reference=str(reference), modalities=(kind,), supported=(kind,))
    if not own.is_whole:
        msg = (
            f"{reference} has a window of its own; leave out start_seconds and end_seconds, or the #t= of the reference"
        )
        raise InputError(msg, start_seconds=part.start_seconds, end_seconds=part.end_seconds)
    return Window.of(reference.start_seconds, reference.end_seconds)


def windowed_digest(digest: str, window: Window) -> str:
    """The digest of a window of a medium: the medium's own where it is all of it."""
    return digest if window.is_whole else hashlib.sha256(f"{digest} {window}".encode()).hexdigest()
