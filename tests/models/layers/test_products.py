"""Rows times weights: the same numbers whichever library multiplies."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # the name that torch users know
from transformers.activations import ACT2FN

from medialens.models.layers import products

SHAPES = [(1, 1024, 1024), (300, 64, 96), (7, 512, 3072), (2, 150, 64, 256), (0, 64, 8), (3, 4, 5)]


@pytest.fixture(params=[True, False])
def onednn(request, monkeypatch):
    """Both libraries, on any machine that has both."""
    if request.param and not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        pytest.skip("torch was built without oneDNN")
    monkeypatch.setattr(products, "prefers_onednn", lambda: request.param)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.usefixtures("onednn")
def test_it_is_the_product(shape, has_bias):
    generator = torch.Generator().manual_seed(0)
    *leading, inner, outer = shape
    rows, weight, bias = (torch.randn(size, generator=generator) for size in [(*leading, inner), (outer, inner), outer])
    exact = rows.double() @ weight.double().T + (bias.double() if has_bias else 0)

    with torch.inference_mode():
        found = products.linear(rows, weight, bias if has_bias else None)

    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), exact, rtol=1e-5, atol=2e-5 * inner**0.5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", list(products.ACTIVATIONS))
@pytest.mark.usefixtures("onednn")
def test_an_activation_may_follow(name, dtype):
    generator = torch.Generator().manual_seed(0)
    rows, weight, bias = (torch.randn(size, generator=generator, dtype=dtype) for size in [(300, 64), (96, 64), 96])
    exact = ACT2FN[name](rows.double() @ weight.double().T + bias.double())

    with torch.inference_mode():
        found = products.activated(rows, weight, bias, products.ACTIVATIONS[name])

    assert found.dtype == dtype
    tolerance = 2e-5 if dtype == torch.float32 else 2e-2
    torch.testing.assert_close(found.double(), exact, rtol=tolerance, atol=8 * tolerance)


@pytest.mark.usefixtures("onednn")
def test_rows_and_weights_may_be_views():
    generator = torch.Generator().manual_seed(0)
    rows, weight = torch.randn(64, 512, generator=generator).T, torch.randn(200, 300, generator=generator)[:, 50:114]

    with torch.inference_mode():
        found = products.linear(rows, weight, None)

    torch.testing.assert_close(found, F.linear(rows, weight), rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures("onednn")
def test_gradients_and_half_precision_are_left_to_torch():
    weight = torch.randn(1024, 1024, requires_grad=True)

    products.linear(torch.ones(4, 1024), weight, None).sum().backward()

    assert weight.grad is not None
    with torch.inference_mode():
        half = products.linear(torch.ones(4, 1024).bfloat16(), weight.detach().bfloat16(), None)
    assert half.dtype == torch.bfloat16
