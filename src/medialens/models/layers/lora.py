"""Low-rank adapters (Hu et al. 2021, arXiv:2106.09685), added to a backbone's weights at loading: ``W + scale * B A``.

A merged adapter costs nothing to run. What cannot be merged exactly is refused, never left out.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from medialens.errors import IncompleteRepositoryError, RepositoryError
from medialens.hub.adapter import Adapter

_PREFIX = "base_model.model."  # peft's wrapper around the model
_A = re.compile(r"^(?P<module>.+)\.lora_(?P<embedding>embedding_)?A(\.weight)?$")
_HEADS = ("lm_head",)  # of generating models; where none is loaded, its changes are not needed

# Settings under which W + scale * B A is not all that the adapter does, and the values with which it is.
_PLAIN: dict[str, tuple[Any, ...]] = {
    "peft_type": ("LORA",),
    "use_dora": (None, False),
    "use_qalora": (None, False),
    "lora_bias": (None, False),
    "layer_replication": (None, []),
    "trainable_token_indices": (None, [], {}),
    "target_parameters": (None, []),
    "alora_invocation_tokens": (None, []),
    "arrow_config": (None,),
    # The others change the base's weights as well, by what training began with.
    "init_lora_weights": (None, True, False, "gaussian", "eva", "orthogonal"),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Scaling:
    """What B A is multiplied with: alpha over the rank, or over its root."""

    alpha: float
    alpha_pattern: Mapping[str, float]
    rooted: bool

    def of(self, module: str, rank: int) -> float:
        patterns = (one for one in self.alpha_pattern if re.match(rf"(.*\.)?({one})$", module))
        alpha = self.alpha_pattern.get(next(patterns, ""), self.alpha)
        return alpha / (math.sqrt(rank) if self.rooted else rank)


@torch.no_grad()
def merge_adapter(model: nn.Module, adapter: Adapter) -> None:
    """Change the weights of `model`, on whatever device they are, as the adapter says.

    Raises:
        RepositoryError: It is of a kind that cannot be merged, or belongs to another model.
        IncompleteRepositoryError: Half of a pair is missing.
    """
    name, settings = adapter.repository.name, adapter.settings
    check_plain(settings, name)
    weights = {key.removeprefix(_PREFIX): value for key, value in load_file(adapter.weights).items()}
    scaling = _Scaling(
        alpha=float(settings.get("lora_alpha", 8)),
        alpha_pattern={str(key): float(value) for key, value in (settings.get("alpha_pattern") or {}).items()},
        rooted=bool(settings.get("use_rslora")),
    )
    parameters = _Parameters(model, name)
    pairs = {match["module"]: (key, match) for key in weights if (match := _A.match(key))}
    for module, (key, match) in pairs.items():
        other = key.replace("_A", "_B") if match["embedding"] else key.replace(".lora_A", ".lora_B")
        if other not in weights:
            msg = f"{name!r}: {key} has no counterpart {other}; download the adapter again"
            raise IncompleteRepositoryError(msg, repository=name, missing=(other,))
        a, b = weights.pop(key).float(), weights.pop(other).float()
        transposed = bool(match["embedding"] or settings.get("fan_in_fan_out"))
        for weight in parameters.find(f"{module}.weight"):
            change = _product(a, b, transposed=transposed) * scaling.of(module, len(a))
            _check_shape(weight, change.numel(), f"{module}.weight", name)
            weight.copy_(weight.float() + change.view(weight.shape).to(weight.device))
    _replace(parameters, weights, name)


def check_plain(settings: Mapping[str, Any], name: str) -> None:
    """Nothing, if the adapter is one that can be merged.

    Raises:
        RepositoryError: It is not.
    """
    for key, values in _PLAIN.items():
        value = settings.get(key)
        if not any(value == plain and type(value) is type(plain) for plain in values):
            msg = (
                f"{name!r} is an adapter with {key}={value!r:.80}, which is not merged into its base here; merge it "
                "with peft (merge_and_unload) and save the whole model"
            )
            raise RepositoryError(msg, repository=name)


def _product(a: Tensor, b: Tensor, *, transposed: bool) -> Tensor:
    """B A of linear layers; of convolutions, whose B has a kernel of one, the same over flattened kernels."""
    change = b.flatten(1) @ a.flatten(1)
    return change.T.contiguous() if transposed else change


def _replace(parameters: _Parameters, weights: Mapping[str, Tensor], name: str) -> None:
    """What the adapter trained whole: heads, biases."""
    for key, value in weights.items():
        for parameter in parameters.find(key):
            _check_shape(parameter, value.numel(), key, name)
            parameter.copy_(value.view(parameter.shape))


def _check_shape(parameter: Tensor, n_values: int, key: str, name: str) -> None:
    if parameter.numel() != n_values:
        msg = f"{name!r}: {key} of the adapter does not fit the base's {tuple(parameter.shape)}; it is of another model"
        raise RepositoryError(msg, repository=name)


class _Parameters:
    """A model's parameters by the adapter's names, which may be those of the model inside or around it."""

    def __init__(self, model: nn.Module, repository: str) -> None:
        self._named = dict(model.named_parameters(remove_duplicate=False))
        self._inner = f"{getattr(model, 'base_model_prefix', '') or 'model'}."
        self._repository = repository

    def find(self, key: str) -> Iterator[Tensor]:
        """The parameter; nothing for a head that this model does not have.

        Raises:
            RepositoryError: There is no such parameter.
        """
        for name in (key, key.removeprefix(self._inner), f"{self._inner}{key}"):
            if name in self._named:
                yield self._named[name].data
                return
        if not key.startswith(_HEADS):
            msg = f"{self._repository!r}: the adapter changes {key}, which its base model does not have"
            raise RepositoryError(msg, repository=self._repository)
