"""The network: transformers' numbers, whatever lies beside an item."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from tests.models.architectures.qwen3_vl.forward.samples import expected, make_network, prompt, samples, still

CLOSE = {"atol": 1e-5, "rtol": 1e-5}


@pytest.fixture(scope="module")
def network():
    return make_network()


def run(network, prompts):
    return network.run(network.pack(prompts))


@pytest.mark.parametrize("number", range(len(samples())))
def test_each_kind_of_item_gets_transformers_numbers(network, number):
    one = samples()[number]
    torch.testing.assert_close(run(network, [one])[0], expected(one), **CLOSE)


@pytest.mark.parametrize("seed", range(3))
def test_alone_packed_and_shuffled_are_the_same(network, seed):
    order = list(range(len(samples())))
    random.Random(seed).shuffle(order)
    together = run(network, [samples()[at] for at in order])
    alone = torch.cat([run(network, [samples()[at]]) for at in order])
    torch.testing.assert_close(together, alone, **CLOSE)


def test_many_threads_get_what_one_gets(network):
    batches = [[samples()[at], samples()[-at]] for at in range(1, 9)] * 3
    alone = [run(network, batch) for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda batch: run(network, batch), batches))
    for one, other in zip(alone, together, strict=True):
        torch.testing.assert_close(one, other, **CLOSE)


def test_a_visual_of_several_items_is_packed_once(network):
    picture = still(9, 4, 4)
    batch = network.pack([prompt(3, picture, 2), prompt(5, picture, 2), prompt(5, picture, 1, picture, 4)])
    assert len(batch.tensors["stills"]) == picture.n_patches
    assert torch.isfinite(network.run(batch)).all()


def test_placeholders_without_a_visual_are_refused(network):
    one = prompt(3, still(9, 4, 4), 2)
    broken = type(one)(ids=one.ids, positions=one.positions)
    with pytest.raises(ValueError, match="4 placeholders stand for visuals of 0 tokens"):
        network.pack([broken])
