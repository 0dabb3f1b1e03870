"""How alike vectors are: every row of one matrix against every row of another, in float32.

The four measures and their signs (larger is more alike) are those of Sentence Transformers' `SimilarityFunction`:
cosine, dot, and the *negative* euclidean and manhattan distances.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from medialens.errors import InputError
from medialens.outputs import Similarity

Vectors = npt.NDArray[np.float32]

_SMALLEST_NORM = np.float32(1e-12)  # torch.nn.functional.normalize's eps: a zero vector stays zero


def similarity(a: npt.ArrayLike, b: npt.ArrayLike, *, kind: Similarity = "cosine") -> Vectors:
    """The likeness of each row of `a` with each row of `b`.

    Args:
        a: Shape (n, dim), or (dim,) for a single vector.
        b: Shape (m, dim), or (dim,).
        kind: ``cosine``, ``dot``, ``euclidean`` (negative distance) or ``manhattan`` (negative distance).

    Returns:
        float32 of shape (n, m). Rows that are NaN, because their item failed, give NaN.

    Raises:
        InputError: The shapes do not go together, or `kind` is unknown.
    """
    if kind not in _MEASURES:
        msg = f"similarity kind {kind!r} is not one of {', '.join(_MEASURES)}"
        raise InputError(msg, value=kind)
    left, right = as_rows(a), as_rows(b)
    if left.shape[1] != right.shape[1]:
        msg = f"vectors of {left.shape[1]} and of {right.shape[1]} dimensions cannot be compared"
        raise InputError(msg, shapes=(left.shape, right.shape))
    return _MEASURES[kind](left, right)


def normalize(vectors: Vectors) -> Vectors:
    """Rows scaled to unit length in float32; a zero row stays zero."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Vectors = vectors / np.maximum(norms, _SMALLEST_NORM)
    return scaled


def truncate(vectors: Vectors, dimension: int | None, *, renormalize: bool) -> Vectors:
    """The first `dimension` components of each row, at unit length again if `renormalize`.

    For models trained so that leading components suffice (Kusupati et al., Matryoshka Representation Learning,
    2022). Sentence Transformers leaves the shortened vectors shorter than 1, which inner-product stores then score
    wrongly; here they are unit vectors wherever the full ones were compared by cosine.
    """
    if dimension is None or dimension >= vectors.shape[-1]:
        return vectors
    cut = vectors[..., :dimension]
    return normalize(cut) if renormalize else np.ascontiguousarray(cut)


def as_rows(vectors: npt.ArrayLike) -> Vectors:
    """float32 of shape (n, dim); a single vector becomes one row."""
    rows = np.asarray(vectors, dtype=np.float32)
    if rows.ndim == 1:
        rows = rows[None]
    if rows.ndim != 2:  # noqa: PLR2004  # a matrix
        msg = f"expected vectors of shape (n, dim) or (dim,), got {rows.shape}"
        raise InputError(msg, shapes=(rows.shape,))
    return rows


def _cosine(a: Vectors, b: Vectors) -> Vectors:
    return _dot(normalize(a), normalize(b))


def _dot(a: Vectors, b: Vectors) -> Vectors:
    product: Vectors = a @ b.T
    return product


def _euclidean(a: Vectors, b: Vectors) -> Vectors:
    # |a-b|^2 = |a|^2 + |b|^2 - 2ab cancels badly in float32 when a is close to b; float64 keeps all digits of the
    # float32 answer without an (n, m, dim) array of differences.
    wide_a, wide_b = a.astype(np.float64), b.astype(np.float64)
    squares = (wide_a**2).sum(1)[:, None] + (wide_b**2).sum(1)[None] - 2 * (wide_a @ wide_b.T)
    distances: Vectors = np.sqrt(np.maximum(squares, 0)).astype(np.float32)
    return -distances


def _manhattan(a: Vectors, b: Vectors) -> Vectors:
    distances = np.empty((len(a), len(b)), dtype=np.float32)
    for row, vector in enumerate(a):
        distances[row] = np.abs(b - vector).sum(axis=1)
    return -distances


_MEASURES: dict[str, Callable[[Vectors, Vectors], Vectors]] = {
    "cosine": _cosine,
    "dot": _dot,
    "euclidean": _euclidean,
    "manhattan": _manhattan,
}
