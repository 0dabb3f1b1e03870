"""How much a reranker adds to what an embedder found, through the public handles: near-duplicates, recall."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from medialens.encoder import Encoder
from medialens.inputs import Input
from medialens.reranker import Reranker
from medialens.scoring.metrics import Integers, bootstrap_interval
from medialens.scoring.similarity import normalize
from medialens.training.calibration import CANDIDATES_A_MATCH
from medialens.training.drawing import describe
from medialens.training.language.speaker import Speaker
from medialens.training.measuring.gallery import Gallery, draw_document, make_gallery
from medialens.training.measuring.near_duplicates import KINDS_TO_ARRANGE, make_crowded_gallery
from medialens.training.measuring.reliability import measure_reliability, say_everything
from medialens.training.measuring.reranker_report import Lift, RerankerReport
from medialens.training.measuring.table import Row, row_of_ranks

SEED = 4048
N_QUERIES = 500
N_CANDIDATES = CANDIDATES_A_MATCH
_N_OTHER_FORMS = 100
NOT_FOUND = N_CANDIDATES + 1
"""The rank of a document that is not among the candidates."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Search:
    """Queries, documents, and for each query its candidates, best first; query i looks for document i."""

    queries: Sequence[Input]
    documents: Sequence[Input]
    candidates: npt.NDArray[np.int64]

    @property
    def ranks(self) -> Integers:
        """Where the candidates have the right document, from 1; `NOT_FOUND` where they have it not."""
        return _ranks(self.candidates)


def measure(reranker: str, *, embedder: str = "demo") -> RerankerReport:
    """Everything there is to say of a reranker that stands behind an embedder."""
    finder, judge = Encoder(embedder), Reranker(reranker)
    gallery = make_crowded_gallery(N_QUERIES, seed=SEED)
    found = retrieve(finder, gallery.queries, gallery.documents)
    before, after = found.ranks, rerank(judge, found)
    plain, probability = make_gallery(N_QUERIES, seed=SEED), Reranker(reranker, score_kind="probability")
    return RerankerReport(
        embedder=embedder,
        whole_gallery=lift("text to picture, near-duplicates", before, after),
        kinds=tuple(_of_kind(gallery, kind, before, after) for kind in KINDS_TO_ARRANGE),
        others=(_plain(finder, judge, plain), *_other_forms(finder, judge)),
        reliability=measure_reliability(probability, plain),
        reliability_of_whole=measure_reliability(probability, plain, say_everything),
    )


def retrieve(encoder: Encoder, queries: Sequence[Input], documents: Sequence[Input]) -> Search:
    """The candidates that the embedder finds, by cosine, for each query."""
    cosines = normalize(encoder.encode_queries(queries)) @ normalize(encoder.encode_documents(documents)).T
    best = np.argsort(-cosines, axis=1, kind="stable")[:, :N_CANDIDATES]
    return Search(queries=queries, documents=documents, candidates=best.astype(np.int64))


def rerank(reranker: Reranker, search: Search) -> Integers:
    """The rank that the right document has after reranking."""
    pairs = [
        (query, search.documents[number])
        for query, numbers in zip(search.queries, search.candidates, strict=True)
        for number in numbers
    ]
    logits = np.asarray(reranker.score(pairs, priority="bulk")).reshape(search.candidates.shape)
    order = np.argsort(-logits, axis=1, kind="stable")
    return _ranks(np.take_along_axis(search.candidates, order, axis=1))


def _ranks(candidates: npt.NDArray[np.int64]) -> Integers:
    right = candidates == np.arange(len(candidates))[:, None]
    return np.where(right.any(axis=1), right.argmax(axis=1) + 1, NOT_FOUND)


def lift(what: str, before: Integers, after: Integers) -> Lift:
    """Recall at 1 before and after, and the interval of the difference, resampled by query."""
    gains = (after == 1).astype(np.float64) - (before == 1)
    return Lift(
        before=_row(what, before), after=_row(what, after), gain=float(gains.mean()), interval=bootstrap_interval(gains)
    )


def _row(what: str, ranks: Integers) -> Row:
    return row_of_ranks(what, ranks, N_CANDIDATES)


def _of_kind(gallery: Gallery, kind: str, before: Integers, after: Integers) -> Lift:
    own = np.array([scene.kind == kind for scene in gallery.scenes[: len(gallery.queries)]])
    return lift(f"{kind}s", before[own], after[own])


def _plain(encoder: Encoder, reranker: Reranker, gallery: Gallery) -> Lift:
    """Without near-duplicates there is less to gain, and nothing should be lost."""
    found = retrieve(encoder, gallery.queries, gallery.documents)
    return lift("text to picture, scenes at random", found.ranks, rerank(reranker, found))


def _other_forms(encoder: Encoder, reranker: Reranker) -> tuple[Lift, ...]:
    """Other things on either side than text that looks for pictures, among near-duplicates."""
    gallery, chance = make_crowded_gallery(_N_OTHER_FORMS, seed=SEED + 1), random.Random(SEED)
    asked = gallery.scenes[: len(gallery.queries)]
    captions = [describe(scene, Speaker(chance)).text for scene in gallery.scenes]
    redrawn = [draw_document(scene, f"again/{at}") for at, scene in enumerate(gallery.scenes)]
    forms: dict[str, tuple[Sequence[Input], Sequence[Input]]] = {
        "picture to text": (gallery.documents[: len(asked)], captions),
        "text to text": (gallery.queries, captions),
        "picture to another picture": (gallery.documents[: len(asked)], redrawn),
    }
    return tuple(_lift_of(what, encoder, reranker, *sides) for what, sides in forms.items())


def _lift_of(
    what: str, encoder: Encoder, reranker: Reranker, queries: Sequence[Input], documents: Sequence[Input]
) -> Lift:
    found = retrieve(encoder, queries, documents)
    return lift(f"{what}, near-duplicates", found.ranks, rerank(reranker, found))
