"""Token features to one vector: the poolings of Sentence Transformers, in fp32.

Each takes features, the mask of the tokens that count, and the mask of the tokens that exist: they differ where
a prompt is read by the model and left out of the pooling.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias, get_args

import torch
from jaxtyping import Float, Int
from torch import Tensor

PoolingMode: TypeAlias = Literal["cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"]
POOLING_MODES: tuple[PoolingMode, ...] = get_args(PoolingMode)

_TINY = 1e-9  # Sentence Transformers' floor of a denominator: a text without tokens gives zeros, not NaN


def pool(
    features: Float[Tensor, "n tokens dim"],
    mask: Int[Tensor, "n tokens"],
    modes: Sequence[PoolingMode],
    *,
    prompt_lengths: Int[Tensor, " n"] | None = None,
) -> Float[Tensor, "n pooled"]:
    """One vector an item, the modes' results side by side.

    Args:
        features: The last layer's, in any floating point; pooled in fp32.
        mask: 1 where a token exists; padding on the right.
        modes: Which poolings, in the order of the result.
        prompt_lengths: Leading tokens to leave out; None leaves none out.
    """
    features = features.to(torch.float32)
    counted = mask if prompt_lengths is None else _without_prompts(mask, prompt_lengths)
    return torch.cat([_POOLINGS[mode](features, counted) for mode in modes], dim=-1)


def _without_prompts(mask: Int[Tensor, "n tokens"], lengths: Int[Tensor, " n"]) -> Int[Tensor, "n tokens"]:
    positions = torch.arange(mask.shape[1], device=mask.device)
    return mask * (positions[None, :] >= lengths[:, None]).to(mask.dtype)


def _cls(features: Float[Tensor, "n tokens dim"], mask: Int[Tensor, "n tokens"]) -> Float[Tensor, "n dim"]:
    """The first token that counts."""
    return _pick(features, mask.argmax(dim=1))


def _last(features: Float[Tensor, "n tokens dim"], mask: Int[Tensor, "n tokens"]) -> Float[Tensor, "n dim"]:
    """The last token that counts; zeros where none does."""
    last = mask.shape[1] - 1 - mask.flip(1).argmax(dim=1)
    return _pick(features * mask[..., None], last)


def _pick(features: Float[Tensor, "n tokens dim"], positions: Int[Tensor, " n"]) -> Float[Tensor, "n dim"]:
    return features[torch.arange(len(features), device=features.device), positions]


def _max(features: Float[Tensor, "n tokens dim"], mask: Int[Tensor, "n tokens"]) -> Float[Tensor, "n dim"]:
    return features.masked_fill(mask[..., None] == 0, float("-inf")).amax(dim=1)


def _mean(features: Float[Tensor, "n tokens dim"], mask: Int[Tensor, "n tokens"]) -> Float[Tensor, "n dim"]:
    weights = mask[..., None].to(torch.float32)
    return (features * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=_TINY)


def _mean_sqrt(features: Float[Tensor, "n tokens dim"], mask: Int[Tensor, "n tokens"]) -> Float[Tensor, "n dim"]:
    """The sum over the square root of the number of tokens."""
    weights = mask[..., None].to(torch.float32)
    return (features * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=_TINY).sqrt()


def _weighted_mean(features: Float[Tensor, "n tokens dim"], mask: Int[Tensor, "n tokens"]) -> Float[Tensor, "n dim"]:
    """Later tokens count more: the k-th has weight k (SGPT, https://arxiv.org/abs/2202.08904)."""
    positions = torch.arange(1, mask.shape[1] + 1, device=mask.device, dtype=torch.float32)
    weights = (mask * positions)[..., None]
    return (features * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=_TINY)


_POOLINGS: dict[PoolingMode, Callable[[Tensor, Tensor], Tensor]] = {
    "cls": _cls,
    "max": _max,
    "mean": _mean,
    "mean_sqrt_len_tokens": _mean_sqrt,
    "weightedmean": _weighted_mean,
    "lasttoken": _last,
}
