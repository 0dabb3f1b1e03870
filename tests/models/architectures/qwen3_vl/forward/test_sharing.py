"""What a batch computes once: visuals that come again, beginnings that several items share."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from tests.models.architectures.qwen3_vl.forward.samples import clip, expected, make_network, prompt, still

PAGE = still(1, 6, 8)


@pytest.fixture
def network():
    made = make_network()
    made.features.limit(10**8)
    made.beginnings.limit(10**8)
    return made


def run(network, prompts):
    return network.run(network.pack(prompts))


def assert_same(ours, others):
    """Within what the order of additions makes of fp32, as unit vectors."""
    torch.testing.assert_close(*(torch.nn.functional.normalize(each) for each in (ours, others)), atol=1e-6, rtol=0)


def whole(prompts):
    return [dataclasses.replace(one, prefix=None) for one in prompts]


def pairs():
    """Documents of text, pictures and a clip for queries of text and of a picture; some share a beginning."""
    documents = [(4,), (9,), (4,), (2, still(3, 4, 4), 3), (2, still(3, 4, 4), 3), (clip(5, 2, 4, 2), 3), (30,)]
    text = [prompt(12, *document, 3, seed=1, prefix=1) for document in documents]
    picture = [prompt(5, PAGE, 4, *document, 3, seed=2, prefix=3) for document in documents]
    return [*text, prompt(7, seed=9), *picture, prompt(3, PAGE, 2, seed=8)]


def test_a_shared_beginning_changes_nothing(network):
    assert_same(run(network, pairs()), run(network, whole(pairs())))


def test_items_with_a_beginning_get_transformers_numbers(network):
    wanted = torch.stack([expected(one) for one in pairs()])
    torch.testing.assert_close(run(network, pairs()), wanted, atol=1e-5, rtol=1e-5)


def test_a_beginning_is_computed_once_over_all_batches(network):
    first = run(network, pairs())
    assert network.beginnings.stats().n_misses == 2
    again = torch.cat([run(network, [one]) for one in pairs()])
    assert network.beginnings.stats().n_misses == 2
    assert_same(first, again)


def test_each_distinct_visual_goes_through_the_tower_once(network, monkeypatch):
    seen = []
    tower = type(network.tower).__call__
    monkeypatch.setattr(
        type(network.tower), "__call__", lambda self, looked: seen.extend(looked.keys) or tower(self, looked)
    )
    for _ in range(3):
        run(network, pairs())
    assert sorted(seen) == sorted({visual.key for one in pairs() for visual in one.visuals})
    assert network.features.stats().n_misses == len(seen)


def test_what_is_known_is_not_packed(network):
    run(network, pairs())
    assert not {"stills", "clips"} & set(network.pack(pairs()).tensors)


def test_patches_are_not_needed_where_features_are_known(network):
    run(network, [prompt(3, PAGE, 2)])
    known = dataclasses.replace(PAGE, patches=None, features=network.features.get(PAGE.key))
    network.features.limit(0)
    one = prompt(3, PAGE, 2)
    torch.testing.assert_close(
        run(network, [dataclasses.replace(one, visuals=(known,))])[0], expected(one), atol=1e-5, rtol=1e-5
    )


def test_without_memory_the_numbers_are_the_same(network):
    kept = run(network, pairs())
    network.features.limit(0)
    network.beginnings.limit(0)
    assert_same(run(network, pairs()), kept)


def test_threads_share_what_they_compute(network):
    alone = run(make_network(), pairs())
    batches = [[at, -at - 1] for at in range(len(pairs()))] * 4
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda batch: run(network, [pairs()[at] for at in batch]), batches))
    for batch, result in zip(batches, results, strict=True):
        assert_same(result, alone[torch.tensor(batch)])
    assert network.beginnings.stats().n_misses == 2
    assert network.features.stats().n_misses == len({visual.key for one in pairs() for visual in one.visuals})


def test_a_failing_tower_leaves_nothing_claimed(network, monkeypatch):
    tower = type(network.tower).__call__

    def fail(*_):
        raise MemoryError("no room")

    monkeypatch.setattr(type(network.tower), "__call__", fail)
    with pytest.raises(MemoryError):
        run(network, pairs())
    monkeypatch.setattr(type(network.tower), "__call__", tower)
    assert torch.isfinite(run(network, pairs())).all()
