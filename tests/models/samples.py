"""The items that recorded values are about. Changing one means recording anew (tests/reference/record.py)."""

from __future__ import annotations

from tests.running import picture

TEXTS = ["a red circle", "Two CATS, and a dog!", "", "the page of the photo " * 12, "naïve café"]
PICTURES = [picture(*size) for size in [(1, 1), (20, 700), (31, 37), (97, 89), (120, 160)]]
PAIRS = [("a red circle", "the red circle is on the left"), ("", "a dog"), ("is the dog big?", "the big dog " * 60)]
