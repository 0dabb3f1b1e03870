"""What the measurement of a reranker found, in tables and in sentences that take their numbers from the tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from medialens.training.calibration import CANDIDATES_A_MATCH
from medialens.training.measuring.reliability import Reliability, reliability_to_markdown
from medialens.training.measuring.table import Row, markdown_table


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lift:
    """The same queries before and after reranking.

    Attributes:
        before, after: Recall among the candidates.
        gain: Difference of the two recalls at 1.
        interval: Of the gain, 95 %, by bootstrap over the queries.
    """

    before: Row
    after: Row
    gain: float
    interval: tuple[float, float]


@dataclasses.dataclass(frozen=True, kw_only=True)
class RerankerReport:
    """Everything that was measured.

    Attributes:
        embedder: Whose candidates were reranked.
        whole_gallery: The number that the reranker is judged by.
        kinds: The same, by the kind of scene.
        others: Other galleries, and other forms of query and document.
        reliability: Of the probabilities, for queries as people type them.
        reliability_of_whole: The same for queries that tell everything.
    """

    embedder: str
    whole_gallery: Lift
    kinds: tuple[Lift, ...]
    others: tuple[Lift, ...]
    reliability: Reliability
    reliability_of_whole: Reliability

    @property
    def short(self) -> str:
        """The headline's table: among near-duplicates, and among scenes at random."""
        return lifts_to_markdown([self.whole_gallery, self.others[0]])

    @property
    def whole(self) -> str:
        """All tables, each with a line that says what it is."""
        candidates = (
            f"Recall@1 of the {CANDIDATES_A_MATCH} candidates that `{self.embedder}` finds, before and after "
            "reranking; what is asked for was kept from training and has near-duplicates, which may have been seen:"
        )
        calibration = (
            f"Scores shown as probabilities, with one match among {CANDIDATES_A_MATCH} candidates. Over all pairs they "
            f"are off by {self.reliability.expected_error:.3f} (expected calibration error) where queries tell all or "
            f"part of what is to be seen, as in this table, and by {self.reliability_of_whole.expected_error:.3f} "
            "where they tell everything:"
        )
        parts = (
            candidates,
            lifts_to_markdown([self.whole_gallery, *self.others]),
            "The first line by kind of scene:",
            lifts_to_markdown(self.kinds),
            calibration,
            reliability_to_markdown(self.reliability),
        )
        return "\n\n".join(part.strip() for part in parts) + "\n"


def lifts_to_markdown(lifts: Sequence[Lift]) -> str:
    """A line for each."""
    return markdown_table(
        ("task", "queries", "before", "after", "gain", "95 % interval"),
        [
            (
                one.before.what, f"{one.before.n_queries}", f"{one.before.recall_at_1:.3f}",
                f"{one.after.recall_at_1:.3f}", f"{one.gain:+.3f}",
                f"{one.interval[0]:+.3f} to {one.interval[1]:+.3f}",
            )
            for one in lifts
        ],
    )  # fmt: skip
