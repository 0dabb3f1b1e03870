"""How much happens in each row of a picture: what tells a gap between two things from the things. Pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_STRIP_VALUES = 2**20
"""Values looked at at once: 4 MiB as float32, however large the picture is, however large the picture is."""


def row_activity(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Of each row, the deviation of its levels and the mean step between neighbours; 0 where all is one colour.

    The deviation alone finds empty rows. The steps tell text beside a dark column from nothing beside one, since
    a line of text has many edges and a column has one or two.

    Args:
        pixels: uint8 of shape (rows, columns, 3), in any memory layout: a transposed view asks for columns.

    Returns:
        float32 of shape (rows,), in levels of 255; the channel in which most happens counts.
    """
    n_rows, n_columns = pixels.shape[:2]
    step = max(1, _STRIP_VALUES // (3 * n_columns))
    return np.concatenate([_strip_activity(pixels[row : row + step]) for row in range(0, n_rows, step)])


def _strip_activity(strip: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    channels = np.ascontiguousarray(strip.transpose(0, 2, 1), np.float32)  # (rows, 3, columns)
    steps = np.abs(np.diff(channels, axis=2)).sum(axis=2) / channels.shape[2]
    most: npt.NDArray[np.float32] = (channels.std(axis=2) + steps).max(axis=1)
    return most
