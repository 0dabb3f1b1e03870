"""Smaller forms beside the full one: shorter vectors, vectors in fewer bits, weights in int8."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from medialens.encoder import Encoder
from medialens.models.catalogue import find_embedded
from medialens.outputs import Precision
from medialens.scoring.metrics import Floats
from medialens.scoring.quantization import dequantize, quantize
from medialens.scoring.similarity import truncate
from medialens.training.measuring.gallery import Gallery
from medialens.training.measuring.small_weights import WEIGHTS, copy_in_int8, n_bytes_in_int8
from medialens.training.measuring.table import Row, markdown_table, recall_row


@dataclasses.dataclass(frozen=True, kw_only=True)
class Form:
    """How vectors are kept: how many of their numbers, and in which precision."""

    dimension: int | None = None
    precision: Precision = "float32"

    def apply(self, vectors: Floats) -> Floats:
        """The vectors as they compare once they have been kept like that; as `Encoder` makes and compares them."""
        kept = truncate(np.asarray(vectors, np.float32), self.dimension, renormalize=True)
        return np.asarray(dequantize(quantize(kept, self.precision), self.precision))

    def n_bytes(self, dimension: int) -> int:
        """Of a vector that has `dimension` numbers before."""
        kept = self.apply(np.ones((1, dimension), np.float32)).shape[1] if self.dimension else dimension
        return int(quantize(np.ones((1, kept), np.float32), self.precision).nbytes)

    def __str__(self) -> str:
        kept = "whole vectors" if self.dimension is None else f"vectors cut to {self.dimension} numbers"
        return kept if self.precision == "float32" else f"{kept}, {self.precision}"


FULL = Form()
FORMS = (
    Form(dimension=96), Form(dimension=48), Form(dimension=24), Form(precision="int8"),
    Form(dimension=48, precision="int8"), Form(precision="binary"),
)  # fmt: skip


@dataclasses.dataclass(frozen=True, kw_only=True)
class Variant:
    """A line of their table: what is smaller, how small it is, and what it still finds, text to image.

    Attributes:
        weights_mb: Megabytes (a million bytes) of the weight file; None where nobody knows.
        rows: One for each gallery.
    """

    what: str
    n_vector_bytes: int
    weights_mb: float | None
    rows: tuple[Row, ...]


def measure_variants(model: str, encoder: Encoder, galleries: Sequence[Gallery]) -> tuple[Variant, ...]:
    """The full form, shorter vectors, vectors in fewer bits; and weights in int8, for a model in a local folder."""
    found = [_encode(encoder, gallery) for gallery in galleries]
    folder = local_folder(model)
    weights_mb = (folder / WEIGHTS).stat().st_size / 1e6 if folder else None
    dimension = found[0][0].shape[1]
    forms = [
        _variant(str(form), form, found, weights_mb) for form in (FULL, *FORMS) if (form.dimension or 0) < dimension
    ]
    return (*forms, _in_int8(folder, galleries)) if folder else tuple(forms)


def local_folder(model: str) -> Path | None:
    """Where the model's single weight file lies; None where it has several, or is not on this machine."""
    folder = find_embedded(model) or Path(model).expanduser()
    return folder if (folder / WEIGHTS).is_file() else None


def _in_int8(folder: Path, galleries: Sequence[Gallery]) -> Variant:
    with tempfile.TemporaryDirectory() as scratch:
        encoder = Encoder(copy_in_int8(folder, Path(scratch) / "int8"))
        found = [_encode(encoder, gallery) for gallery in galleries]
    return _variant("weights in int8", FULL, found, n_bytes_in_int8(folder) / 1e6)


def _encode(encoder: Encoder, gallery: Gallery) -> tuple[Floats, Floats]:
    return encoder.encode_queries(gallery.queries), encoder.encode_documents(gallery.documents)


def _variant(what: str, form: Form, found: Sequence[tuple[Floats, Floats]], weights_mb: float | None) -> Variant:
    rows = tuple(recall_row(what, form.apply(queries), form.apply(documents)) for queries, documents in found)
    return Variant(what=what, n_vector_bytes=form.n_bytes(found[0][0].shape[1]), weights_mb=weights_mb, rows=rows)


def variants_to_markdown(variants: Sequence[Variant]) -> str:
    """Their table."""
    galleries = [f"recall@1 of {row.n_candidates}" for row in variants[0].rows]
    return markdown_table(
        ("variant", "bytes a vector", "weights, MB", *galleries),
        [
            (
                one.what, f"{one.n_vector_bytes}", "" if one.weights_mb is None else f"{one.weights_mb:.1f}",
                *(f"{row.recall_at_1:.3f}" for row in one.rows),
            )
            for one in variants
        ],
    )  # fmt: skip
