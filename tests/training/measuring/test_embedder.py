"""The measurement itself, with an encoder that is told what to see: by the scene, not by pixels."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from medialens import Image, Item, Video
from medialens.training.drawing import KINDS
from medialens.training.measuring import embedder as measuring
from medialens.training.measuring.embedder import AMONG_RIVALS, DIRECTION, N_RIVALS, UNSEEN_FRAME, UNSEEN_WORD, Bench


class Noise:
    """Stands for an encoder that knows nothing: a random vector of its own for every input."""

    def __init__(self, kinds=("video", ("text", "video"))):
        self._kinds = kinds
        self.seen = []

    def supports(self, modality):
        return modality in self._kinds

    def encode_queries(self, inputs):
        return np.stack([_vector(one) for one in inputs])

    def encode_documents(self, inputs):
        self.seen += inputs
        return self.encode_queries(inputs)


def _vector(one):
    parts = one.parts if isinstance(one, Item) else [one]
    content = b"".join(repr(part).encode() + np.asarray(getattr(part, "source", 0)).tobytes() for part in parts)
    seed = int.from_bytes(hashlib.sha256(content).digest()[:8], "big")
    return np.random.default_rng(seed).normal(size=32).astype(np.float32)


@pytest.fixture
def small(monkeypatch):
    """Galleries of a size for tests."""
    for name, count in (("SMALL", 60), ("LARGE", 120), ("PER_KIND", 30)):
        monkeypatch.setattr(measuring, name, count)


def test_whoever_knows_nothing_finds_next_to_nothing(small):
    bench = Bench(Noise())
    for row in (*bench.headline(), *bench.others()):
        chance = 1 / row.n_candidates
        assert row.recall_at_1 <= chance + 5 * (chance * (1 - chance) / row.n_queries) ** 0.5, row
        if row.n_candidates == 2:
            assert row.recall_at_1 > 0.1  # it is right half of the time


def test_the_headline_has_every_line_that_a_model_is_judged_by(small):
    rows = Bench(Noise()).headline()
    assert [(row.what, row.n_candidates) for row in rows] == [
        ("text to image", 60), ("image to text", 60), ("text to image", 120), ("image to text", 120),
        (UNSEEN_FRAME, 60), (UNSEEN_WORD, 60), ("sentences with a denial", 60),
        ("among clips only", 30), (DIRECTION, 2),
    ]  # fmt: skip


def test_clips_are_shown_as_clips_and_left_out_where_the_model_takes_none(small):
    sees, blind = Noise(), Noise(kinds=())
    Bench(sees).headline()
    assert any(isinstance(one, Video) for one in sees.seen)
    bench = Bench(blind)
    rows = (*bench.headline(), *bench.others())
    assert "clip" not in bench.kinds
    assert set(bench.kinds) == set(KINDS) - {"clip"}
    assert not any(isinstance(one, Video) for one in blind.seen)
    assert not {"among clips only", DIRECTION} & {row.what for row in rows}


@pytest.mark.parametrize(("kinds", "mixed"), [((("text", "video"), "video"), {Image, Video}), (("video",), {Image})])
def test_clips_have_captions_where_the_model_mixes_them(small, kinds, mixed):
    encoder = Noise(kinds)
    Bench(encoder)._with_captions()
    items = [one for one in encoder.seen if isinstance(one, Item)]
    assert {type(item.parts[0]) for item in items} == mixed
    assert all(len(item.parts) == 2 for item in items)


class Reader(Noise):
    """Stands for an encoder that knows what each document shows; its queries and documents meet exactly."""

    def __init__(self, bench_scenes):
        super().__init__()
        self._scenes = bench_scenes

    def encode_queries(self, inputs):
        return np.stack([_vector(f"{self._scenes.get(one, one)}") for one in inputs])

    def encode_documents(self, inputs):
        return np.stack([_vector(f"{self._scenes.get(id(one), one)}") for one in inputs])


def test_whoever_sees_everything_is_right_in_every_comparison(small):
    bench = Bench(Noise())
    gallery = bench.small
    known = dict(zip(gallery.queries, gallery.scenes, strict=True))
    known |= {id(shown): scene for shown, scene in zip(gallery.documents, gallery.scenes, strict=True)}
    bench.encoder = Reader(known)
    row = bench.among_rivals()
    assert (row.what, row.n_candidates, row.n_queries) == (AMONG_RIVALS, 1 + N_RIVALS, 60)
    assert row.recall_at_1 == 1.0
    assert [row.recall_at_1 for row in bench._both_ways(gallery)] == [1.0, 1.0]


def test_reading_is_asked_for_among_other_words_in_the_same_colours(small, monkeypatch):
    bench, given = Bench(Noise()), {}
    monkeypatch.setattr(bench, "_against", lambda what, gallery, rivals: given.update(gallery=gallery, rivals=rivals))
    bench.reading()
    assert {scene.kind for scene in given["gallery"].scenes} == {"word"}
    for scene, others in zip(given["gallery"].scenes, given["rivals"], strict=True):
        assert all({**other.facts, "word": ""} == {**scene.facts, "word": ""} for other in others)
        assert len({scene.facts["word"], *(other.facts["word"] for other in others)}) == N_RIVALS + 1


def test_a_tie_with_a_rival_counts_against_the_model(small):
    class Same(Noise):
        def encode_queries(self, inputs):
            return np.ones((len(inputs), 4), np.float32)

        encode_documents = encode_queries

    bench = Bench(Same())
    assert bench.direction().recall_at_1 == 0.0
    assert bench.among_rivals().recall_at_5 == 0.0


def test_a_kind_competes_with_itself(small):
    encoder = Noise()
    row = Bench(encoder).of_kind("chart")
    assert (row.what, row.n_candidates) == ("among charts only", 30)
    assert len(encoder.seen) == 30


def test_rivals_of_a_scene_are_different_scenes_of_its_kind():
    import random

    for scene in Bench(Noise()).small.scenes[:40]:
        rivals = measuring._rivals_of(scene, random.Random(0))
        assert len({rival.key for rival in rivals} | {scene.key}) == N_RIVALS + 1
        assert {rival.kind for rival in rivals} == {scene.kind}
