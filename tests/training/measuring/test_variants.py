import numpy as np
import pytest

from medialens import Encoder
from medialens.training.measuring.gallery import make_gallery
from medialens.training.measuring.small_weights import WEIGHTS, n_bytes_in_int8
from medialens.training.measuring.table import recall_row
from medialens.training.measuring.variants import (
    FORMS,
    FULL,
    Form,
    Variant,
    local_folder,
    measure_variants,
    variants_to_markdown,
)


@pytest.mark.parametrize(
    ("form", "n_bytes", "name"),
    [
        (FULL, 768, "whole vectors"),
        (Form(dimension=48), 192, "vectors cut to 48 numbers"),
        (Form(precision="int8"), 192, "whole vectors, int8"),
        (Form(dimension=48, precision="int8"), 48, "vectors cut to 48 numbers, int8"),
        (Form(precision="binary"), 24, "whole vectors, binary"),
    ],
)
def test_a_form_of_192_numbers_has_a_size_and_a_name(form, n_bytes, name):
    assert form.n_bytes(192) == n_bytes
    assert str(form) == name


def test_a_cut_vector_points_where_its_first_numbers_do():
    vectors = np.random.default_rng(0).normal(size=(5, 16)).astype(np.float32)
    cut = Form(dimension=4).apply(vectors)
    np.testing.assert_allclose(cut, vectors[:, :4] / np.linalg.norm(vectors[:, :4], axis=1, keepdims=True), rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("form", [FULL, *FORMS], ids=str)
def test_forms_are_those_of_the_public_encoder(form):
    gallery = make_gallery(6, seed=1, kinds=("shape",))
    whole = Encoder("demo")
    encoder = Encoder("demo", truncate_dim=form.dimension, precision=form.precision)
    queries, documents = encoder.encode_queries(gallery.queries), encoder.encode_documents(gallery.documents)
    expected = encoder.similarity(queries, documents)
    kept = [
        form.apply(vectors)
        for vectors in (whole.encode_queries(gallery.queries), whole.encode_documents(gallery.documents))
    ]
    np.testing.assert_allclose(whole.similarity(*kept), expected, atol=1e-6)
    assert queries.nbytes == 6 * form.n_bytes(whole.dimension)


@pytest.mark.slow
def test_every_variant_of_a_local_model_is_measured_with_its_size():
    galleries = [make_gallery(12, seed=1, kinds=("shape",))]
    encoder = Encoder("demo")
    variants = measure_variants("demo", encoder, galleries)
    folder = local_folder("demo")
    assert [one.what for one in variants] == [*map(str, (FULL, *FORMS)), "weights in int8"]
    assert variants[0].weights_mb == (folder / WEIGHTS).stat().st_size / 1e6
    assert variants[-1].weights_mb == n_bytes_in_int8(folder) / 1e6 < 0.6 * variants[0].weights_mb
    full = recall_row(
        "", encoder.encode_queries(galleries[0].queries), encoder.encode_documents(galleries[0].documents)
    )
    assert variants[0].rows[0].recall_at_1 == full.recall_at_1


def test_a_model_that_lies_elsewhere_has_no_folder(tmp_path):
    assert local_folder("openai/clip-vit-base-patch32") is None
    assert local_folder(str(tmp_path)) is None
    assert (local_folder("demo") / WEIGHTS).is_file()


class Fixed:
    """Stands for an encoder of four dimensions that is always right."""

    def encode_queries(self, inputs):
        return np.eye(len(inputs), 4, dtype=np.float32)

    encode_documents = encode_queries


def test_a_model_from_the_hub_is_measured_in_the_forms_that_it_has_numbers_for():
    gallery = make_gallery(4, seed=1, kinds=("shape",))
    variants = measure_variants("org/model", Fixed(), [gallery])
    assert [one.what for one in variants] == ["whole vectors", "whole vectors, int8", "whole vectors, binary"]
    assert all(one.weights_mb is None for one in variants)
    assert variants[0].rows[0].recall_at_1 == 1.0


def test_the_table_names_the_galleries():
    row = recall_row("x", np.eye(6, dtype=np.float32), np.eye(6, dtype=np.float32))
    known = Variant(what="whole vectors", n_vector_bytes=24, weights_mb=9.04, rows=(row, row))
    unknown = Variant(what="binary", n_vector_bytes=1, weights_mb=None, rows=(row, row))
    head, _, first, second = variants_to_markdown([known, unknown]).splitlines()
    assert head == "| variant | bytes a vector | weights, MB | recall@1 of 6 | recall@1 of 6 |"
    assert first == "| whole vectors | 24 | 9.0 | 1.000 | 1.000 |"
    assert second == "| binary | 1 |  | 1.000 | 1.000 |"
