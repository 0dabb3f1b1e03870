"""What a search found: a piece of a medium and how well it fits."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Hashable

from medialens.errors import InputError
from medialens.media.reference import MediaReference


@dataclasses.dataclass(frozen=True, kw_only=True)
class Hit:
    """One piece of a medium that was found.

    Attributes:
        reference: Which medium, and which page, window or box of it.
        score: How well it fits; greater is better, whatever the scale.
        text: What is known of it in words, "" for nothing.
        source: The path or URL that it came from, "" where that is not known.
        thumbnail: A small picture of it, in the same store.
        key: What the caller knows it by, such as the position or the id of a document.
    """

    reference: MediaReference
    score: float
    text: str = ""
    source: str = ""
    thumbnail: MediaReference | None = None
    key: Hashable = None

    def __post_init__(self) -> None:
        if math.isnan(self.score):
            msg = f"the score of {self.reference} is not a number; only numbers can be put in order"
            raise InputError(msg, value=self.score)

    @property
    def parent(self) -> MediaReference:
        """The whole medium that it is a piece of."""
        return self.reference.whole()
