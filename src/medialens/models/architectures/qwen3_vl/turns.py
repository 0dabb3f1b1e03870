"""Items to conversations: who says which parts. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Final

from medialens.inputs import Text
from medialens.media.decoded import DecodedItem, DecodedPart
from medialens.models.architectures.qwen3_vl.flow import Owner
from medialens.models.architectures.qwen3_vl.wording import Wording

_MEDIA_FIRST: Final = ("video", "image", "text")


@dataclasses.dataclass(frozen=True, eq=False)
class Said:
    """One turn.

    Attributes:
        role: ``system``, ``user``, ``assistant``; of a pair ``query`` and ``document``.
        parts: In reading order.
        owner: Whose words they are: those of the template are never shortened.
    """

    role: str
    parts: tuple[DecodedPart, ...]
    owner: Owner


def conversation(items: Sequence[DecodedItem], instruction: str, wording: Wording) -> tuple[Said, ...]:
    """What is said about one item to embed, or about a query and a document to score.

    The instruction is the system's, as in Sentence Transformers; without one there is no such turn.
    """
    owners: tuple[Owner, ...] = ("document",) if len(items) == 1 else ("query", "document")
    said = [
        turn for item, owner in zip(items, owners, strict=True) for turn in _turns(item, owner, wording, len(items))
    ]
    told = wording.instruct(instruction)
    return (*((Said("system", (Text(told),), "template"),) if told else ()), *said)


def _turns(item: DecodedItem, owner: Owner, wording: Wording, n_items: int) -> Iterator[Said]:
    yield Said("user" if n_items == 1 else owner, _ordered(item.parts, wording), owner)


def _ordered(parts: tuple[DecodedPart, ...], wording: Wording) -> tuple[DecodedPart, ...]:
    """The parts as the wording wants them; the reading order of several texts is the caller's in any case."""
    texts = [part.text for part in parts if isinstance(part, Text)]
    if len(texts) == len(parts) and not any(texts) and wording.blank:
        return (Text(wording.blank),)
    if not wording.media_first or len(texts) > 1:
        return parts
    return tuple(sorted(parts, key=lambda part: _MEDIA_FIRST.index(part.modality)))
