"""Rows of recall, and the Markdown tables that are made of rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from medialens.scoring.metrics import Floats, Integers, bootstrap_interval, ranks_of
from medialens.scoring.similarity import normalize


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table: recall at 1 with its 95 % bootstrap interval, and recall at 5.

    Attributes:
        what: Name of the line.
        n_candidates: Among which each query looks.
        n_queries: How many there are.
        recall_at_1: Share of queries whose document comes first.
        interval: Of `recall_at_1`.
        recall_at_5: Share of queries whose document is among the first five; None where there are no more than five.
    """

    what: str
    n_candidates: int
    n_queries: int
    recall_at_1: float
    interval: tuple[float, float]
    recall_at_5: float | None


def recall_row(what: str, queries: Floats, documents: Floats) -> Row:
    """Recall of query i finding document i by cosine.

    Args:
        what: Name of the line.
        queries: Shape (n, dim).
        documents: Shape (n, dim).
    """
    scores = normalize(np.asarray(queries, np.float32)) @ normalize(np.asarray(documents, np.float32)).T
    return row_of_ranks(what, ranks_of(scores, np.arange(len(queries))), len(documents))


def row_of_ranks(what: str, ranks: Integers, n_candidates: int) -> Row:
    """The line of queries that gave their documents these ranks, from 1, among `n_candidates` each."""
    hits = (ranks == 1).astype(np.float64)
    return Row(
        what=what,
        n_candidates=n_candidates,
        n_queries=len(ranks),
        recall_at_1=float(hits.mean()),
        interval=bootstrap_interval(hits),
        recall_at_5=float((ranks <= 5).mean()) if n_candidates > 5 else None,  # noqa: PLR2004  # recall at 5
    )


def to_markdown(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    return markdown_table(
        ("task", "candidates", "queries", "recall@1", "95 % interval", "recall@5"),
        [
            (
                row.what, f"{row.n_candidates}", f"{row.n_queries}", f"{row.recall_at_1:.3f}",
                f"{row.interval[0]:.3f} to {row.interval[1]:.3f}",
                "" if row.recall_at_5 is None else f"{row.recall_at_5:.3f}",
            )
            for row in rows
        ],
    )  # fmt: skip


def markdown_table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table whose first column is text, and whose others are numbers."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, rule, *lines))
