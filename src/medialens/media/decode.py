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
from typing import cast

from medialens.errors import InputError, UnsupportedModalityError
from medialens.inputs import Audio, Image, Item, Modality, Part, Text, Video
from medialens.media.audio_part import decode_audio, resolve_audio
from medialens.media.decoded import DecodedItem, DecodedPart, MediaNeeds
from medialens.media.image_part import decode_image, resolve_image
from medialens.media.limits import MediaLimits
from medialens.media.resolved import ResolvedItem, ResolvedPart
from medialens.media.video_part import decode_video, resolve_video


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


def _decode_text(resolved: ResolvedPart, _needs: MediaNeeds, _limits: MediaLimits) -> DecodedPart:
    return cast("Text", resolved.content)


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
