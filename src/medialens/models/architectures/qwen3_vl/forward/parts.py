"""The weights of a layer as plain values: read once from transformers' module, never walked again.

What is multiplied with the same input is laid side by side, so that one product gives it all. The module's own weights
become views of that: nothing is held twice, and the module still computes what it did.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F  # noqa: N812  # the name that torch users know
from torch import Tensor, nn

from medialens.models.layers.products import Activation, activated
from medialens.models.layers.products import linear as product

Map: TypeAlias = Callable[[Tensor], Tensor]
"""Rows to rows."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Linear:
    """``x @ weight.T + bias``."""

    weight: Tensor
    bias: Tensor | None

    def __call__(self, rows: Tensor) -> Tensor:
        """The new rows."""
        return product(rows, self.weight, self.bias)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Activated:
    """``activation(x @ weight.T + bias)``."""

    weight: Tensor
    bias: Tensor | None
    activation: Activation

    def __call__(self, rows: Tensor) -> Tensor:
        """The new rows."""
        return activated(rows, self.weight, self.bias, self.activation)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LayerNorm:
    """Mean 0 and deviation 1, then scale and shift."""

    weight: Tensor
    bias: Tensor
    eps: float

    def __call__(self, rows: Tensor) -> Tensor:
        """The new rows."""
        return F.layer_norm(rows, self.weight.shape, self.weight, self.bias, self.eps)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class RmsNorm:
    """Root mean square 1, then scale."""

    weight: Tensor
    eps: float

    def __call__(self, rows: Tensor) -> Tensor:
        """The new rows."""
        return F.rms_norm(rows, self.weight.shape, self.weight, self.eps)


def linear(module: Any) -> Map:
    """What the module does; the module itself where its weights are no plain ones (quantised, adapted ...)."""
    return Linear(weight=module.weight.data, bias=_bias(module)) if _is_plain(module) else module


def activated_linear(module: Any, activation: Activation) -> Map:
    """What the module does, and then the activation."""
    if _is_plain(module):
        return Activated(weight=module.weight.data, bias=_bias(module), activation=activation)
    return lambda rows: activation.function(module(rows))


def side_by_side(*modules: Any) -> Map:
    """All the modules' outputs for one input, one behind the other."""
    if not all(_is_plain(module) for module in modules) or len({module.bias is None for module in modules}) > 1:
        maps = [linear(module) for module in modules]
        return lambda rows: torch.cat([each(rows) for each in maps], dim=-1)
    weight = torch.cat([module.weight.data for module in modules])
    for module, view in zip(modules, torch.split(weight, [len(module.weight) for module in modules]), strict=True):
        module.weight.data = view
    biases = [bias for bias in map(_bias, modules) if bias is not None]
    return Linear(weight=weight, bias=torch.cat(biases) if biases else None)


def layer_norm(module: nn.LayerNorm) -> LayerNorm:
    """What the module does."""
    return LayerNorm(weight=module.weight.data, bias=module.bias.data, eps=module.eps)


def rms_norm(module: Any) -> RmsNorm:
    """What the module does."""
    return RmsNorm(weight=module.weight.data, eps=float(module.variance_epsilon))


def _is_plain(module: Any) -> bool:
    return type(module) is nn.Linear and type(module.weight.data) is Tensor


def _bias(module: Any) -> Tensor | None:
    return None if module.bias is None else module.bias.data
