"""Items to conversations: who says which parts. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from medialens.inputs import Text
from medialens.media.decoded import DecodedItem, DecodedPart
from medialens.models.architectures.qwen3_vl.flow import Owner


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


def conversation(items: Sequence[DecodedItem], instruction: str) -> tuple[Said, ...]:
    """What is said about one item to embed, or about a query and a document to score.

    The instruction is the system's, as in Sentence Transformers; without one there is no such turn.
    """
    system = (Said("system", (Text(instruction),), "template"),) if instruction else ()
    if len(items) == 1:
        return (*system, Said("user", items[0].parts, "document"))
    query, document = items
    return (*system, Said("query", query.parts, "query"), Said("document", document.parts, "document"))
