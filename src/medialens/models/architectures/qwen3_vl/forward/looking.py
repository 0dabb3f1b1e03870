"""Visuals of a batch, laid end to end for the vision tower, with all that depends on their sizes alone.

Where a patch lies, and which learned positions are nearest, is the same for all visuals of a size: computed once.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from medialens.models.architectures.qwen3_vl.payload import MERGE, Grid, Visual

_SIZES_KEPT = 1024


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Looked:
    """What the tower is to look at.

    Attributes:
        keys: Of the visuals, in the order of their patches.
        grids: Of the visuals.
        tensors: ``stills`` and ``clips``, 8-bit patches of one and of two frames, a kind that is not there left out;
            ``places``, (patches, 2): row and column; ``corners``, (patches, 4): the nearest learned positions;
            ``weights`` of those.
    """

    keys: tuple[str, ...]
    grids: tuple[Grid, ...]
    tensors: Mapping[str, Tensor]

    def to(self, device: torch.device) -> Looked:
        """The same on `device`."""
        return dataclasses.replace(self, tensors={name: each.to(device) for name, each in self.tensors.items()})


def lay_out(visuals: Sequence[Visual], *, side: int, still_width: int) -> Looked:
    """Patches of all visuals, stills before clips and frames of equal size together.

    Args:
        visuals: Each with its patches.
        side: Of the square of learned positions.
        still_width: Values in a patch of one frame.
    """
    ordered = sorted(visuals, key=lambda visual: (_patches(visual).shape[1], visual.grid[1] * visual.grid[2]))
    kinds = {
        "stills": [_patches(each) for each in ordered if _patches(each).shape[1] == still_width],
        "clips": [_patches(each) for each in ordered if _patches(each).shape[1] != still_width],
    }
    maps = [_maps(*visual.grid[1:], side) for visual in ordered]
    repeats = [visual.grid[0] for visual in ordered]
    places, corners, weights = (
        torch.cat([part.repeat(n, 1) for part, n in zip(parts, repeats, strict=True)])
        for parts in zip(*maps, strict=True)
    )
    return Looked(
        keys=tuple(visual.key for visual in ordered),
        grids=tuple(visual.grid for visual in ordered),
        tensors={name: torch.cat(patches) for name, patches in kinds.items() if patches}
        | {"places": places, "corners": corners, "weights": weights},
    )


def _patches(visual: Visual) -> Tensor:
    if visual.patches is None:
        msg = f"the visual {visual.key} has no patches to look at"
        raise ValueError(msg)
    return visual.patches


@functools.lru_cache(maxsize=_SIZES_KEPT)
def _maps(
    height: int, width: int, side: int
) -> tuple[Int[Tensor, "patches 2"], Int[Tensor, "patches 4"], Float[Tensor, "patches 4"]]:
    """Of the patches of one frame, in the tower's order: places, nearest learned positions, and their weights."""
    places = _places(height, width)
    top, bottom, down = _neighbours(places[:, 0], height, side)
    left, right, along = _neighbours(places[:, 1], width, side)
    corners = torch.stack((top * side + left, top * side + right, bottom * side + left, bottom * side + right), dim=1)
    weights = torch.stack(((1 - down) * (1 - along), (1 - down) * along, down * (1 - along), down * along), dim=1)
    return places, corners, weights


def _places(height: int, width: int) -> Int[Tensor, "patches 2"]:
    """Row and column: squares of `MERGE` by `MERGE` from left to right, inside each the same way."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    places = torch.stack((rows, columns), dim=-1)
    return places.view(height // MERGE, MERGE, width // MERGE, MERGE, 2).transpose(1, 2).reshape(-1, 2)


def _neighbours(
    at: Int[Tensor, " patches"], n: int, side: int
) -> tuple[Int[Tensor, " patches"], Int[Tensor, " patches"], Float[Tensor, " patches"]]:
    """The learned positions before and behind, and how far from the first, of n patches that cover all of them."""
    exact = at.float() * (side - 1) / max(n - 1, 1)
    before = exact.floor().long()
    return before, (before + 1).clamp(max=side - 1), exact - before
