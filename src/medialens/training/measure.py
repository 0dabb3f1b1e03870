"""How well an embedded model finds what it is asked for, as numbers and as a Markdown table.

    python -m medialens.training.measure [MODEL] [--output TABLE.md]

Everything goes through the public `Encoder`: drawn pictures in, vectors out, cosine, recall.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from medialens.encoder import Encoder
from medialens.inputs import Input, Item
from medialens.outputs import Similarity
from medialens.scoring.metrics import Floats, bootstrap_interval, ranks_of
from medialens.training.drawing import KINDS, describe
from medialens.training.gallery import Gallery, make_gallery
from medialens.training.language.speaker import Speaker

SEED = 2024
_PER_KIND = 100


class Embedder(Protocol):
    """The part of `Encoder` that is measured."""

    def encode_queries(self, inputs: Sequence[Input]) -> Floats: ...

    def encode_documents(self, inputs: Sequence[Input]) -> Floats: ...


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table: recall at 1 with its 95 % interval, and recall at 5."""

    what: str
    n_candidates: int
    recall_at_1: float
    interval: tuple[float, float]
    recall_at_5: float


def recall_row(what: str, queries: Floats, documents: Floats) -> Row:
    """Recall of query i finding document i, for vectors of unit length."""
    ranks = ranks_of(queries @ documents.T, np.arange(len(queries)))
    hits = (ranks == 1).astype(np.float64)
    return Row(
        what=what,
        n_candidates=len(documents),
        recall_at_1=float(hits.mean()),
        interval=bootstrap_interval(hits),
        recall_at_5=float((ranks <= 5).mean()),  # noqa: PLR2004  # recall at 5
    )


def measure_text_to_image(encoder: Embedder, what: str, gallery: Gallery) -> Row:
    return recall_row(what, encoder.encode_queries(gallery.queries), encoder.encode_documents(gallery.pictures))


def headline(encoder: Embedder, *, count: int = 200, seed: int = SEED) -> Row:
    """Text to image over `count` held-out candidates of all kinds: the number that the tests hold."""
    return measure_text_to_image(encoder, "text to image", make_gallery(count, seed=seed))


def measure(encoder: Embedder) -> list[Row]:
    """Every line of the table, in its order."""
    small, large = make_gallery(200, seed=SEED), make_gallery(1000, seed=SEED + 1)
    rows = []
    for gallery in (small, large):
        queries, documents = encoder.encode_queries(gallery.queries), encoder.encode_documents(gallery.pictures)
        rows += [recall_row("text to image", queries, documents), recall_row("image to text", documents, queries)]
    rows += [
        measure_text_to_image(
            encoder, "in sentences never trained on", make_gallery(200, seed=SEED, unseen_frames=True)
        ),
        measure_text_to_image(
            encoder, "with one word never trained on", make_gallery(200, seed=SEED, unseen_words=True)
        ),
        measure_text_to_image(encoder, "combinations seen in training", make_gallery(200, seed=SEED, split="train")),
        _measure_captioned(encoder, small),
        _measure_text_documents(encoder, small),
    ]
    return rows + [
        measure_text_to_image(
            encoder, f"only pictures of the kind *{kind}*", make_gallery(_PER_KIND, seed=SEED, kind=kind)
        )
        for kind in KINDS
    ]


def _measure_captioned(encoder: Embedder, gallery: Gallery) -> Row:
    """Documents are a picture with its caption, one vector each."""
    documents = [Item(picture, text) for picture, text in zip(gallery.pictures, _captions(gallery), strict=True)]  # type: ignore[arg-type]
    return recall_row(
        "text to picture with caption", encoder.encode_queries(gallery.queries), encoder.encode_documents(documents)
    )


def _measure_text_documents(encoder: Embedder, gallery: Gallery) -> Row:
    documents = encoder.encode_documents(_captions(gallery))
    return recall_row("text to another text of the same scene", encoder.encode_queries(gallery.queries), documents)


def _captions(gallery: Gallery) -> list[str]:
    chance = __import__("random").Random(SEED)
    return [describe(scene, Speaker(chance)).text for scene in gallery.scenes]


def to_markdown(rows: Sequence[Row]) -> str:
    lines = ["| | candidates | recall@1 | 95 % interval | recall@5 |", "|---|---:|---:|---|---:|"]
    lines += [
        f"| {row.what} | {row.n_candidates} | {row.recall_at_1:.3f} | {row.interval[0]:.3f} to {row.interval[1]:.3f} "
        f"| {row.recall_at_5:.3f} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"
