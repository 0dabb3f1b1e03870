"""Several rankings of the same things into one, by rank alone: their scores need not be comparable."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import TypeVar

from medialens.errors import InputError

T = TypeVar("T", bound=Hashable)

RRF_K = 60.0
"""Cormack et al. found 60 near the best in a pilot study, and little changed by it."""


def fuse_ranks(
    rankings: Sequence[Sequence[T]], *, k: float = RRF_K, weights: Sequence[float] | None = None
) -> list[tuple[T, float]]:
    """Reciprocal rank fusion: things and their scores, best first.

    The score of a thing is the sum, over the rankings that have it, of ``weight / (k + rank)``, ranks from 1. What is
    equally good keeps the order in which it is met, first ranking first.

    Source: Cormack, Clarke and Buettcher, Reciprocal Rank Fusion outperforms Condorcet and individual rank learning
    methods, SIGIR 2009.

    Args:
        rankings: Each best first, with no thing twice; a ranking need not have all things.
        k: The larger, the less the first ranks stand out.
        weights: One a ranking; None weighs all the same, by 1.

    Raises:
        InputError: A ranking has a thing twice, or `k` or a weight is negative or no number.
    """
    shares = [1.0] * len(rankings) if weights is None else list(weights)
    if len(shares) != len(rankings):
        msg = f"{len(rankings)} rankings need as many weights, got {len(shares)}"
        raise InputError(msg, weights=weights)
    for value in (k, *shares):
        if not 0 <= value < math.inf:
            msg = f"k={k!r} and weights={shares!r} must be numbers of at least 0"
            raise InputError(msg, k=k, weights=weights)
    addends: dict[T, list[float]] = {}
    for ranking, share in zip(rankings, shares, strict=True):
        if len(set(ranking)) < len(ranking):
            msg = f"a ranking has something twice: {list(ranking)!r:.200}"
            raise InputError(msg, ranking=ranking)
        for rank, thing in enumerate(ranking, start=1):
            addends.setdefault(thing, []).append(share / (k + rank))
    # fsum, because the order of a plain sum would decide between things that are equally good.
    scores = {thing: math.fsum(parts) for thing, parts in addends.items()}
    return sorted(scores.items(), key=lambda scored: -scored[1])
