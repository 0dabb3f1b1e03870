from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from medialens.errors import InputError
from medialens.scoring.quantization import PRECISIONS, dequantize, quantize
from medialens.scoring.similarity import normalize, similarity

VECTORS = hnp.arrays(np.float32, (5, 24), elements=st.floats(-1, 1, width=32))


@pytest.mark.parametrize("precision", PRECISIONS)
@given(vectors=VECTORS)
def test_neighbours_do_not_matter(precision, vectors):
    together = quantize(vectors, precision)
    alone = np.stack([quantize(vector, precision) for vector in vectors])
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("precision", ["int8", "uint8"])
@given(vectors=VECTORS)
def test_eight_bits_keep_the_direction(precision, vectors):
    lengths = np.linalg.norm(vectors, axis=1)
    vectors = vectors[lengths > 1e-2]
    back = dequantize(quantize(vectors, precision), precision)
    if len(vectors):
        # An error of half a step of max|v|/127 in each of 24 dimensions, at most.
        largest = np.abs(vectors).max(axis=1) / np.linalg.norm(vectors, axis=1)
        bound = 0.5 * (largest * 0.5 / 127 * np.sqrt(24)) ** 2
        cosines = np.diag(similarity(vectors, back))
        assert (cosines >= 1 - bound - 1e-5).all()


def test_int8_by_hand():
    assert quantize(np.array([1.0, -0.5, 0.25, 0.0], np.float32), "int8").tolist() == [127, -64, 32, 0]
    assert quantize(np.array([1.0, -0.5, 0.25, 0.0], np.float32), "uint8").tolist() == [255, 64, 160, 128]


def test_bits_by_hand():
    vector = np.array([0.1, -0.1, 0.0, 2.0, -1.0, -1.0, -1.0, 1.0, 1.0], np.float32)
    assert quantize(vector, "ubinary").tolist() == [0b10010001, 0b10000000]
    assert quantize(vector, "binary").tolist() == [0b10010001 - 128, 0]


@given(vectors=VECTORS)
def test_one_bit_forms_compare_by_hamming_distance(vectors):
    bits = vectors > 0
    expected = 1 - 2 * (bits[:1] != bits).mean(axis=1)
    for precision in ("binary", "ubinary"):
        signs = dequantize(quantize(vectors, precision), precision)
        np.testing.assert_allclose(similarity(signs[:1], signs)[0], expected, atol=1e-6)


def test_calibrated_codes_are_those_of_the_formula():
    ranges = np.array([[0.0, 7.0], [255.0, 7.0]], np.float32)  # a step of 1; a dimension that never varies
    vectors = np.array([[0.0, 7.0], [99.9, 12.0], [255.0, 2.0], [300.0, 7.5], [-3.0, 7.0]], np.float32)
    expected = [[0, 0], [99, 5], [255, 0], [255, 0], [0, 0]]
    assert quantize(vectors, "uint8", ranges=ranges).tolist() == expected
    assert quantize(vectors, "int8", ranges=ranges).tolist() == [[a - 128, b - 128] for a, b in expected]
    for precision in ("uint8", "int8"):
        back = dequantize(quantize(vectors, precision, ranges=ranges), precision, ranges=ranges)
        assert back.tolist() == [[a, b + 7] for a, b in expected]


@pytest.mark.parametrize("precision", ["int8", "uint8", "binary", "ubinary"])
def test_failed_rows_are_zero(precision):
    vectors = np.array([[np.nan] * 8, [1.0] * 8], np.float32)
    coded = quantize(vectors, precision)
    assert not coded[0].any()
    assert coded[1].any()


@pytest.mark.parametrize("precision", PRECISIONS)
def test_nothing_in_nothing_out(precision):
    assert len(quantize(np.zeros((0, 8), np.float32), precision)) == 0


def test_zero_vectors_have_a_code():
    assert quantize(normalize(np.zeros((1, 3), np.float32)), "int8").tolist() == [[0, 0, 0]]


def test_bad_settings_are_refused():
    with pytest.raises(InputError, match="'int4' is not one of float32, int8"):
        quantize(np.zeros((1, 2), np.float32), "int4")
    with pytest.raises(InputError, match=r"ranges must have shape \(2, 2\).*got \(2, 3\)"):
        quantize(np.zeros((1, 2), np.float32), "int8", ranges=np.zeros((2, 3)))
