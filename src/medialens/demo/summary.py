"""What the searches came to: the counts, in numbers and in sentences."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from medialens.demo.gathering import Gathering
from medialens.demo.searching import N_CANDIDATES, Finding, Models

EXPLANATION = (
    f"Retrieved: the files whose vectors are nearest to the question's. Reranked: the {N_CANDIDATES} nearest, in the "
    "order of the scores that the reranker gives them. A green frame marks the file that was asked for."
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Count:
    """Questions whose answer is known.

    Attributes:
        n_known: How many there are.
        n_retrieved: Those where both frameworks retrieved the right file first.
        n_right: Those where it is first after reranking, in both frameworks.
    """

    n_known: int
    n_retrieved: int
    n_right: int

    def __str__(self) -> str:
        return f"the right file first for {self.n_right} of {self.n_known}; before reranking, for {self.n_retrieved}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Summary:
    """What there is to say of a sheet.

    Attributes:
        model, reranker: Their names.
        n_pictures, n_clips, n_own: Files in the index, and how many of them are the user's own.
        typed, shown: Of questions in words, and of those asked with a picture or clip.
        n_questions, n_agree: All questions, and those where both frameworks give the same order.
        skipped: Files that could not be read, with the reason.
    """

    model: str
    reranker: str
    n_pictures: int
    n_clips: int
    n_own: int
    typed: Count
    shown: Count
    n_questions: int
    n_agree: int
    skipped: Mapping[Path, str]

    @property
    def lines(self) -> list[str]:
        """For the terminal and the top of the sheet."""
        files = f"{self.n_pictures} pictures" + (f" and {self.n_clips} clips" if self.n_clips else "")
        own = f", {self.n_own} of them your own," if self.n_own else ""
        lines = [
            f"{files}{own} indexed by LangChain and by LlamaIndex. Model {self.model!r}, reranker {self.reranker!r}.",
            f"Questions in words: {self.typed}.",
            f"Questions asked with a picture or clip: {self.shown}.",
            f"The frameworks give the same order for {self.n_agree} of {self.n_questions} questions.",
        ]
        if self.reranker == self.model:
            lines.append("The reranker is the same model, scoring by the same vectors: the order stays as it is.")
        if self.skipped:
            lines.append(f"Skipped {len(self.skipped)} files that could not be read.")
        return lines


def summarise(findings: Sequence[Finding], *, models: Models, found: Gathering, n_own: int) -> Summary:
    """Counts what the searches found."""
    known = [finding for finding in findings if finding.question.answer]
    return Summary(
        model=models.embedder,
        reranker=models.reranker,
        n_pictures=len(found.media) - len(found.clips),
        n_clips=len(found.clips),
        n_own=n_own,
        typed=_count([finding for finding in known if not finding.question.example]),
        shown=_count([finding for finding in known if finding.question.example]),
        n_questions=len(findings),
        n_agree=sum(finding.agree for finding in findings),
        skipped=found.skipped,
    )


def _count(known: Sequence[Finding]) -> Count:
    return Count(
        n_known=len(known),
        n_retrieved=sum(finding.retrieved_right for finding in known),
        n_right=sum(finding.right for finding in known),
    )
