"""Items to conversations: who says which parts. Pure."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from medialens.errors import InputError
from medialens.inputs import Text
from medialens.media.decoded import DecodedItem, DecodedPart
from medialens.models.architectures.qwen3_vl.prompts.flow import Owner
from medialens.models.architectures.qwen3_vl.prompts.wording import Wording

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

    The instruction is the system's, as in Sentence Transformers; without one there is no such turn. Of conversations,
    all turns are kept: those that are embedded with their roles; of a pair, what the user says is the query, or the
    document, and what the system says comes before.

    Raises:
        InputError: A side of a pair has a role that pairs do not have.
    """
    if len(items) == 1:
        said = list(_embedded(items[0], wording))
    else:
        query, document = items
        said = [*_side(query, "query", wording), *_side(document, "document", wording)]
        said.sort(key=lambda turn: turn.role != "system")
    told = wording.instruct(instruction, is_told=any(turn.role == "system" for turn in said))
    return (*((Said("system", (Text(told),), "template"),) if told else ()), *said)


def _embedded(item: DecodedItem, wording: Wording) -> Iterator[Said]:
    if not item.turns:
        yield Said("user", _ordered(item.parts, wording), "document")
    for role, parts in _turns(item):
        yield Said(role, parts, "template" if role == "system" else "document")


def _side(item: DecodedItem, owner: Literal["query", "document"], wording: Wording) -> Iterator[Said]:
    if not item.turns:
        yield Said(owner, _ordered(item.parts, wording), owner)
    for role, parts in _turns(item):
        if role not in {"system", "user", owner}:
            msg = f"the {owner} of a pair is said by 'user' or {owner!r}, got the role {role!r}"
            raise InputError(msg, value=role)
        yield Said("system", parts, "template") if role == "system" else Said(owner, parts, owner)


def _turns(item: DecodedItem) -> Iterator[tuple[str, tuple[DecodedPart, ...]]]:
    parts = iter(item.parts)
    for turn in item.turns:
        yield turn.role, tuple(itertools.islice(parts, turn.n_parts))


def _ordered(parts: tuple[DecodedPart, ...], wording: Wording) -> tuple[DecodedPart, ...]:
    """The parts as the wording wants them; the reading order of several texts is the caller's in any case."""
    texts = [part.text for part in parts if isinstance(part, Text)]
    if len(texts) == len(parts) and not any(texts) and wording.blank:
        return (Text(wording.blank),)
    if not wording.media_first or len(texts) > 1:
        return parts
    return tuple(sorted(parts, key=lambda part: _MEDIA_FIRST.index(part.modality)))
