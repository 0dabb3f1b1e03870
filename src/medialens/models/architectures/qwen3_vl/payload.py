"""What preparation hands to the network: token ids with placeholders, positions, and the pictures they stand for.

A prompt of two texts and a picture, t: text token, P: placeholder:

    ids        t t t P P P P t t t t        one row of the embedding table each; rows of P are replaced
    positions  0 1 2 3 3 3 3 5 6 7 8        three of them, (time, row, column): text moves all, a picture its own
    visuals    (4 tokens)                   in the order of their placeholders

Of pairs that share a query, the first `Prefix.n_tokens` are the same: the network may compute those once.
"""

from __future__ import annotations

import dataclasses

import torch
from jaxtyping import Int, UInt8
from torch import Tensor

Grid = tuple[int, int, int]
"""Patches of a picture or a clip: in time (pairs of frames; 1 for a still), in height, in width."""

MERGE = 2
"""Patches along each side of what becomes one token."""


def page_locked(tensor: Tensor) -> Tensor:
    """A copy in the host's memory, from which the device can fetch it beside its work; the copying goes on behind."""
    away = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=tensor.is_cuda)
    return away.copy_(tensor, non_blocking=True)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Features:
    """What the vision tower gives for one visual; fp of the tower's dtype.

    Attributes:
        tokens: (tokens, dim): they replace the placeholders' embeddings.
        levels: (levels, tokens, dim): added to the placeholders behind the first layers of the language model.
    """

    tokens: Tensor
    levels: Tensor

    @property
    def n_bytes(self) -> int:
        """Memory of both."""
        return self.tokens.nbytes + self.levels.nbytes

    def to(self, device: torch.device) -> Features:
        """The same on `device`; itself if it is there."""
        if self.tokens.device == device:
            return self
        tokens, levels = (part.to(device, non_blocking=True) for part in (self.tokens, self.levels))
        return Features(tokens=tokens, levels=levels)

    def pinned(self) -> Features:
        """The same in the host's page-locked memory."""
        return Features(tokens=page_locked(self.tokens), levels=page_locked(self.levels))


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Visual:
    """A picture or a clip as the vision tower takes it.

    Attributes:
        key: Digest of the content and of all that shaped its patches: equal keys, equal features.
        grid: How many patches; a multiple of `MERGE` in height and width.
        patches: 8-bit rows in the tower's order (blocks of `MERGE` by `MERGE` together). Of a still one frame,
            (patches, 3 * side * side); of a clip pairs of frames, (patches, 3 * 2 * side * side), inside a row:
            channel, frame, row, column. None where `features` are known.
        features: Known from before.
    """

    key: str
    grid: Grid
    patches: UInt8[Tensor, "patches values"] | None = None
    features: Features | None = None

    @property
    def n_patches(self) -> int:
        """What the tower has to look at."""
        return self.grid[0] * self.grid[1] * self.grid[2]

    @property
    def n_tokens(self) -> int:
        """Placeholders it takes in the prompt, all frames together."""
        return self.n_patches // MERGE**2

    @property
    def n_bytes(self) -> int:
        """Memory of its patches."""
        return 0 if self.patches is None else self.patches.nbytes


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Prefix:
    """The beginning that pairs with the same query share.

    Attributes:
        key: Digest of its ids and of its visuals' keys.
        n_tokens: Its length. It ends before the document, and never inside a visual.
        n_visuals: How many visuals lie inside it.
    """

    key: str
    n_tokens: int
    n_visuals: int


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Prompt:
    """One item, or one (query, document) pair, as the language model reads it.

    Attributes:
        ids: Token ids; a visual's placeholders are as many as its tokens.
        positions: (3, tokens): time, row, column.
        visuals: In the order of their placeholders.
        prefix: What is shared with other pairs; None where nothing is, or where it would save nothing.
    """

    ids: Int[Tensor, " tokens"]
    positions: Int[Tensor, "3 tokens"]
    visuals: tuple[Visual, ...] = ()
    prefix: Prefix | None = None

    @property
    def n_tokens(self) -> int:
        """Its length."""
        return len(self.ids)

    @property
    def n_bytes(self) -> int:
        """Memory of all of it."""
        return self.ids.nbytes + self.positions.nbytes + sum(visual.n_bytes for visual in self.visuals)
