"""What becomes of the hidden state of a prompt's last token: a vector, or the score of a pair. Always in fp32."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeAlias

import torch.nn.functional as F  # noqa: N812  # the name that torch users know
from jaxtyping import Float
from torch import Tensor

from medialens.models.architectures.qwen3_vl._repo import ScoreTokens
from medialens.models.layers.heads import to_unit_length


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class VectorHead:
    """The state itself, at unit length where the repository says so."""

    normalised: bool

    def __call__(self, states: Float[Tensor, "n dim"]) -> Float[Tensor, "n dim"]:
        """fp32 vectors."""
        return to_unit_length(states) if self.normalised else states


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ScoreHead:
    """The logit of "yes" less that of "no", of which one row of numbers is left: their difference.

    The authors' scripts do the same (``get_binary_linear`` of ``qwen3_vl_reranker.py``). Subtracting the rows instead
    of the logits keeps what bf16 logits of 1 or 2, multiples of 1/64, would lose.

    Attributes:
        row: fp32.
    """

    row: Float[Tensor, " dim"]

    @staticmethod
    def of(vocabulary: Any, tokens: ScoreTokens) -> ScoreHead:
        """From the layer that gives the logits of all tokens."""
        weight: Tensor = vocabulary.weight.data
        row = weight[tokens.yes].float()
        return ScoreHead(row=row if tokens.no is None else row - weight[tokens.no].float())

    def __call__(self, states: Float[Tensor, "n dim"]) -> Float[Tensor, " n"]:
        """fp32 logits."""
        return F.linear(states, self.row)


Head: TypeAlias = VectorHead | ScoreHead
