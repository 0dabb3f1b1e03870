"""Bits, calibrated bytes and similarities against Sentence Transformers' own functions."""

from __future__ import annotations

import numpy as np
import pytest

from medialens.scoring.quantization import quantize
from medialens.scoring.similarity import similarity


@pytest.fixture
def vectors():
    made = np.random.default_rng(0).standard_normal((200, 48)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


@pytest.mark.parametrize("precision", ["binary", "ubinary"])
@pytest.mark.parametrize("dimension", [48, 43])
def test_bits_are_laid_out_as_there(vectors, precision, dimension):
    from sentence_transformers import quantize_embeddings

    cut = np.ascontiguousarray(vectors[:, :dimension])
    expected = quantize_embeddings(cut, precision=precision)
    np.testing.assert_array_equal(quantize(cut, precision), expected)
    assert quantize(cut, precision).dtype == expected.dtype


@pytest.mark.parametrize("precision", ["int8", "uint8"])
def test_calibrated_bytes_are_the_same(vectors, precision):
    from sentence_transformers import quantize_embeddings

    ranges = np.stack([vectors[:100].min(axis=0), vectors[:100].max(axis=0)])  # others fall outside, and are clipped
    expected = quantize_embeddings(vectors, precision=precision, ranges=ranges)
    np.testing.assert_array_equal(quantize(vectors, precision, ranges=ranges), expected)


@pytest.mark.parametrize("kind", ["cosine", "dot", "euclidean", "manhattan"])
def test_similarities_are_the_same(vectors, kind):
    from sentence_transformers.util.similarity import SimilarityFunction

    measure = SimilarityFunction.to_similarity_fn(kind)
    expected = measure(3 * vectors[:7], vectors).numpy()
    # atol: float32 noise of 48 terms; torch's euclidean distance comes from a matrix product in float32.
    np.testing.assert_allclose(similarity(3 * vectors[:7], vectors, kind=kind), expected, atol=1e-5)
