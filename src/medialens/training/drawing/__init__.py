"""Drawn pictures with facts and captions: the embedded models learn from them, the demo and the tests show them.

Stage: part of training. Takes a seed, gives pictures (Pillow), facts and captions; knows nothing of models.
The same seed gives the same pictures and words on every machine with the same Pillow.

To add a kind of picture: a module with its `KINDS`, and a line in `catalogue.py`.
"""

from medialens.training.drawing.catalogue import (
    KINDS,
    describe,
    draw,
    film,
    invent,
    invent_rival,
    n_differences,
    rearrange,
    truths,
)
from medialens.training.drawing.clips import Film, on_sheet
from medialens.training.drawing.scene import Kind, Scene

__all__ = [
    "KINDS", "Film", "Kind", "Scene", "describe", "draw", "film", "invent", "invent_rival", "n_differences", "on_sheet",
    "rearrange",
    "truths",
]  # fmt: skip
