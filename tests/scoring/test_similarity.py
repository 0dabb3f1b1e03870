from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from medialens.errors import InputError
from medialens.scoring.similarity import normalize, similarity, truncate

FLOATS = st.floats(-100, 100, width=32)


def matrices(n_rows: int) -> st.SearchStrategy[np.ndarray]:
    return hnp.arrays(np.float32, (n_rows, 7), elements=FLOATS)


# The definitions, as torch spells them; larger is more alike.
DEFINITIONS = {
    "cosine": lambda a, b: torch.nn.functional.normalize(a, dim=1) @ torch.nn.functional.normalize(b, dim=1).T,
    "dot": lambda a, b: a @ b.T,
    "euclidean": lambda a, b: -torch.cdist(a, b, p=2, compute_mode="donot_use_mm_for_euclid_dist"),
    "manhattan": lambda a, b: -torch.cdist(a, b, p=1),
}


@pytest.mark.parametrize("kind", DEFINITIONS)
@given(a=matrices(3), b=matrices(4))
def test_similarity_is_the_definition_in_float32(kind, a, b):
    expected = DEFINITIONS[kind](torch.from_numpy(a).double(), torch.from_numpy(b).double()).numpy()
    if kind == "cosine":  # torch's float64 normalize has the same eps; vectors below it are not directions
        small = np.minimum(np.linalg.norm(a, axis=1)[:, None], np.linalg.norm(b, axis=1)[None]) < 1e-3
        expected = np.where(small, np.nan, expected)
    actual = similarity(a, b, kind=kind)
    assert actual.dtype == np.float32
    keep = ~np.isnan(expected)
    np.testing.assert_allclose(actual[keep], expected[keep], rtol=1e-5, atol=2e-2 if kind == "dot" else 1e-3)


def test_close_vectors_keep_their_distance():
    a = np.full((1, 64), 100.0, dtype=np.float32)
    b = a + np.float32(2**-10)  # exact in float32
    assert similarity(a, b, kind="euclidean")[0, 0] == pytest.approx(-(2**-10) * 8, rel=1e-5)


def test_single_vectors_are_rows_of_one():
    assert similarity([1.0, 0.0], [[1.0, 0.0], [0.0, 1.0]]).tolist() == [[1.0, 0.0]]


def test_a_zero_vector_is_like_nothing():
    assert similarity([0.0, 0.0], [1.0, 0.0]).tolist() == [[0.0]]


def test_a_failed_row_stays_nan():
    assert np.isnan(similarity([[np.nan, np.nan]], [[1.0, 0.0]])).all()


def test_other_dimensions_are_refused():
    with pytest.raises(InputError, match="2 and of 3 dimensions"):
        similarity([[1.0, 2.0]], [[1.0, 2.0, 3.0]])


def test_unknown_kind_is_refused():
    with pytest.raises(InputError, match="'angular' is not one of cosine, dot, euclidean, manhattan"):
        similarity([1.0], [1.0], kind="angular")


@given(vectors=matrices(4), dimension=st.integers(1, 9))
def test_truncated_vectors_are_unit_vectors_of_the_same_direction(vectors, dimension):
    cut = truncate(normalize(vectors), dimension, renormalize=True)
    assert cut.shape == (4, min(dimension, 7))
    for whole, part in zip(normalize(vectors)[:, :dimension], cut, strict=True):
        length = np.linalg.norm(whole)
        if length > 1e-3:
            np.testing.assert_allclose(part, whole / length, atol=1e-5)


def test_truncation_without_renormalising_only_cuts():
    assert truncate(np.array([[3.0, 4.0]], np.float32), 1, renormalize=False).tolist() == [[3.0]]
