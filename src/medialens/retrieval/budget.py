"""How much a chat model is handed: a few media, so many pixels, so many bytes. Pure, but for one meter.

best first:  [1] 0.9 MP   [2] 1.1 MP   [3] 7 MP   [4] 0.2 MP        max_pixels = 3 MP
              taken        taken        left out   taken             what does not fit is said, and the next is tried
"""

from __future__ import annotations

import dataclasses

from medialens.errors import InputError, MedialensError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Budget:
    """What all media of one answer may come to; None is without end.

    Attributes:
        max_items: Pictures, frames, sounds and clips together.
        max_pixels: Width times height, of all pictures and frames together.
        max_bytes: As they are sent, in base64, which is four thirds of the file.
    """

    max_items: int | None = 20
    max_pixels: int | None = None
    max_bytes: int | None = 20 * 1024**2

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is not None and value < 0:
                msg = f"Budget({field.name}={value!r}) must be at least 0, or None for no limit"
                raise InputError(msg, value=value)


@dataclasses.dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A medium that the chat model is not handed.

    Attributes:
        position: Of its document, from 0.
        modality: "image", "audio" or "video".
        medium: Its reference, or what it is where it has none.
        why: In words, which a chat model may read as well.
        error: What happened, where it could not be read.
    """

    position: int
    modality: str
    medium: str
    why: str
    error: MedialensError | None = None


class Meter:
    """What is left of a budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._spent = {"max_items": 0, "max_pixels": 0, "max_bytes": 0}

    @property
    def n_items_left(self) -> int | None:
        """How many media may still come; None is without end."""
        most = self._budget.max_items
        return None if most is None else most - self._spent["max_items"]

    def has_room(self, n_bytes: int) -> bool:
        """Whether a file of so many bytes, before they are written in base64, still fits."""
        most = self._budget.max_bytes
        return most is None or self._spent["max_bytes"] + base64_length(n_bytes) <= most

    def spend(self, *, n_items: int = 1, n_pixels: int = 0, n_bytes: int = 0) -> str:
        """Take so much out of the budget: "" where that could be done, otherwise why not, and nothing is taken.

        Args:
            n_items: Media.
            n_pixels: Width times height of all of them.
            n_bytes: Of the files, before they are written in base64.
        """
        wanted = {"max_items": n_items, "max_pixels": n_pixels, "max_bytes": base64_length(n_bytes)}
        for name, amount in wanted.items():
            most = getattr(self._budget, name)
            if most is not None and self._spent[name] + amount > most:
                return f"{name}={most}, of which {self._spent[name]} used; it needs {amount}"
        for name, amount in wanted.items():
            self._spent[name] += amount
        return ""


def base64_length(n_bytes: int) -> int:
    """How long so many bytes are in base64."""
    return -(-n_bytes // 3) * 4
