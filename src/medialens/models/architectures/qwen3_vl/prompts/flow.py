"""A prompt between template and token ids: runs of text, tokens that are fixed, and the places of pictures."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from medialens.media.decoded import DecodedPart
from medialens.models.architectures.qwen3_vl.payload import Visual
from medialens.models.architectures.qwen3_vl.prompts.pieces import Control, Piece, Words
from medialens.models.architectures.qwen3_vl.prompts.positions import Span, frame_span

Owner: TypeAlias = Literal["template", "query", "document"]
"""Whose words these are. Those of the template, and instructions, are never shortened; of an embedding, the item is the
document."""

Seen: TypeAlias = tuple[Visual, tuple[float, ...]]
"""A picture as the tower takes it; of a clip, also the time in seconds of each pair of frames."""

Look: TypeAlias = Callable[[DecodedPart, int | None], Seen]
"""How a part becomes patches, of at most so many tokens; None is as many as the recipe says."""


@dataclasses.dataclass(frozen=True)
class VisionIds:
    """The tokens around and in place of pictures."""

    image: int
    video: int
    start: int
    end: int

    @property
    def placeholders(self) -> dict[str, int]:
        """What stands for a token of each kind of visual."""
        return {"image": self.image, "video": self.video}


@dataclasses.dataclass(frozen=True)
class Fragment:
    """A piece of a run of text: what is next to each other is tokenised as one."""

    text: str
    owner: Owner


@dataclasses.dataclass(frozen=True, eq=False)
class Fixed:
    """Tokens that are not text.

    Attributes:
        ids: What they are.
        span: How they stand.
        owner: Whose they are.
        visual: The picture or clip whose tokens begin here; None for all else, and for the later frames of a clip.
    """

    ids: tuple[int, ...]
    span: Span
    owner: Owner
    visual: Visual | None = None


Run: TypeAlias = tuple[Fragment, ...]
Element: TypeAlias = Run | Fixed


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Draft:
    """The template's pieces, and what goes into their slots, by the number of the part.

    Attributes:
        pieces: What the template writes.
        owners: Of each part.
        shown: The parts that are pictures and clips.
        texts: The parts that are texts, as far as they are kept.
        seen: What `shown` is to the tower.
    """

    pieces: Sequence[Piece]
    owners: Sequence[Owner]
    shown: Mapping[int, DecodedPart]
    texts: Mapping[int, str]
    seen: Mapping[int, Seen]


def lay_out(draft: Draft, ids: VisionIds) -> list[Element]:
    """The template's pieces with the parts in their slots, text beside text."""
    elements: list[Element] = []
    fragments: list[Fragment] = []
    for one in _filled(draft, ids):
        if isinstance(one, Fragment):
            fragments.append(one)
            continue
        if fragments:
            elements.append(tuple(fragments))
            fragments = []
        elements.append(one)
    if fragments:
        elements.append(tuple(fragments))
    return elements


def _filled(draft: Draft, ids: VisionIds) -> Iterator[Fragment | Fixed]:
    for piece in draft.pieces:
        if isinstance(piece, Control):
            yield Fixed((piece.id,), 1, "template")
        elif isinstance(piece, Words):
            yield Fragment(piece.text, "template")
        elif piece.kind == "text":
            yield Fragment(piece.strip(draft.texts[piece.part]), draft.owners[piece.part])
        elif piece.kind == "image":
            visual = draft.seen[piece.part][0]
            yield Fixed((ids.image,) * visual.n_tokens, frame_span(visual.grid), draft.owners[piece.part], visual)
        else:
            yield from _clip(*draft.seen[piece.part], draft.owners[piece.part], ids)


def _clip(visual: Visual, times_seconds: tuple[float, ...], owner: Owner, ids: VisionIds) -> Iterator[Fragment | Fixed]:
    """Each pair of frames as a picture behind its time.

    The template's own marks of a vision stay around all of them, as transformers 5.10 and later leave them.
    """
    span = frame_span(visual.grid)
    for at, seconds in enumerate(times_seconds):
        yield Fragment(f"<{seconds:.1f} seconds>", owner)
        yield Fixed((ids.start,), 1, owner)
        yield Fixed((ids.video,) * (span[0] * span[1]), span, owner, None if at else visual)
        yield Fixed((ids.end,), 1, owner)
