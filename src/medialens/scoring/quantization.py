"""Vectors in fewer bits: int8, uint8, and one bit a dimension.

A vector's bits never depend on what else is in the call. Sentence Transformers calibrates int8 and uint8 on the
minimum and maximum of *the vectors of this call*: the same text gets other bytes in another batch, a single vector
cannot be quantised at all, and queries and documents, encoded in separate calls, land on different scales, so that
comparing them compares the calibrations. Here the scale is the vector's own,

    int8[i]  = round(127 * v[i] / max(|v|))             in -127..127
    uint8[i] = int8[i] + 128                            in 1..255; 128 is zero

which keeps the direction, and so the cosine, to about 0.1 %; the length is not kept. Where the bytes must be those of
Sentence Transformers' `quantize_embeddings`, hand in the calibration `ranges` that it takes, measured once on a sample
of documents and stored with the index.

The one-bit forms are bit for bit those of `quantize_embeddings`: bit i is 1 where v[i] > 0, eight to a byte, the
first dimension in the highest bit; ``ubinary`` is that byte, ``binary`` the byte minus 128 as int8.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from medialens.errors import InputError
from medialens.outputs import Precision

PRECISIONS: tuple[Precision, ...] = ("float32", "int8", "uint8", "binary", "ubinary")

_OFFSET = 128


def quantize(
    vectors: npt.NDArray[np.float32], precision: Precision, *, ranges: npt.ArrayLike | None = None
) -> npt.NDArray[Any]:
    """`vectors` in that precision; see the module's text for the formulas.

    Args:
        vectors: float32 of shape (..., dim). NaN rows, those of failed items, become 0.
        precision: ``float32``, ``int8``, ``uint8``, ``binary`` or ``ubinary``.
        ranges: Shape (2, dim), smallest and largest value of each dimension, for int8 and uint8 with
            Sentence Transformers' formula: floor((v - smallest) / ((largest - smallest) / 255)), clipped to 0..255.

    Returns:
        Shape (..., dim), or (..., ceil(dim / 8)) for the one-bit forms.

    Raises:
        InputError: An unknown precision, or `ranges` that do not fit.
    """
    if precision not in PRECISIONS:
        msg = f"precision {precision!r} is not one of {', '.join(PRECISIONS)}"
        raise InputError(msg, value=precision)
    if precision == "float32":
        return vectors
    finite = np.nan_to_num(vectors, nan=0.0)
    if precision in ("binary", "ubinary"):
        coded = _pack(finite, signed=precision == "binary")
    else:
        levels = _own_levels(finite) if ranges is None else _calibrated_levels(finite, ranges)
        coded = (levels - _OFFSET).astype(np.int8) if precision == "int8" else levels.astype(np.uint8)
    coded[np.isnan(vectors).any(axis=-1)] = 0
    return coded


def dequantize(vectors: npt.ArrayLike, precision: Precision, *, ranges: npt.ArrayLike | None = None) -> Any:
    """float32 vectors to compare, of the direction that the quantised ones stand for.

    The one-bit forms become -1 and 1 per dimension, so that their cosine is 1 - 2 * hamming distance / dim, with dim
    rounded up to a multiple of 8.
    """
    coded = np.asarray(vectors)
    if precision in ("binary", "ubinary"):
        packed = (coded.astype(np.int16) + _OFFSET).astype(np.uint8) if precision == "binary" else coded
        return np.unpackbits(packed.astype(np.uint8), axis=-1).astype(np.float32) * 2 - 1
    if precision == "float32":
        return coded.astype(np.float32)
    centred = coded.astype(np.float32) - (_OFFSET if precision == "uint8" else 0)
    if ranges is None:
        return centred
    smallest, step = _steps(ranges, coded.shape[-1])
    return ((centred + _OFFSET) * step + smallest).astype(np.float32)


def _own_levels(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    largest = np.abs(vectors).max(axis=-1, keepdims=True, initial=0.0)
    # Divided first: 127 / max|v| would overflow where the largest component is next to nothing.
    levels: npt.NDArray[np.float32] = np.rint(vectors / np.where(largest > 0, largest, 1) * 127) + _OFFSET
    return levels


def _calibrated_levels(vectors: npt.NDArray[np.float32], ranges: npt.ArrayLike) -> npt.NDArray[np.float32]:
    smallest, step = _steps(ranges, vectors.shape[-1])
    levels: npt.NDArray[np.float32] = np.clip(np.floor((vectors - smallest) / step), 0, 255)
    return levels


def _steps(ranges: npt.ArrayLike, dimension: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    bounds = np.asarray(ranges, dtype=np.float32)
    if bounds.shape != (2, dimension):
        msg = f"ranges must have shape (2, {dimension}), smallest and largest of each dimension, got {bounds.shape}"
        raise InputError(msg, shape=bounds.shape)
    step = (bounds[1] - bounds[0]) / 255
    return bounds[0], np.where(step == 0, np.float32(1), step)


def _pack(vectors: npt.NDArray[np.float32], *, signed: bool) -> npt.NDArray[Any]:
    packed = np.packbits(vectors > 0, axis=-1)
    return (packed.astype(np.int16) - _OFFSET).astype(np.int8) if signed else packed
