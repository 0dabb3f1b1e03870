"""The lane of a CUDA device: copies beside the computation, real memory errors."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch
from tests.engine.gates import run

from medialens import Encoder, Image
from medialens.engine.config import EngineConfig
from medialens.engine.engine import Engine
from medialens.errors import DeviceMemoryError
from medialens.models.placement import Placement
from medialens.models.protocol import Batch
from medialens.testing.fake_model import FakeModel

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(
        not torch.cuda.is_available() and os.environ.get("FAIL_WITHOUT_CUDA") != "1", reason="no CUDA device"
    ),
]


def test_vectors_equal_those_of_the_cpu(tiny_clip):
    rng = np.random.default_rng(0)
    inputs = [Image(rng.integers(0, 256, (side, 40, 3), dtype=np.uint8)) for side in range(20, 60)]
    inputs += [f"a red circle {at}" for at in range(200)]
    with Engine(EngineConfig(vector_cache_bytes=0)) as engine:
        here = Encoder(tiny_clip, device="cpu", engine=engine).encode_documents(inputs)
        there = Encoder(tiny_clip, device="cuda", dtype="float32", engine=engine).encode_documents(inputs)
        assert engine.stats().n_batches > 2
    # TF32 is off by default for matmuls; convolutions may use it.
    np.testing.assert_allclose(there, here, atol=2e-3)


class Hungry(FakeModel):
    """Takes 1/12 of the device's memory for each word of a batch."""

    def forward(self, batch: Batch) -> torch.Tensor:
        whole = torch.cuda.get_device_properties(0).total_memory
        taken = torch.empty(int(batch.tensors["n_tokens"]) * (whole // 12), dtype=torch.uint8, device="cuda")
        return batch.tensors["rows"] + taken[0] * 0


def test_real_memory_errors_are_split_and_remembered():
    device = torch.device("cuda")
    model = Hungry(placement=Placement(device=device, dtype=torch.float32, attention="none", because="a test"))
    with Engine(EngineConfig(prepare_threads=1)) as engine:
        *good, large = run(engine, model, [*(f"text {at}" for at in range(40)), "word " * 13])
        assert all(isinstance(vector, np.ndarray) for vector in good)
        assert isinstance(large, DeviceMemoryError)
        before = engine.stats().n_out_of_memory
        assert before > 0
        run(engine, model, [f"more {at}" for at in range(40)])
        assert engine.stats().n_out_of_memory == before
