"""The items that recorded values are about. Changing one means recording anew (tests/reference/record.py)."""

from __future__ import annotations

from typing import Any

from tests.running import picture, sound

TEXTS = ["a red circle", "Two CATS, and a dog!", "", "the page of the photo " * 12, "naïve café"]
PICTURES = [picture(*size) for size in [(1, 1), (20, 700), (31, 37), (97, 89), (120, 160)]]
SOUNDS = [sound(n_samples, seed) for seed, n_samples in enumerate([8000, 7999, 3000, 100, 1, 4001])]
PAIRS = [("a red circle", "the red circle is on the left"), ("", "a dog"), ("is the dog big?", "the big dog " * 60)]
SIDES: list[tuple[list[Any], list[Any]]] = [
    (["a red circle"], [PICTURES[2]]),
    (["Two CATS, and a dog!"], [PICTURES[1]]),
    ([PICTURES[3]], ["a dog on the left"]),
    ([PICTURES[0]], [PICTURES[4]]),
    (["a dog"], ["the big dog " * 30]),
    (["a red circle"], [PICTURES[2], "its caption"]),
    (["like this", PICTURES[4]], ["a note", PICTURES[3], PICTURES[1]]),
]
"""Queries and documents of every form, parts in reading order."""
