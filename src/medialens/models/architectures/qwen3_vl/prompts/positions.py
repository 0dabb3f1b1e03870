"""Where each token stands: in time, row and column.

Text moves all three by one a token. A picture's tokens share one time, and take their row and column from its grid,
counted from where the text stopped; the text behind it goes on behind its longer side. Each pair of frames of a clip
is a picture of its own, because a time is written before each.

Source: transformers' ``Qwen3VLModel.get_rope_index``.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import TypeAlias

import torch
from jaxtyping import Int
from torch import Tensor

from medialens.models.architectures.qwen3_vl.payload import MERGE, Grid

Span: TypeAlias = int | tuple[int, int]
"""So many tokens of text, or the tokens of a picture: (rows, columns)."""

_CACHED_GRIDS = 512


def frame_span(grid: Grid) -> tuple[int, int]:
    """Rows and columns of tokens that a picture, or one pair of a clip's frames, takes."""
    return grid[1] // MERGE, grid[2] // MERGE


def positions(spans: Iterable[Span]) -> Int[Tensor, "3 tokens"]:
    """Time, row and column of each token of a prompt that is made of `spans`, in this order."""
    parts: list[Tensor] = []
    at = 0
    for span in _joined(spans):
        if isinstance(span, int):
            parts.append(torch.arange(at, at + span).expand(3, -1))
            at += span
        else:
            parts.append(_picture(*span) + at)
            at += max(span)
    return torch.cat(parts, dim=1) if parts else torch.zeros((3, 0), dtype=torch.long)


def _joined(spans: Iterable[Span]) -> Iterable[Span]:
    """Neighbouring spans of text as one."""
    n_text = 0
    for span in spans:
        if isinstance(span, int):
            n_text += span
            continue
        if n_text:
            yield n_text
        n_text = 0
        yield span
    if n_text:
        yield n_text


@functools.lru_cache(maxsize=_CACHED_GRIDS)
def _picture(rows: int, columns: int) -> Int[Tensor, "3 tokens"]:
    """Of a picture at the very beginning. Shared by all who ask: never written to."""
    row = torch.arange(rows).repeat_interleave(columns)
    column = torch.arange(columns).repeat(rows)
    return torch.stack([torch.zeros_like(row), row, column])
