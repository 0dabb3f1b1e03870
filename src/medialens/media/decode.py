"""An item's parts: what they point to is read (`resolve`), then decoded (`decode`); one row per kind.

    Item --resolve--> ResolvedItem --decode--> DecodedItem
         reads bytes  digest: the key of       CPU work
                      what was computed before

Both are functions of their arguments and may run on many threads at once.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from typing import TypeAlias, cast

import numpy as np

from medialens.errors import InputError, MediaError, UnsupportedModalityError
from medialens.inputs import MODALITIES, Audio, Image, Item, Media, Modality, Part, Text, Video
from medialens.media.decoded import DecodedImage, DecodedItem, DecodedPart, MediaNeeds
from medialens.media.frames import Clip, load_frames
from medialens.media.image import load_image
from medialens.media.limits import MediaLimits
from medialens.media.moments import Window
from medialens.media.reference import MediaReference
from medialens.media.source import Encoded, read_part, reference_of, says_where
from medialens.media.video import load_video

Content: TypeAlias = Text | Encoded | DecodedImage | Clip


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ResolvedPart:
    """One part with its content in hand.

    Attributes:
        part: What the caller handed in.
        content: Its text, its bytes, or, where it came as pixels, the picture or all frames of the clip.
        reference: The media reference it was given as, whose fragment selects a part of the content.
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


def resolve(item: Item, limits: MediaLimits) -> ResolvedItem:
    """Read what the parts point to; nothing is decoded, except that what is given as pixels is made canonical.

    Raises:
        MediaError: A part cannot be read, or the limits forbid it.
        InputError: A part holds what is no medium of its kind.
    """
    parts = tuple(_KINDS[type(part)].resolve(part, limits) for part in item.parts)
    key = hashlib.sha256(b"medialens item 1\n")
    for resolved in parts:
        key.update(f"{resolved.part.modality} {resolved.digest}\n".encode())
    return ResolvedItem(parts=parts, digest=key.hexdigest())


def decode(resolved: ResolvedItem, needs: MediaNeeds, limits: MediaLimits) -> DecodedItem:
    """What the model sees of each part, in reading order.

    Raises:
        UnsupportedModalityError: A part is of a kind that the model does not take.
        MediaDecodeError, MediaLimitError: A medium is corrupt, or larger than the limits allow.
        MissingExtraError: A medium needs a decoder that is not installed.
    """
    for kind in resolved.modalities:
        if kind not in needs.modalities:
            raise _unsupported(kind, needs.modalities)
    return DecodedItem(tuple(_KINDS[type(one.part)].decode(one, needs, limits) for one in resolved.parts))


def check_text(text: str, name: str) -> bytes:
    """The text as UTF-8.

    Raises:
        InputError: It holds a lone surrogate, which no encoding and no tokeniser takes.
    """
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        msg = (
            f"{name} holds half a character, {text[error.start]!r} at position {error.start}; "
            'replace it: text.encode("utf-8", "replace").decode()'
        )
        raise InputError(msg, text=text, position=error.start) from error


def _resolve_text(part: Part, _limits: MediaLimits) -> ResolvedPart:
    text = cast("Text", part)
    digest = hashlib.sha256(check_text(text.text, "the text")).hexdigest()
    return ResolvedPart(part=text, content=text, reference=None, digest=digest)


def _resolve_image(part: Part, limits: MediaLimits) -> ResolvedPart:
    media = cast("Media", part)
    if says_where(media.source):
        return _resolve_media(part, limits)
    # Made canonical here and now, so that the digest is that of the pixels, however the caller keeps them, and
    # so that a caller who draws on the array afterwards changes nothing.
    picture = load_image(media.source, limits)
    return ResolvedPart(part=part, content=picture, reference=None, digest=picture.digest)


def _resolve_media(part: Part, limits: MediaLimits) -> ResolvedPart:
    media = cast("Media", part)
    reference = reference_of(media)
    content = read_part(media, limits)
    return ResolvedPart(part=part, content=content, reference=reference, digest=_selected(content.digest, reference))


def _resolve_video(part: Part, limits: MediaLimits) -> ResolvedPart:
    video = cast("Video", part)
    if says_where(video.source):
        reference = reference_of(video)
        window = _window(video, reference)
        if video.fps is not None:
            msg = f"fps={video.fps!r} is for clips that come as frames; a file says itself when its frames are shown"
            raise InputError(msg, value=video.fps)
        content: Encoded | Clip = read_part(video, limits)
    else:
        reference, window = None, _window(video, None)
        content = load_frames(video.source, fps=video.fps, limits=limits)
        if content.fps is None and not window.is_whole:
            msg = (
                f"{video!r} comes as frames without fps: what is in its window cannot be told; pass Video(..., fps=...)"
            )
            raise InputError(msg, start_seconds=video.start_seconds, end_seconds=video.end_seconds)
    digest = content.digest if window.is_whole else hashlib.sha256(f"{content.digest} {window}".encode()).hexdigest()
    return ResolvedPart(part=video, content=content, reference=reference, digest=digest)


def _window(video: Video, reference: MediaReference | None) -> Window:
    """The one window, however it was named."""
    own = Window.of(video.start_seconds, video.end_seconds)
    if reference is None or reference == reference.whole():
        return own
    if reference.page is not None or reference.box is not None:
        msg = f"{reference} selects a page or a box of it, which is not supported: of a clip, only t= can be selected"
        raise UnsupportedModalityError(msg, reference=str(reference), modalities=("video",), supported=("video",))
    if not own.is_whole:
        msg = (
            f"{reference} has a window of its own; leave out start_seconds and end_seconds, or the #t= of the reference"
        )
        raise InputError(msg, start_seconds=video.start_seconds, end_seconds=video.end_seconds)
    return Window.of(reference.start_seconds, reference.end_seconds)


def _selected(digest: str, reference: MediaReference | None) -> str:
    """The digest of what a reference selects: that of the bytes alone where it selects all of them."""
    if reference is None or reference == reference.whole():
        return digest
    same_type = dataclasses.replace(reference, mime_type="any/any")  # identity is bytes and fragment
    return hashlib.sha256(str(same_type).encode()).hexdigest()


def _decode_text(resolved: ResolvedPart, _needs: MediaNeeds, _limits: MediaLimits) -> DecodedPart:
    return cast("Text", resolved.content)


def _decode_image(resolved: ResolvedPart, _needs: MediaNeeds, limits: MediaLimits) -> DecodedPart:
    if isinstance(resolved.content, DecodedImage):
        return resolved.content
    reference = resolved.reference
    if reference is not None and (reference.page is not None or reference.start_seconds is not None):
        what = "a page of a document" if reference.page is not None else "a window of time"
        msg = f"{reference} selects {what}, which is not supported yet: of a picture, only xywh= can be selected"
        raise UnsupportedModalityError(msg, reference=str(reference), modalities=("image",), supported=("image",))
    picture = load_image(resolved.content, limits)
    return picture if reference is None or reference.box is None else _crop(picture, reference, resolved.digest)


def _crop(picture: DecodedImage, reference: MediaReference, digest: str) -> DecodedImage:
    x, y, width, height = reference.box or (0, 0, 0, 0)
    if x + width > picture.width or y + height > picture.height:
        msg = f"{reference} reaches beyond the picture, which is {picture.width}x{picture.height} pixels when upright"
        raise MediaError(msg, source=str(reference))
    pixels = np.ascontiguousarray(picture.pixels[y : y + height, x : x + width])
    return DecodedImage(pixels=pixels, digest=digest)


def _decode_video(resolved: ResolvedPart, needs: MediaNeeds, limits: MediaLimits) -> DecodedPart:
    return load_video(
        cast("Encoded | Clip", resolved.content),
        n_frames=needs.n_frames,
        window=_window(cast("Video", resolved.part), resolved.reference),
        digest=resolved.digest,
        limits=limits,
    )


def _decode_nothing(resolved: ResolvedPart, _needs: MediaNeeds, _limits: MediaLimits) -> DecodedPart:
    kind = resolved.part.modality
    msg = f"{resolved.part!r} cannot be decoded: {kind} is not supported yet; text, image and video are"
    raise UnsupportedModalityError(msg, modalities=(kind,), supported=("text", "image", "video"))


def _unsupported(kind: Modality, supported: tuple[Modality, ...]) -> InputError:
    msg = f"this model does not take {kind}; it takes {', '.join(supported)}"
    return UnsupportedModalityError(msg, modalities=(kind,), supported=supported)


@dataclasses.dataclass(frozen=True)
class _Kind:
    resolve: Callable[[Part, MediaLimits], ResolvedPart]
    decode: Callable[[ResolvedPart, MediaNeeds, MediaLimits], DecodedPart]


# A new kind of medium is a row here.
_KINDS: dict[type[Part], _Kind] = {
    Text: _Kind(_resolve_text, _decode_text),
    Image: _Kind(_resolve_image, _decode_image),
    Audio: _Kind(_resolve_media, _decode_nothing),
    Video: _Kind(_resolve_video, _decode_video),
}
