"""The parts together, through the public handles: what is computed once, what is remembered, how closely it looks."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch

from medialens import Encoder, EngineConfig, Image, InputWarning, Item, Reranker, Video
from medialens.engine.engine import Engine
from medialens.errors import InputError
from medialens.media.decode import decode, resolve
from medialens.media.decoded import MediaNeeds
from medialens.media.limits import MediaLimits
from medialens.models.cache import CacheStats
from medialens.models.loading import load_model
from medialens.models.spec import ModelSpec

pytestmark = pytest.mark.timeout(120)

ATOL = 5e-6  # as tests/models/contract.py has it


def picture(seed: int, height: int = 96, width: int = 128) -> Image:
    return Image(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def clip(seed: int, n_frames: int = 8) -> Video:
    frames = np.random.default_rng(seed).integers(0, 256, (n_frames, 64, 96, 3), dtype=np.uint8)
    return Video(frames, fps=4.0)


@pytest.fixture
def engine():
    """Without caches of results, so that every call computes."""
    with Engine(EngineConfig(cpu_lanes=2, vector_cache_bytes=0, score_cache_bytes=0)) as made:
        yield made


@pytest.fixture
def reranker(tiny_model, engine) -> Reranker:
    return Reranker(tiny_model("qwen3_vl_reranker"), engine=engine)


@pytest.fixture
def embedder(tiny_model, engine) -> Encoder:
    return Encoder(tiny_model("qwen3_vl_embedder"), engine=engine)


def features(engine: Engine) -> CacheStats:
    return engine.stats().memories["features"]


def prefixes(engine: Engine) -> CacheStats:
    return engine.stats().memories["prefixes"]


def plain_scores(folder: Path, query: object, documents: list[object]) -> list[float]:
    """Each pair alone, in an engine of its own: nothing is shared or remembered."""
    scores = []
    for document in documents:
        with Engine(EngineConfig(cpu_lanes=1, feature_cache_bytes=0, prefix_cache_bytes=0)) as other:
            scores.append(float(Reranker(folder, engine=other).score([(query, document)])[0]))
    return scores


def test_each_distinct_picture_goes_through_the_tower_once_a_call(engine, reranker, tiny_model):
    query, first, second = picture(1), picture(2), clip(3)
    documents = [first, Item("with words", first), second, "words alone", Item(first, second), first]

    ranked = reranker.score([(query, document) for document in documents])

    assert features(engine).n_misses == 3
    assert prefixes(engine).n_misses == 1
    expected = plain_scores(tiny_model("qwen3_vl_reranker"), query, documents)
    np.testing.assert_allclose(ranked, expected, rtol=0, atol=ATOL)


def test_the_next_query_over_the_same_candidates_skips_the_tower(engine, reranker):
    documents = [picture(seed) for seed in range(6)]
    first = reranker.score([("a red circle", document) for document in documents])
    looked = features(engine).n_misses

    again = reranker.score([("a red circle", document) for document in documents])
    other = reranker.score([("a blue square", document) for document in documents])

    assert looked == features(engine).n_misses == 6
    assert prefixes(engine).n_misses == 2  # the first query's beginning is remembered, too
    np.testing.assert_allclose(again, first, rtol=0, atol=ATOL)
    assert np.abs(other - first).max() > 1e-4


def test_what_is_remembered_is_not_decoded(engine, reranker, tmp_path):
    file = tmp_path / "picture.png"
    PIL.Image.fromarray(np.full((64, 64, 3), 200, dtype=np.uint8)).save(file)
    documents = [Image(file), "words"]
    reranker.rank("one", documents)
    n_decoded = engine.stats().media.n_misses

    reranker.rank("two", documents)

    assert engine.stats().media.n_misses == n_decoded
    assert features(engine).n_misses == 1


def test_nothing_is_kept_beyond_the_bounds(tiny_model):
    folder = tiny_model("qwen3_vl_reranker")
    config = EngineConfig(cpu_lanes=1, feature_cache_bytes=0, prefix_cache_bytes=0, score_cache_bytes=0)
    with Engine(config) as engine:
        reranker = Reranker(folder, engine=engine)
        documents = [picture(1), picture(2)]
        first = [reranker.score([("red", document) for document in documents]) for _ in range(2)]

        assert features(engine).n_entries == prefixes(engine).n_entries == 0
        assert features(engine).n_misses >= 4
    np.testing.assert_allclose(first[0], first[1], rtol=0, atol=ATOL)


def test_a_shared_beginning_changes_no_score(reranker, tiny_model):
    query = Item(picture(7), "which of these " + "is the big red circle in the picture " * 4)
    documents = ["a dog", picture(8), Item(picture(8), "a cat"), "x" * 300, clip(9), picture(7)]

    scores = reranker.score([(query, document) for document in documents])

    expected = plain_scores(tiny_model("qwen3_vl_reranker"), query, documents)
    np.testing.assert_allclose(scores, expected, rtol=0, atol=ATOL)


def test_instructions_of_calls_are_told_apart(engine, reranker):
    documents = ["a dog", "a cat"]
    plain = reranker.score([("animal", document) for document in documents])
    told = reranker.score([("animal", document) for document in documents], instruction="Find the dog.")

    assert np.abs(plain - told).max() > 1e-4
    assert prefixes(engine).n_misses == 2


def test_probability_is_the_sigmoid_of_the_logit(tiny_model, engine):
    pairs = [("a red circle", picture(1)), ("a dog", "a cat")]
    logits = Reranker(tiny_model("qwen3_vl_reranker"), engine=engine, score_kind="logit").score(pairs)
    chances = Reranker(tiny_model("qwen3_vl_reranker"), engine=engine, score_kind="probability").score(pairs)

    np.testing.assert_allclose(chances, 1 / (1 + np.exp(-logits)), rtol=1e-6)


def test_a_call_bounds_what_is_looked_at(embedder, engine):
    large = picture(1, 256, 256)
    whole = embedder.encode(large)
    small = embedder.encode(large, max_pixels=4 * 32 * 32)
    fewer = embedder.encode(large, max_visual_tokens=4)

    assert np.abs(whole - small).max() > 1e-4
    np.testing.assert_allclose(small, fewer, rtol=0, atol=ATOL)
    assert np.array_equal(embedder.encode(large), whole)
    model = load_model(ModelSpec(repository=str(embedder._model.repository)))
    assert model.looking_at(max_pixels=4096) is model.looking_at(max_pixels=4096)
    assert model.looking_at(max_pixels=4096).recipe.fingerprint() != model.recipe.fingerprint()


def test_a_repository_is_loaded_with_bounds_of_its_own(tiny_model, engine, embedder):
    large = picture(1, 256, 256)
    bounded = Encoder(
        tiny_model("qwen3_vl_embedder"),
        processor_kwargs={"size": {"shortest_edge": 4096, "longest_edge": 4096}},
        engine=engine,
    )

    np.testing.assert_allclose(bounded.encode(large), embedder.encode(large, max_pixels=4096), rtol=0, atol=ATOL)


def test_pictures_that_leave_no_room_shrink_and_say_so(tiny_model, engine):
    encoder = Encoder(tiny_model("qwen3_vl_embedder"), max_tokens=60, engine=engine)

    result = encoder.encode([Item(picture(1, 256, 256), "a red circle"), "a dog"], errors="return")

    assert set(result.notes) == {0}
    assert "image shrunk from 64 to " in result.notes[0][0]
    with pytest.warns(InputWarning, match="item 0: image shrunk"):
        encoder.encode([Item(picture(2, 256, 256), "a red circle")])
    with pytest.raises(InputError, match="60 is the limit"):
        encoder.encode(Item(*(picture(seed) for seed in range(60))))


def test_a_remembered_picture_shrinks_where_there_is_less_room(tiny_model, engine):
    encoder = Encoder(tiny_model("qwen3_vl_embedder"), max_tokens=90, engine=engine)
    shown = picture(1, 256, 256)
    encoder.encode(shown)

    long = "word " * 100
    mixed = encoder.encode(Item(shown, long), errors="return")
    again = encoder.encode(Item(shown, long, "x"), errors="return")

    assert mixed.notes
    assert again.notes
    assert not mixed.errors
    assert not again.errors


def test_cost_counts_what_is_shared_once(tiny_model):
    model = load_model(ModelSpec(repository=str(tiny_model("qwen3_vl_reranker")), task="score"))
    needs = MediaNeeds(modalities=("text", "image", "video"), frame_rate=model.recipe.frame_rate)
    query, document = (
        decode(resolve(item, MediaLimits()), needs, MediaLimits())
        for item in (Item(picture(1), "red"), Item(picture(2)))
    )

    prepared = model.prepare((query, document), instruction="")

    cost = prepared.cost
    assert cost.packed
    assert cost.shared is not None
    assert cost.shared.n_patches == cost.n_patches == 4 * 12
    assert cost.n_tokens + cost.shared.n_tokens == prepared.payload.n_tokens
    whole = model.forward(model.collate([dataclasses.replace(prepared, cost=cost.alone())]))
    shared = model.forward(model.collate([prepared]))
    torch.testing.assert_close(whole, shared, rtol=0, atol=ATOL)
