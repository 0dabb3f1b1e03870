"""What the measurement of an embedder found, in tables and in sentences that take their numbers from the tables."""

from __future__ import annotations

import dataclasses

from medialens.training.calibration import CANDIDATES_A_MATCH
from medialens.training.measuring.reliability import Reliability, reliability_to_markdown
from medialens.training.measuring.table import Row, to_markdown
from medialens.training.measuring.variants import Variant, variants_to_markdown

_N_WEAKEST = 3
_WEAK = 0.95


@dataclasses.dataclass(frozen=True, kw_only=True)
class EmbedderReport:
    """Everything that was measured.

    Attributes:
        headline: The lines that a model is judged by.
        others: Further lines.
        kinds: Pictures of one kind among themselves.
        variants: Smaller forms beside the full one.
        reliability: Of the probabilities that it shows as a reranker, for queries as people type them.
        reliability_of_whole: The same for queries that tell everything.
    """

    headline: tuple[Row, ...]
    others: tuple[Row, ...]
    kinds: tuple[Row, ...]
    variants: tuple[Variant, ...]
    reliability: Reliability
    reliability_of_whole: Reliability

    @property
    def short(self) -> str:
        """The headline's table."""
        return to_markdown(self.headline)

    @property
    def whole(self) -> str:
        """All tables, each with a line that says what it is."""
        calibration = (
            f"Scores shown as probabilities, with one match among {CANDIDATES_A_MATCH} candidates. Over all pairs they "
            f"are off by {self.reliability.expected_error:.3f} (expected calibration error) where queries tell all or "
            f"part of what is to be seen, as in this table, and by {self.reliability_of_whole.expected_error:.3f} "
            "where they tell everything:"
        )
        parts = (
            "Over drawn pictures and clips whose combinations of facts training never saw:",
            to_markdown(self.headline),
            "Further, and with pictures of a single kind, which then compete with each other:",
            to_markdown((*self.others, *self.kinds)),
            self.weakest,
            "Smaller forms of the same model, text to image:",
            variants_to_markdown(self.variants),
            calibration,
            reliability_to_markdown(self.reliability),
        )
        return "\n\n".join(part.strip() for part in parts) + "\n"

    @property
    def weakest(self) -> str:
        """A sentence on the kinds whose pictures are mixed up most: the weakest, and up to two more that are weak."""
        first, *more = sorted(self.kinds, key=lambda row: row.recall_at_1)[:_N_WEAKEST]
        rows = [first, *(row for row in more if row.recall_at_1 < _WEAK)]
        named = ", ".join(f"{_plural(row)} ({row.recall_at_1:.2f})" for row in rows)
        return f"Most often mixed up among themselves: {named}."

    def find(self, what: str, n_candidates: int | None = None) -> Row:
        """The line of that name, and with so many candidates if that is said.

        Raises:
            KeyError: There is none.
        """
        for row in (*self.headline, *self.others, *self.kinds):
            if row.what == what and n_candidates in {None, row.n_candidates}:
                return row
        raise KeyError(what)


def _plural(row: Row) -> str:
    return row.what.removeprefix("among ").removesuffix(" only")
