"""Low-rank adapters in peft's files, and a model with one by the definition: ``W x + scale * B (A x)``."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

RANK = 4


def write_adapter(
    folder: Path, base: Path | str, model: nn.Module, targets: Sequence[str], *, prefix: str = "", **settings: Any
) -> Path:
    """An adapter of all linear layers whose name ends with one of `targets`; `prefix` stands before all names."""
    folder.mkdir(parents=True, exist_ok=True)
    weights: dict[str, torch.Tensor] = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and name.endswith(tuple(targets)):
            a, b = pair(name, module)
            weights[f"base_model.model.{prefix}{name}.lora_A.weight"] = a
            weights[f"base_model.model.{prefix}{name}.lora_B.weight"] = b
    save_file(weights, folder / "adapter_model.safetensors")
    said = {"peft_type": "LORA", "base_model_name_or_path": str(base), "r": RANK, "lora_alpha": 8} | settings
    said |= {"target_modules": list(targets)}
    (folder / "adapter_config.json").write_text(json.dumps(said), encoding="utf-8")
    return folder


def pair(name: str, module: nn.Linear) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(sum(name.encode()))
    a = torch.randn(RANK, module.in_features, generator=generator) / 8
    return a, torch.randn(module.out_features, RANK, generator=generator) / 8


@contextlib.contextmanager
def applied(model: nn.Module, targets: Sequence[str], scale: float | Mapping[str, float]) -> Iterator[None]:
    """The model with the adapter beside its layers, as in training."""
    handles = []
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and name.endswith(tuple(targets)):
            a, b = pair(name, module)
            by = scale if isinstance(scale, float) else scale[name]

            def beside(_, given, out, a=a, b=b, by=by):
                return out + by * (given[0] @ a.T @ b.T)

            handles.append(module.register_forward_hook(beside))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
