"""Rows times weights, by the fastest library that torch brings along.

In fp32 on a CPU, torch multiplies with Intel's MKL, which leaves half of an AMD core's vector units idle. oneDNN, which
torch has as well and which `torch.compile` uses, does not: 2.1 to 2.3 times as fast on Zen 4, in full fp32.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812  # the name that torch users know
from torch import Tensor

_WORTH_IT = 2**20
"""Multiplications; below, oneDNN's call takes longer than what it saves."""

_CPU_INFO = Path("/proc/cpuinfo")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Activation:
    """What may follow a product, and how oneDNN calls it, which applies it while the product is at hand."""

    function: Callable[[Tensor], Tensor]
    name: str
    algorithm: str


ACTIVATIONS = {
    "gelu_pytorch_tanh": Activation(
        function=functools.partial(F.gelu, approximate="tanh"), name="gelu", algorithm="tanh"
    ),
    "gelu": Activation(function=F.gelu, name="gelu", algorithm="none"),
}
"""By transformers' names."""


def activated(rows: Tensor, weight: Tensor, bias: Tensor | None, activation: Activation) -> Tensor:
    """``activation(rows @ weight.T + bias)``, for inference."""
    if _by_onednn(rows, weight) or _fuses_half(rows):
        product: Tensor = torch.ops.mkldnn._linear_pointwise(  # noqa: SLF001  # see above
            rows, weight, bias, activation.name, [], activation.algorithm
        )
        return product
    return activation.function(F.linear(rows, weight, bias))


def linear(rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """``rows @ weight.T + bias``, for inference: no gradient is kept."""
    if _by_onednn(rows, weight):
        product: Tensor = torch.ops.mkldnn._linear_pointwise(rows, weight, bias, "none", [], "")  # noqa: SLF001  # see above
        return product
    return F.linear(rows, weight, bias)


def _by_onednn(rows: Tensor, weight: Tensor) -> bool:
    large = len(weight) * rows.numel() >= _WORTH_IT
    return large and weight.dtype == torch.float32 and multiplies_faster(rows)


def _fuses_half(rows: Tensor) -> bool:
    """Whether this is bf16 on a CPU: torch multiplies by oneDNN there, and takes as long again for the activation."""
    is_half = rows.dtype == torch.bfloat16 and rows.device.type == "cpu"
    return is_half and not torch.is_grad_enabled() and _computes_half()


@functools.cache
def _computes_half() -> bool:
    has_it = hasattr(torch.ops.mkldnn, "_linear_pointwise") and hasattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported")
    return has_it and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001  # there is no other way to ask


def multiplies_faster(rows: Tensor) -> bool:
    """Whether `linear` is faster here than what torch's own functions multiply with."""
    is_plain = rows.dtype == torch.float32 and rows.device.type == "cpu"
    return is_plain and not torch.is_grad_enabled() and prefers_onednn()


@functools.cache
def prefers_onednn() -> bool:
    """Whether this is a CPU on which oneDNN is the faster one, and torch has it."""
    has_it = hasattr(torch.ops.mkldnn, "_linear_pointwise")
    return has_it and torch.backends.cpu.get_cpu_capability() == "AVX512" and _is_amd()


def _is_amd() -> bool:
    try:
        with _CPU_INFO.open(encoding="utf-8", errors="replace") as lines:
            return any("AuthenticAMD" in line for line in lines if line.startswith("vendor_id"))
    except OSError:
        return False
