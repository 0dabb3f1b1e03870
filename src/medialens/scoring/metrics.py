"""How good a ranking is: recall at k, and how sure one may be of a mean. Pure functions of arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Integers = npt.NDArray[np.integer]


def ranks_of(scores: Floats, relevant: Integers) -> npt.NDArray[np.int64]:
    """The rank, from 1, that each query gives to its relevant document.

    Ties count against the document: whatever scores the same stands before it, so that a model which gives every
    document the same score is not called perfect. A document that scores NaN stands last.

    Args:
        scores: Shape (queries, documents); higher is better.
        relevant: Shape (queries,); the column of each query's document.
    """
    if scores.ndim != 2 or relevant.shape != scores.shape[:1]:  # noqa: PLR2004  # (queries, documents)
        raise ValueError(
            "ranks_of takes scores (queries, documents) and one column a query, "
            f"got {scores.shape} and {relevant.shape}"
        )
    own = np.take_along_axis(scores, relevant[:, None].astype(np.int64), axis=1)
    ranks: npt.NDArray[np.int64] = np.sum(~(scores < own), axis=1, dtype=np.int64)
    return ranks


def recall_at(scores: Floats, relevant: Integers, k: int) -> float:
    """The share of queries whose relevant document is among the first `k`; NaN for no queries.

    Same arguments and treatment of ties as `ranks_of`.
    """
    if k < 1:
        raise ValueError(f"recall_at takes k of at least 1, got {k!r}")
    ranks = ranks_of(scores, relevant)
    return float(np.mean(ranks <= k)) if ranks.size else float("nan")


def bootstrap_interval(
    values: Floats, *, confidence: float = 0.95, n_resamples: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """The percentile bootstrap interval of a mean (Efron and Tibshirani 1993, chapter 13).

    Args:
        values: Shape (n,), one number a query: a hit, a difference of two systems.
        confidence: Share of the resampled means that lie inside.
        n_resamples: How often n values are drawn with replacement.
        seed: Same seed, same interval.
    """
    if values.ndim != 1 or not values.size:
        raise ValueError(f"bootstrap_interval takes values of shape (n,) with n of at least 1, got {values.shape}")
    if not 0 < confidence < 1:
        raise ValueError(f"bootstrap_interval takes a confidence between 0 and 1, got {confidence!r}")
    chance = np.random.default_rng(seed)
    picks = chance.integers(0, values.size, size=(n_resamples, values.size))
    means = values[picks].mean(axis=1)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)
