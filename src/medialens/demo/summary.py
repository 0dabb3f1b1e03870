"""What the searches came to: the counts, in numbers and in sentences."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from medialens.demo.searching import SHORT_DIM, Finding

EXPLANATION = (
    f"Retrieved: from an index of short vectors, {SHORT_DIM} numbers each. Reranked: the same candidates, scored with "
    "whole vectors. A green frame marks the picture that was asked for."
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Summary:
    """Counts over all questions whose answer is known.

    Attributes:
        n_pictures: Pictures in the index, and how many of them are the user's own.
        n_known, n_retrieved, n_right: Questions with a known answer; those where the right picture was retrieved
            first, and those where it is first after reranking, in both frameworks.
        n_questions, n_agree: All questions, and those where both frameworks give the same order.
        skipped: Files that could not be read, with the reason.
    """

    model: str
    n_pictures: int
    n_own: int
    n_known: int
    n_retrieved: int
    n_right: int
    n_questions: int
    n_agree: int
    skipped: Mapping[Path, str]

    @property
    def lines(self) -> list[str]:
        """For the terminal and the top of the sheet."""
        own = f", {self.n_own} of them your own" if self.n_own else ""
        lines = [
            f"Model {self.model!r}; {self.n_pictures} pictures{own}, indexed by LangChain and by LlamaIndex.",
            f"Right picture first: {self.n_right} of {self.n_known} questions; before reranking, {self.n_retrieved}.",
            f"The frameworks give the same order for {self.n_agree} of {self.n_questions} questions.",
        ]
        if self.skipped:
            lines.append(f"Skipped {len(self.skipped)} files that could not be read.")
        return lines


def summarise(
    findings: Sequence[Finding], *, model: str, n_pictures: int, n_own: int, skipped: Mapping[Path, str]
) -> Summary:
    """Counts what the searches found."""
    known = [finding for finding in findings if finding.question.answer]
    return Summary(
        model=model,
        n_pictures=n_pictures,
        n_own=n_own,
        n_known=len(known),
        n_retrieved=sum(finding.retrieved_right for finding in known),
        n_right=sum(finding.right for finding in known),
        n_questions=len(findings),
        n_agree=sum(finding.agree for finding in findings),
        skipped=skipped,
    )
