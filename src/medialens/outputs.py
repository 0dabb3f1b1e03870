"""What comes back: vectors, scores, rankings, and the errors of single items.

Stage: the last before the adapters. Plain values; arrays are numpy, in float32 unless said.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from medialens.errors import MedialensError

ErrorPolicy: TypeAlias = Literal["raise", "return"]
Precision: TypeAlias = Literal["float32", "int8", "uint8", "binary", "ubinary"]
ScoreKind: TypeAlias = Literal["logit", "probability", "cosine", "maxsim"]
Notes: TypeAlias = "Mapping[int, tuple[str, ...]]"
Similarity: TypeAlias = Literal["cosine", "dot", "euclidean", "manhattan"]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class EncodeResult:
    """Vectors aligned with the input, and what went wrong.

    Attributes:
        vectors: Shape (n, dim); the rows of failed items are NaN (0 in integer precisions).
        errors: Position of each failed item, with its error.
        notes: What is to be known of single items, by position: a picture that was made smaller than the model asks
            for. Said when an item is computed, not when its vector comes from a cache.
    """

    vectors: npt.NDArray[np.generic]
    errors: Mapping[int, MedialensError]
    notes: Notes = dataclasses.field(default_factory=dict)

    def __repr__(self) -> str:
        return f"EncodeResult(vectors={self.vectors.shape} {self.vectors.dtype}, errors={dict(self.errors)!r})"


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ScoreResult:
    """Scores aligned with the pairs (n,), NaN where one failed; the errors and the notes by position."""

    scores: npt.NDArray[np.float64]
    errors: Mapping[int, MedialensError]
    notes: Notes = dataclasses.field(default_factory=dict)

    def __repr__(self) -> str:
        return f"ScoreResult(scores={self.scores.shape}, errors={dict(self.errors)!r})"


@dataclasses.dataclass(frozen=True)
class Ranked:
    """One document of a ranking: its position in the list that was ranked, and its score."""

    index: int
    score: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class RankResult:
    """A ranking, best first, without the documents that failed; those are in `errors` by position, notes likewise."""

    ranked: tuple[Ranked, ...]
    errors: Mapping[int, MedialensError]
    notes: Notes = dataclasses.field(default_factory=dict)
