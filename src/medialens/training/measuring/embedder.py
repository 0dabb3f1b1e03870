"""How well a model finds what it is asked for, through the public `Encoder`: drawn pictures and clips, recall."""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence
from typing import Final

import numpy as np

from medialens.encoder import Encoder
from medialens.inputs import Input, Item
from medialens.reranker import Reranker
from medialens.scoring.metrics import Floats
from medialens.scoring.similarity import normalize
from medialens.training.drawing import KINDS, Scene, describe, invent_rival
from medialens.training.drawing.clips import OPPOSITES
from medialens.training.language.speaker import Speaker
from medialens.training.language.words import READABLE
from medialens.training.measuring.embedder_report import EmbedderReport
from medialens.training.measuring.gallery import Gallery, Wording, draw_document, make_gallery
from medialens.training.measuring.reliability import measure_reliability, say_everything
from medialens.training.measuring.table import Row, recall_row, row_of_ranks
from medialens.training.measuring.variants import measure_variants

SEED = 2024
SMALL, LARGE, PER_KIND = 200, 1000, 100
N_RIVALS = 7
UNSEEN_FRAME, UNSEEN_WORD = "sentences never trained on", "a synonym never trained on"
DIRECTION = "the clip, not the same with the opposite motion"
AMONG_RIVALS = f"the scene, not one of {N_RIVALS} near-duplicates"
READING = f"the word, not one of {N_RIVALS} others in the same colours"
_WORDINGS: Final[dict[Wording, str]] = {
    "unseen frame": UNSEEN_FRAME,
    "unseen word": UNSEEN_WORD,
    "denial": "sentences with a denial",
}
_MIXED = ("text", "video")


def measure(model: str) -> EmbedderReport:
    """Everything there is to say of an embedded model, or of any other that takes text and pictures."""
    bench, reranker = Bench(Encoder(model)), Reranker(model, score_kind="probability")
    return EmbedderReport(
        headline=bench.headline(),
        others=bench.others(),
        kinds=tuple(bench.of_kind(kind) for kind in bench.kinds),
        variants=measure_variants(model, bench.encoder, (bench.small, bench.large)),
        reliability=measure_reliability(reranker, bench.large),
        reliability_of_whole=measure_reliability(reranker, bench.large, say_everything),
    )


class Bench:
    """An encoder, and the galleries that it is measured with; clips are left out for a model that takes none."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        sees_clips = encoder.supports("video")
        self.kinds = tuple(name for name, kind in KINDS.items() if kind.film is None or sees_clips)

    @functools.cached_property
    def small(self) -> Gallery:
        """200 held-out scenes of all kinds."""
        return make_gallery(SMALL, seed=SEED, kinds=self.kinds)

    @functools.cached_property
    def large(self) -> Gallery:
        """1,000 others."""
        return make_gallery(LARGE, seed=SEED + 1, kinds=self.kinds)

    def headline(self) -> tuple[Row, ...]:
        """The lines that a model is judged by."""
        clips = (self.of_kind("clip"), self.direction()) if "clip" in self.kinds else ()
        return (*self._both_ways(self.small), *self._both_ways(self.large), *self._other_wording(), *clips)

    def others(self) -> tuple[Row, ...]:
        """What else one may want to know."""
        seen = make_gallery(SMALL, seed=SEED, kinds=self.kinds, split="train")
        return (
            self._text_to_image("combinations seen in training", seen),
            *self._with_captions(),
            self.among_rivals(),
            self.reading(),
        )

    def of_kind(self, kind: str) -> Row:
        """Pictures of one kind compete with each other."""
        gallery = make_gallery(PER_KIND, seed=SEED, kinds=(kind,))
        return self._text_to_image(f"among {kind}s only", gallery)

    def direction(self) -> Row:
        """Each clip against the same one with the opposite motion: moving right for left, growing for shrinking."""
        gallery = make_gallery(PER_KIND, seed=SEED, kinds=("clip",))
        rivals = [[Scene("clip", {**one.facts, "motion": OPPOSITES[one.facts["motion"]]})] for one in gallery.scenes]
        return self._against(DIRECTION, gallery, rivals)

    def among_rivals(self) -> Row:
        """Each scene against others that differ from it in a fact or two."""
        chance = random.Random(f"rivals/{SEED}")
        rivals = [_rivals_of(scene, chance) for scene in self.small.scenes]
        return self._against(AMONG_RIVALS, self.small, rivals)

    def reading(self) -> Row:
        """Each word that is drawn to be read against others of the list, with letters and ground of its own colours."""
        gallery, chance = make_gallery(PER_KIND, seed=SEED, kinds=("word",)), random.Random(f"words/{SEED}")
        rivals = [
            [Scene("word", {**scene.facts, "word": other}) for other in chance.sample(_other_words(scene), N_RIVALS)]
            for scene in gallery.scenes
        ]
        return self._against(READING, gallery, rivals)

    def _both_ways(self, gallery: Gallery) -> tuple[Row, Row]:
        queries, documents = self._queries(gallery.queries), self._documents(gallery.documents)
        return recall_row("text to image", queries, documents), recall_row("image to text", documents, queries)

    def _other_wording(self) -> tuple[Row, ...]:
        """Asked for in words or sentences that training never used, or seldom."""
        galleries = {
            what: make_gallery(SMALL, seed=SEED, kinds=self.kinds, wording=wording)
            for wording, what in _WORDINGS.items()
        }
        return tuple(self._text_to_image(what, gallery) for what, gallery in galleries.items())

    def _with_captions(self) -> tuple[Row, Row]:
        """Documents that are pictures with their captions in one vector, or captions alone."""
        kinds = tuple(kind for kind in self.kinds if KINDS[kind].film is None or self.encoder.supports(_MIXED))
        gallery, chance = make_gallery(SMALL, seed=SEED, kinds=kinds), random.Random(SEED)
        captions = [describe(scene, Speaker(chance)).text for scene in gallery.scenes]
        mixed = [Item(shown, caption) for shown, caption in zip(gallery.documents, captions, strict=True)]
        queries = self._queries(gallery.queries)
        return (
            recall_row("text to image with caption", queries, self._documents(mixed)),
            recall_row("text to another caption", queries, self._documents(captions)),
        )

    def _text_to_image(self, what: str, gallery: Gallery) -> Row:
        return recall_row(what, self._queries(gallery.queries), self._documents(gallery.documents))

    def _against(self, what: str, gallery: Gallery, rivals: Sequence[Sequence[Scene]]) -> Row:
        """How often a query's own scene comes before all of its rivals, each drawn anew with the scene's own chance."""
        queries, own = self._queries(gallery.queries), self._documents(gallery.documents)
        shown = [draw_document(rival, f"{gallery.seed}/{at}") for at, others in enumerate(rivals) for rival in others]
        others = self._documents(shown).reshape(len(queries), -1, own.shape[1])
        cosines = np.einsum("qd,qrd->qr", queries, others)
        ranks = 1 + np.sum(cosines >= np.sum(queries * own, axis=1)[:, None], axis=1)
        return row_of_ranks(what, ranks, 1 + others.shape[1])

    def _queries(self, inputs: Sequence[Input]) -> Floats:
        return normalize(self.encoder.encode_queries(inputs))

    def _documents(self, inputs: Sequence[Input]) -> Floats:
        return normalize(self.encoder.encode_documents(inputs))


def _rivals_of(scene: Scene, chance: random.Random) -> list[Scene]:
    """`N_RIVALS` different ones, from the side of the split that training knows."""
    found: dict[str, Scene] = {}
    while len(found) < N_RIVALS:
        rival = invent_rival(scene, chance)
        if rival is not None:
            found[rival.key] = rival
    return list(found.values())


def _other_words(scene: Scene) -> list[str]:
    return [word for word in READABLE if word != scene.facts["word"]]
