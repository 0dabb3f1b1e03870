"""How well an embedded model finds what it is asked for, through the public `Encoder`: drawn pictures, recall."""

from __future__ import annotations

import random

import numpy as np

from medialens.encoder import Encoder
from medialens.inputs import Image, Item
from medialens.scoring.metrics import Floats
from medialens.training.drawing import KINDS, describe
from medialens.training.embedder.loss import SHORT_DIM
from medialens.training.language.speaker import Speaker
from medialens.training.measuring.gallery import Gallery, make_gallery
from medialens.training.measuring.table import Row, recall_row

SEED = 2024
_PER_KIND = 100


def measure_headline(encoder: Encoder, *, count: int = 200, seed: int = SEED) -> Row:
    """Text to image over `count` held-out candidates of all kinds: the number that the tests hold."""
    return _text_to_image(encoder, "text to image", make_gallery(count, seed=seed))


def measure(encoder: Encoder) -> list[Row]:
    """Every line of the table, in its order; about 4,000 pictures and as many texts."""
    small, large = make_gallery(200, seed=SEED), make_gallery(1000, seed=SEED + 1)
    return [
        *_both_ways(encoder, small),
        *_both_ways(encoder, large),
        *_other_wording(encoder),
        *_other_documents(encoder, small),
        *(_of_kind(encoder, kind) for kind in KINDS),
    ]


def _both_ways(encoder: Encoder, gallery: Gallery) -> list[Row]:
    queries, documents = _encode(encoder, gallery)
    short = f"text to image, vectors cut to {SHORT_DIM} numbers"
    return [
        recall_row("text to image", queries, documents),
        recall_row("image to text", documents, queries),
        recall_row(short, queries[:, :SHORT_DIM], documents[:, :SHORT_DIM]),
    ]


def _other_wording(encoder: Encoder) -> list[Row]:
    """Same scenes or the like, asked for in words or sentences that training never used."""
    return [
        _text_to_image(encoder, "sentences never trained on", make_gallery(200, seed=SEED, unseen_frames=True)),
        _text_to_image(encoder, "a synonym never trained on", make_gallery(200, seed=SEED, unseen_words=True)),
        _text_to_image(encoder, "combinations seen in training", make_gallery(200, seed=SEED, split="train")),
    ]


def _other_documents(encoder: Encoder, gallery: Gallery) -> list[Row]:
    """The same queries, when documents are pictures with their captions in one vector, or captions alone."""
    chance = random.Random(SEED)
    captions = [describe(scene, Speaker(chance)).text for scene in gallery.scenes]
    mixed = [Item(Image(one), caption) for one, caption in zip(gallery.pictures, captions, strict=True)]
    queries = _floats(encoder.encode_queries(gallery.queries))
    return [
        recall_row("text to image with caption", queries, _floats(encoder.encode_documents(mixed))),
        recall_row("text to another caption", queries, _floats(encoder.encode_documents(captions))),
    ]


def _of_kind(encoder: Encoder, kind: str) -> Row:
    return _text_to_image(encoder, f"among {kind}s only", make_gallery(_PER_KIND, seed=SEED, kind=kind))


def _text_to_image(encoder: Encoder, what: str, gallery: Gallery) -> Row:
    return recall_row(what, *_encode(encoder, gallery))


def _encode(encoder: Encoder, gallery: Gallery) -> tuple[Floats, Floats]:
    queries = _floats(encoder.encode_queries(gallery.queries))
    return queries, _floats(encoder.encode_documents([Image(picture) for picture in gallery.pictures]))


def _floats(vectors: object) -> Floats:
    return np.asarray(vectors, dtype=np.float32)
