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

from medialens.errors import InputError, MediaLimitError, UnsupportedModalityError
from medialens.inputs import Audio, Image, Item, Modality, Part, Text, Video
from medialens.media.decoded import DecodedImage, DecodedItem, DecodedPart, DecodedVideo, MediaNeeds
from medialens.media.limits import MediaLimits
from medialens.media.pages.pdf import is_pdf
from medialens.media.parts.audio import decode_audio, resolve_audio
from medialens.media.parts.image import decode_image, resolve_image
from medialens.media.parts.video import decode_video, resolve_video
from medialens.media.pictures.image import load_image
from medialens.media.resolved import ResolvedItem, ResolvedPart
from medialens.media.source import Encoded

Share: TypeAlias = Callable[[str, Callable[[], DecodedImage]], DecodedImage]
"""Gives the picture of a digest: one that was made before, or a new one."""


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
    for turn in item.turns:
        key.update(f"{turn!r}\n".encode())
    return ResolvedItem(parts=parts, digest=key.hexdigest(), turns=item.turns)


def _make_anew(_digest: str, make: Callable[[], DecodedImage]) -> DecodedImage:
    return make()


def decode(resolved: ResolvedItem, needs: MediaNeeds, limits: MediaLimits, *, share: Share = _make_anew) -> DecodedItem:
    """What the model sees of each part, in reading order.

    Args:
        resolved: What `resolve` gave.
        needs: What the model asks for.
        limits: How much of it may be decoded.
        share: Where pictures are kept of which several boxes are looked at, one after another: forty tiles of a
            screenshot need it decoded once.

    Raises:
        UnsupportedModalityError: A part is of a kind that the model does not take.
        MediaDecodeError, MediaLimitError: A medium is corrupt, or larger than the limits allow.
        MissingExtraError: A medium needs a decoder that is not installed.
    """
    for kind in resolved.modalities:
        if kind not in needs.modalities:
            raise _unsupported(kind, needs.modalities)
    parts: list[DecodedPart] = []
    n_pixels = 0
    for one in resolved.parts:
        parts.append(_KINDS[type(one.part)].decode(_with_shared_picture(one, limits, share), needs, limits))
        n_pixels += _n_pixels(parts[-1])
        if n_pixels > limits.max_item_pixels:
            raise _too_much(n_pixels, limits)
    return DecodedItem(tuple(parts), resolved.turns)


def decisive(needs: MediaNeeds, resolved: ResolvedItem) -> MediaNeeds:
    """The needs, without what makes no difference to this item: models of other sizes share its decoded pictures.

    With the digest of the item, the key of what was decoded: only pages are drawn for a number of pixels.
    """
    has_pages = any(isinstance(one.content, Encoded) and is_pdf(one.content) for one in resolved.parts)
    return needs if has_pages else dataclasses.replace(needs, max_pixels=None)


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


def _with_shared_picture(one: ResolvedPart, limits: MediaLimits, share: Share) -> ResolvedPart:
    """The part as it is; where a box of a picture file is meant, with the whole picture decoded."""
    content, selection = one.content, one.reference
    if not isinstance(content, Encoded) or selection is None or selection.box is None or selection.modality != "image":
        return one
    if selection.page is not None or not content.mime_type.startswith("image/"):
        return one  # of a page, no more is rendered than what is looked at
    return dataclasses.replace(one, content=share(content.digest, lambda: load_image(content, limits)))


def _resolve_text(part: Part, _limits: MediaLimits) -> ResolvedPart:
    text = cast("Text", part)
    digest = hashlib.sha256(check_text(text.text, "the text")).hexdigest()
    return ResolvedPart(part=text, content=text, reference=None, digest=digest)


def _decode_text(resolved: ResolvedPart, _needs: MediaNeeds, _limits: MediaLimits) -> DecodedPart:
    return cast("Text", resolved.content)


def _n_pixels(part: DecodedPart) -> int:
    """How many are held for it."""
    return part.n_bytes // 3 if isinstance(part, (DecodedImage, DecodedVideo)) else 0


def _too_much(n_pixels: int, limits: MediaLimits) -> MediaLimitError:
    maximum = limits.max_item_pixels
    msg = (
        f"the pictures and frames of this item have {n_pixels} pixels or more together, above the limit of {maximum} "
        "(MediaLimits.max_item_pixels); make several items of it, or smaller pictures"
    )
    return MediaLimitError(msg, limit="max_item_pixels", value=n_pixels, maximum=maximum)


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
    Image: _Kind(resolve_image, decode_image),
    Audio: _Kind(resolve_audio, decode_audio),
    Video: _Kind(resolve_video, decode_video),
}
