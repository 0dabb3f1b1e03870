"""The network on a CUDA device: the CPU's numbers, by the packed kernel, without waiting for the device."""

from __future__ import annotations

import os

import pytest
import torch
from tests.models.architectures.qwen3_vl.forward.samples import (
    CONTROL_IDS,
    make_network,
    normalise,
    prompt,
    samples,
    still,
)
from tests.tiny import fill
from tests.tiny_qwen import qwen_config
from transformers import Qwen3VLModel

from medialens.models.architectures.qwen3_vl.forward.network import Network
from medialens.models.layers.attention import Reach, Spans, attend_by_length, choose_kernel

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(
        not torch.cuda.is_available() and os.environ.get("FAIL_WITHOUT_CUDA") != "1", reason="no CUDA device"
    ),
]
CUDA = torch.device("cuda", 0)


def network_on_cuda(dtype):
    network = Network.of(fill(Qwen3VLModel(qwen_config(CONTROL_IDS))).to(CUDA, dtype), normalise)
    network.features.limit(10**8, 10**8)
    network.beginnings.limit(10**8)
    return network


def run(network, prompts):
    return network.run(network.pack(prompts).pinned().to(CUDA)).cpu()


def pairs():
    documents = [(4,), (9,), (4,), (2, still(3, 4, 4), 3), (30,)]
    return [prompt(40, still(1, 6, 8), 4, *document, 3, seed=2, prefix=3) for document in documents]


@pytest.mark.parametrize("prompts", [samples(), pairs()], ids=["alone", "shared"])
def test_fp32_equals_the_cpu(prompts):
    here = make_network()
    torch.testing.assert_close(
        run(network_on_cuda(torch.float32), prompts), here.run(here.pack(prompts)), atol=2e-3, rtol=1e-3
    )


@pytest.mark.parametrize("prompts", [samples(), pairs()], ids=["alone", "shared"])
def test_bf16_points_where_the_cpu_points(prompts):
    here = make_network()
    there = run(network_on_cuda(torch.bfloat16), prompts)
    cosines = torch.cosine_similarity(there, here.run(here.pack(prompts)))
    assert cosines.min() > 0.995


@pytest.mark.parametrize(
    "shape", [(16, 8, 128), (16, 16, 64), (16, 16, 72)], ids=["language", "vision 2B", "vision 8B"]
)
@pytest.mark.parametrize("causal", [False, True])
def test_the_packed_kernel_is_taken_and_right(shape, causal):
    heads, kv_heads, dim = shape
    kernel = choose_kernel(CUDA, torch.bfloat16, heads, kv_heads, dim)
    assert kernel is not attend_by_length
    queries, keys = (7, 300, 1, 64), (7, 900, 5, 64)
    torch.manual_seed(0)
    q, k, v = (
        torch.randn(sum(rows), n, dim, device=CUDA, dtype=torch.bfloat16)
        for rows, n in ((queries, heads), (keys, kv_heads), (keys, kv_heads))
    )
    reach = Reach(queries=Spans.of(queries, CUDA), keys=Spans.of(keys, CUDA), causal=causal)
    wanted = attend_by_length(q.float(), k.float(), v.float(), reach)
    torch.testing.assert_close(kernel(q, k, v, reach).float(), wanted, atol=2e-2, rtol=2e-2)


def test_what_has_no_room_on_the_device_comes_back_from_the_host():
    network = network_on_cuda(torch.float32)
    first = run(network, samples())
    largest = max(visual.n_tokens for one in samples() for visual in one.visuals)
    network.features.limit(largest * 64 * 4 * 4, 10**8)
    again = run(network, samples())
    torch.testing.assert_close(first, again, atol=1e-5, rtol=1e-5)
    assert network.features.stats().n_misses == len({one.key for each in samples() for one in each.visuals})


def test_a_warm_batch_does_not_wait_for_the_device():
    network = network_on_cuda(torch.bfloat16)
    run(network, pairs())
    batch = network.pack(pairs()).pinned().to(CUDA)
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        network.run(batch)
    finally:
        torch.cuda.set_sync_debug_mode("default")
