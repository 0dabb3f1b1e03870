"""Rows of recall, and the Markdown table that is made of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from medialens.scoring.metrics import Floats, bootstrap_interval, ranks_of


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table: recall at 1 with its 95 % bootstrap interval, and recall at 5."""

    what: str
    n_candidates: int
    recall_at_1: float
    interval: tuple[float, float]
    recall_at_5: float


def recall_row(what: str, queries: Floats, documents: Floats) -> Row:
    """Recall of query i finding document i by cosine.

    Args:
        what: Name of the line.
        queries: Shape (n, dim).
        documents: Shape (n, dim).
    """
    scores = _unit(queries) @ _unit(documents).T
    ranks = ranks_of(scores, np.arange(len(queries)))
    hits = (ranks == 1).astype(np.float64)
    return Row(
        what=what,
        n_candidates=len(documents),
        recall_at_1=float(hits.mean()),
        interval=bootstrap_interval(hits),
        recall_at_5=float((ranks <= 5).mean()),  # noqa: PLR2004  # recall at 5
    )


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def to_markdown(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| task | candidates | recall@1 | 95 % interval | recall@5 |", "|---|---:|---:|---|---:|"]
    lines += [
        f"| {row.what} | {row.n_candidates} | {row.recall_at_1:.3f} | {row.interval[0]:.3f} to {row.interval[1]:.3f} "
        f"| {row.recall_at_5:.3f} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"
