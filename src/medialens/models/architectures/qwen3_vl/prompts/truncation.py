"""What gives way when a prompt is longer than the model may read: first pictures, then the document's text.

Never the template, whose tail the answer is read from, never an instruction, never a part of a picture. A query and
its document both survive: a query gives way only where it would leave the document less than a quarter of the room.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from medialens.errors import InputError
from medialens.models.architectures.qwen3_vl.prompts.flow import Draft, Look, Owner
from medialens.models.architectures.qwen3_vl.prompts.tokenizer import PlainTokenizer

Count: TypeAlias = Callable[[Draft], int]
"""How many tokens a draft has."""

_SHARE: Final = 4
"""One part in so many is the text's before pictures, and the document's before the query."""


@dataclasses.dataclass(frozen=True, eq=False)
class Budget:
    """What a prompt may take.

    Attributes:
        tokenizer: By which texts are measured.
        max_tokens: No prompt is longer.
        shrinks: Whether pictures may shrink.
    """

    tokenizer: PlainTokenizer
    max_tokens: int
    shrinks: bool


def shrink_visuals(draft: Draft, count: Count, budget: Budget, look: Look) -> tuple[Draft, list[str]]:
    """The draft with its largest pictures and clips made so small that it fits, and what was done.

    Raises:
        InputError: They would have to shrink, and may not.
    """
    sizes = {at: seen[0].n_tokens for at, seen in draft.seen.items()}
    n_text = sum(len(budget.tokenizer.read(text)) for text in _shortened(draft).values())
    n_fixed = count(draft) - n_text - sum(sizes.values())
    room = budget.max_tokens - n_fixed - min(n_text, budget.max_tokens // _SHARE)
    if sum(sizes.values()) <= room:
        return draft, []
    if not budget.shrinks:
        msg = (
            f"its pictures and clips take {sum(sizes.values())} tokens, and there is room for {max(room, 0)} of them "
            f"among {budget.max_tokens}; lower max_pixels, raise max_tokens, or leave out shrink_to_fit=False"
        )
        raise InputError(msg, value=sum(sizes.values()), limit=budget.max_tokens)
    level = max(1, water_level(list(sizes.values()), room))
    seen = {at: look(draft.shown[at], level) if sizes[at] > level else draft.seen[at] for at in sizes}
    shrunk = Counter(
        f"{draft.shown[at].modality} shrunk from {sizes[at]} to {new[0].n_tokens} tokens to fit {budget.max_tokens}"
        for at, new in seen.items()
        if new[0].n_tokens < sizes[at]
    )
    notes = [note if n == 1 else f"{note} ({n} times)" for note, n in shrunk.items()]
    return dataclasses.replace(draft, seen=seen), notes


def shorten_texts(draft: Draft, count: Count, budget: Budget) -> tuple[Draft, list[str]]:
    """The draft with its texts shortened from their ends, the document's first, and what was done to the query.

    Raises:
        InputError: Even without them it does not fit.
    """
    texts, excess = _shortened(draft), count(draft) - budget.max_tokens
    lengths = {at: len(budget.tokenizer.read(text)) for at, text in texts.items()}
    n_query, n_document = (_sum(lengths, draft, owner) for owner in ("query", "document"))
    room, kept = n_query + n_document, draft
    while excess > 0:
        room -= excess
        if room < len({draft.owners[at] for at in texts}):
            raise _does_not_fit(count(kept), budget)
        for_query, for_document = share(n_query, n_document, room)
        shorter = {
            **_first(texts, draft, "query", for_query, budget.tokenizer),
            **_first(texts, draft, "document", for_document, budget.tokenizer),
        }
        kept = dataclasses.replace(draft, texts={**draft.texts, **shorter})
        excess = count(kept) - budget.max_tokens
    cut = any(kept.texts[at] != text for at, text in texts.items() if draft.owners[at] == "query")
    return kept, [f"the query was shortened to fit {budget.max_tokens} tokens"] if cut else []


def water_level(sizes: Sequence[int], room: int) -> int:
    """The greatest level such that sizes that are cut down to it fit `room` together: the largest give way first."""
    left = room
    for n_larger, size in zip(range(len(sizes), 0, -1), sorted(sizes), strict=True):
        if size * n_larger > left:
            return left // n_larger
        left -= size
    return max(sizes, default=0)


def share(n_query: int, n_document: int, room: int) -> tuple[int, int]:
    """How many tokens of text a query and a document keep of `room`."""
    for_document = min(n_document, max(room - n_query, room // _SHARE, 1))
    return max(0, min(n_query, room - for_document)), for_document


def _shortened(draft: Draft) -> dict[int, str]:
    """The texts that may be shortened."""
    return {at: text for at, text in draft.texts.items() if draft.owners[at] != "template"}


def _sum(lengths: Mapping[int, int], draft: Draft, owner: Owner) -> int:
    return sum(length for at, length in lengths.items() if draft.owners[at] == owner)


def _first(
    texts: Mapping[int, str], draft: Draft, owner: Owner, n_tokens: int, tokenizer: PlainTokenizer
) -> dict[int, str]:
    """The texts of one owner, together so many tokens long: the last ones go first."""
    kept: dict[int, str] = {}
    for at, text in texts.items():
        if draft.owners[at] == owner:
            kept[at] = tokenizer.cut(text, n_tokens)
            n_tokens = max(0, n_tokens - len(tokenizer.read(kept[at])))
    return kept


def _does_not_fit(n_tokens: int, budget: Budget) -> InputError:
    msg = (
        f"{n_tokens} tokens stay when all text that may be shortened is, and {budget.max_tokens} is the limit: the "
        "instruction, the template and the pictures take them; shorten the instruction, pass fewer or smaller "
        "pictures, or raise max_tokens"
    )
    return InputError(msg, value=n_tokens, limit=budget.max_tokens)
