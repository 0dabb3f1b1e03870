import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from safetensors.torch import load_file, save_file

from medialens.training.measuring.small_weights import (
    copy_in_int8,
    dequantize_channels,
    n_bytes_in_int8,
    quantize_channels,
)

WEIGHTS = arrays(
    np.float32,
    array_shapes(min_dims=2, max_dims=4, max_side=5),
    elements=st.floats(-100, 100, width=32).map(lambda value: np.float32(0 if abs(value) < 1e-6 else value)),
)


@given(WEIGHTS)
def test_it_is_rounding_to_127_steps_of_each_channels_largest(weight):
    levels, scales = quantize_channels(torch.from_numpy(weight))
    for row, coded, scale in zip(weight, levels.numpy(), scales.numpy(), strict=True):
        largest = max(abs(float(value)) for value in row.flat)
        assert scale == pytest.approx(largest / 127, rel=1e-6)
        for value, level in zip(row.flat, coded.flat, strict=True):
            exact = 0.0 if largest == 0 else 127 * float(value) / largest
            assert abs(level - exact) <= 0.5 + 1e-4  # which of two neighbours is float32's to say at the very half
    assert levels.dtype == torch.int8
    assert levels.abs().max() <= 127


@given(WEIGHTS)
def test_there_and_back_is_off_by_half_a_step_at_most(weight):
    levels, scales = quantize_channels(torch.from_numpy(weight))
    back = dequantize_channels(levels, scales)
    assert back.shape == weight.shape
    step = scales.view(-1, *[1] * (weight.ndim - 1))
    assert torch.all((back - torch.from_numpy(weight)).abs() <= step * 0.5001)


def test_a_worked_example():
    levels, scales = quantize_channels(torch.tensor([[1.0, -2.54, 0.013], [0.0, 0.0, 0.0]]))
    assert levels.tolist() == [[50, -127, 1], [0, 0, 0]]
    assert scales.tolist() == pytest.approx([0.02, 0.0])
    assert dequantize_channels(levels, scales)[0].tolist() == pytest.approx([1.0, -2.54, 0.02])


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "any"}))
    generator = torch.Generator().manual_seed(0)
    weights = {
        "linear": torch.randn(64, 128, generator=generator).half(),
        "convolution": torch.randn(8, 3, 3, 3, generator=generator).half(),
        "bias": torch.randn(64, generator=generator).half(),
        "positions": torch.arange(32)[None],
        "scale": torch.tensor(2.5).half(),
    }
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return folder, weights


def test_a_copy_computes_with_what_int8_leaves(repository, tmp_path):
    folder, weights = repository
    copy = copy_in_int8(folder, tmp_path / "copy")
    assert (copy / "config.json").read_text() == (folder / "config.json").read_text()
    stored = load_file(copy / "model.safetensors")
    assert set(stored) == set(weights)
    for name in ("linear", "convolution"):
        assert torch.equal(stored[name], dequantize_channels(*quantize_channels(weights[name])))
    assert torch.equal(stored["bias"], weights["bias"].float())
    assert torch.equal(stored["positions"], weights["positions"])
    assert stored["positions"].dtype == torch.int64
    assert torch.equal(
        load_file(folder / "model.safetensors")["linear"], weights["linear"]
    )  # the original is as it was


def test_the_size_is_a_byte_a_weight_four_a_channel_and_the_rest_as_it_is(repository):
    folder, _ = repository
    payload = 64 * 128 + 8 * 27 + 4 * (64 + 8) + 2 * 64 + 8 * 32 + 2
    assert payload < n_bytes_in_int8(folder) < payload + 1000  # and a header of names
