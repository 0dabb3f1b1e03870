"""Scores into an order, and cosines into logits and probabilities, in float64."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def rank_order(scores: npt.ArrayLike, *, top_n: int | None = None) -> list[int]:
    """Positions from the best score to the worst; equal scores keep their order, NaN are left out.

    Args:
        scores: Shape (n,).
        top_n: Keep this many of the best; None keeps all, 0 and less keep none.
    """
    values = np.asarray(scores, dtype=np.float64)
    order = np.argsort(-values, kind="stable")[: np.count_nonzero(~np.isnan(values))]  # NaN sort last
    kept = order if top_n is None else order[: max(top_n, 0)]
    return [int(position) for position in kept]


def cosine_logits(query: npt.ArrayLike, documents: npt.ArrayLike, *, scale: float, bias: float) -> Floats:
    """``scale * cosine + bias``: the logit that CLIP- and SigLIP-like models are trained with.

    CLIP (Radford et al. 2021) has a scale near 100 and no bias; SigLIP (Zhai et al. 2023) has both.

    Args:
        query: Shape (dim,) or (n, dim).
        documents: Shape (n, dim); each row is compared with the query, or with the query's row.
        scale: The model's `logit_scale`, already exponentiated.
        bias: The model's `logit_bias`.

    Returns:
        float64 of shape (n,).
    """
    left, right = np.asarray(query, dtype=np.float64), np.asarray(documents, dtype=np.float64)
    lengths = np.linalg.norm(left, axis=-1) * np.linalg.norm(right, axis=-1)
    cosines = (left * right).sum(axis=-1) / np.maximum(lengths, 1e-12)
    logits: Floats = scale * cosines + bias
    return logits


def sigmoid(logits: npt.ArrayLike) -> Floats:
    """1 / (1 + exp(-x)) without overflow. It saturates: order by the logit, never by this."""
    values = np.asarray(logits, dtype=np.float64)
    small = np.exp(-np.abs(values))  # in 0..1, so neither branch overflows
    probabilities: Floats = np.where(values >= 0, 1, small) / (1 + small)
    return probabilities


def logit(probabilities: npt.ArrayLike) -> Floats:
    """The inverse of `sigmoid`; -inf and inf at 0 and 1."""
    values = np.asarray(probabilities, dtype=np.float64)
    with np.errstate(divide="ignore"):
        logits: Floats = np.log(values) - np.log1p(-values)
    return logits
