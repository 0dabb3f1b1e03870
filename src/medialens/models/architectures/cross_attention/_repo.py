"""What a cross-attention reranker's ``config.json`` says."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

MODEL_TYPE = "medialens-cross-attention"

_LARGEST = {"width": 8192, "layers": 64, "heads": 128, "inner_width": 32768, "vector_width": 32768}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fusion:
    """What joins the towers.

    Attributes:
        width, layers, heads, inner_width: Of its transformer layers.
        vector_width: Length of the vectors whose cosine the score begins with.
        cells: Rows and columns in which a picture is looked at: those of the finest feature map.
    """

    width: int
    layers: int
    heads: int
    inner_width: int
    vector_width: int
    cells: tuple[int, int]

    def as_settings(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {**dataclasses.asdict(self), "cells": list(self.cells)}


def read_fusion(config: Mapping[str, Any]) -> Fusion:
    """The ``fusion`` of a config.

    Raises:
        ValueError: It is missing, or a number of it is none that a network can have.
    """
    said = config.get("fusion")
    names = [field.name for field in dataclasses.fields(Fusion)]
    if not isinstance(said, Mapping) or sorted(said) != sorted(names):
        msg = f"fusion is {said!r:.200}, expected an object with {', '.join(names)}"
        raise ValueError(msg)
    for name, largest in _LARGEST.items():
        if type(said[name]) is not int or not 1 <= said[name] <= largest:
            msg = f"fusion has {name}={said[name]!r}, expected a whole number of 1..{largest}"
            raise ValueError(msg)
    if said["width"] % said["heads"]:
        msg = f"fusion has width={said['width']}, which {said['heads']} heads cannot share"
        raise ValueError(msg)
    cells = said["cells"]
    right = isinstance(cells, list) and len(cells) == 2  # noqa: PLR2004  # rows and columns
    if not right or not all(type(one) is int and 1 <= one <= 256 for one in cells):  # noqa: PLR2004  # far beyond use
        msg = f"fusion has cells={cells!r}, expected [rows, columns] of 1..256"
        raise ValueError(msg)
    return Fusion(**{**said, "cells": tuple(cells)})
