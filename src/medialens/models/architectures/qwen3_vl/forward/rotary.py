"""Positions to rotations: of patches by row and column, of tokens by time, row and column interleaved.

A rotary embedding turns pairs of a head's dimensions, (i, i + dim/2), by an angle of position times frequency i.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

_VISION_THETA = 10_000.0
_SCALED_BY_LENGTH = frozenset(("dynamic", "longrope"))


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Turn:
    """A rotation of each row of heads.

    Attributes:
        cos: (rows, 1, dim).
        sin: (rows, 1, dim), its first half negative: what comes from the other half is added with that sign.
    """

    cos: Tensor
    sin: Tensor

    @staticmethod
    def by(angles: Float[Tensor, "rows half"], dtype: torch.dtype, *, factor: float = 1.0) -> Turn:
        """The rotation by these angles, scaled by `factor`."""
        cos, sin = angles.cos().mul_(factor), angles.sin().mul_(factor)
        return Turn(
            cos=torch.cat((cos, cos), dim=-1)[:, None].to(dtype), sin=torch.cat((-sin, sin), dim=-1)[:, None].to(dtype)
        )

    def __call__(self, heads: Float[Tensor, "rows heads dim"]) -> Float[Tensor, "rows heads dim"]:
        """The rotated heads, in their dtype."""
        other = heads.roll(heads.shape[-1] // 2, -1)
        return torch.addcmul(heads * self.cos, other, self.sin, out=torch.empty_like(other))

    def rows(self, index: Int[Tensor, " picked"]) -> Turn:
        """The rotation of some rows."""
        return Turn(cos=self.cos[index], sin=self.sin[index])


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class PatchAngles:
    """By row in the first half of the frequencies, by column in the second."""

    frequencies: Float[Tensor, " quarter"]

    @staticmethod
    def of(config: Any, device: torch.device) -> PatchAngles:
        """Those of a vision config."""
        theta = float((getattr(config, "rope_parameters", None) or {}).get("rope_theta", _VISION_THETA))
        return PatchAngles(frequencies=_frequencies(theta, config.hidden_size // config.num_heads // 2).to(device))

    def __call__(self, places: Int[Tensor, "patches 2"]) -> Float[Tensor, "patches half"]:
        """Angles of patches at (row, column)."""
        return (places[..., None] * self.frequencies).flatten(1)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class TokenAngles:
    """Frequency i goes by time, row or column, as `axes` says.

    Attributes:
        frequencies: One for each pair of dimensions.
        axes: 0 for time, 1 for row, 2 for column; of the first ones in turn, of the last ones time alone.
        factor: What cosine and sine are scaled by.
    """

    frequencies: Float[Tensor, " half"]
    axes: Int[Tensor, " half"]
    factor: float = 1.0

    @staticmethod
    def of(module: Any, device: torch.device) -> TokenAngles:
        """Those of a language model of transformers.

        Raises:
            ValueError: It scales them by the length of the text, which a packed batch has many of.
        """
        rope: Mapping[str, Any] = module.config.rope_parameters
        kind = rope.get("rope_type", "default")
        if kind in _SCALED_BY_LENGTH:
            msg = f"rope_type={kind!r} depends on the length of each text; expected one that does not"
            raise ValueError(msg)
        if kind == "default":
            frequencies = _frequencies(float(rope["rope_theta"]), module.config.head_dim)
        else:
            frequencies = module.rotary_emb.inv_freq.float()
        return TokenAngles(
            frequencies=frequencies.to(device),
            axes=_interleaved(rope.get("mrope_section", (24, 20, 20)), len(frequencies)).to(device),
            factor=float(module.rotary_emb.attention_scaling),
        )

    def __call__(self, positions: Int[Tensor, "3 tokens"]) -> Float[Tensor, "tokens half"]:
        """Angles of tokens at (time, row, column)."""
        return positions.T.index_select(1, self.axes) * self.frequencies


def _frequencies(theta: float, dim: int) -> Float[Tensor, " half"]:
    """``theta ** (-2i / dim)``."""
    return 1.0 / (theta ** (torch.arange(0, dim, 2, dtype=torch.float32) / dim))


def _interleaved(section: Any, n: int) -> Int[Tensor, " half"]:
    """Time, row, column, time, row, column ... as far as the section of rows and columns reaches, then time."""
    axes = torch.zeros(n, dtype=torch.long)
    for axis in (1, 2):
        axes[axis : 3 * int(section[axis]) : 3] = axis
    return axes
