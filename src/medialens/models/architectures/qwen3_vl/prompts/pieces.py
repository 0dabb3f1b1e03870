"""What a chat template makes of a conversation: words, control tokens, and slots for the parts."""

from __future__ import annotations

import dataclasses
from typing import Final, TypeAlias

_LONGEST_BLANK: Final = 8


@dataclasses.dataclass(frozen=True)
class Turn:
    """What one role says: the kind of each part (``text``, ``image``, ``video``), or, for a blank text, itself.

    Blank texts are part of the structure because templates ask whether there is a text at all.
    """

    role: str
    parts: tuple[str, ...]


Structure: TypeAlias = tuple[Turn, ...]


@dataclasses.dataclass(frozen=True)
class Words:
    """Text of the template; tokenised together with the texts beside it."""

    text: str


@dataclasses.dataclass(frozen=True)
class Control:
    """A token of the vocabulary's own, by its id."""

    id: int


@dataclasses.dataclass(frozen=True)
class Slot:
    """Where the structure's part number `part` goes, counted over all its turns.

    Attributes:
        part: Its number.
        kind: ``text``, ``image`` or ``video``.
        strips: Which characters the template strips from the left and the right of a text; None is white space, ""
            nothing.
    """

    part: int
    kind: str
    strips: tuple[str | None, str | None] = ("", "")

    def strip(self, text: str) -> str:
        """The text as the template writes it."""
        left, right = self.strips
        return text.lstrip(left).rstrip(right)


Piece: TypeAlias = Words | Control | Slot


def part_name(kind: str, text: str = "") -> str:
    """How a part is called in a `Turn`."""
    return text if kind == "text" and len(text) <= _LONGEST_BLANK and not text.strip() else kind
