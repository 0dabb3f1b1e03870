"""The last steps from pooled features to a vector, always in fp32."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  # the name that torch users know
from jaxtyping import Float
from safetensors.torch import load_file
from torch import Tensor, nn

from medialens.errors import IncompleteRepositoryError, RepositoryError

# Dotted paths of a Dense module's config, by their last part; anything else is refused, because importing what
# a file names is running what a file says.
_ACTIVATIONS: dict[str, type[nn.Module]] = {
    kind.__name__: kind for kind in (nn.Identity, nn.Tanh, nn.ReLU, nn.GELU, nn.SiLU, nn.Sigmoid)
}


def to_unit_length(vectors: Float[Tensor, "n dim"]) -> Float[Tensor, "n dim"]:
    """Vectors of length 1, in fp32; a zero vector stays zero."""
    return F.normalize(vectors.to(torch.float32), p=2, dim=-1)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class DenseHead:
    """A Dense module of Sentence Transformers: a linear layer, an activation, and perhaps the input added.

    Attributes:
        weight, bias: Of the linear layer, (out, in) and (out,).
        activation: After it.
        residual: None adds nothing; an empty tuple adds the input itself; else the weight it is projected by.
    """

    weight: Tensor
    bias: Tensor | None
    activation: nn.Module
    residual: Tensor | tuple[()] | None = None

    def __call__(self, vectors: Float[Tensor, "n n_in"]) -> Float[Tensor, "n n_out"]:
        """The new vectors, in fp32."""
        out: Tensor = self.activation(F.linear(vectors, self.weight, self.bias))
        if self.residual is None:
            return out
        return out + (vectors if isinstance(self.residual, tuple) else F.linear(vectors, self.residual))


def activation_named(path: str, *, repository: str) -> nn.Module:
    """The activation that a dotted path means.

    Raises:
        RepositoryError: It is none of torch's that are known here.
    """
    kind = _ACTIVATIONS.get(path.rpartition(".")[2]) if path.startswith("torch.nn.") else None
    if kind is None:
        known = ", ".join(_ACTIVATIONS)
        msg = f"{repository!r}: the activation {path!r} is not known; expected one of torch.nn's {known}"
        raise RepositoryError(msg, repository=repository)
    return kind()


def load_dense(folder: Path, config: Mapping[str, Any], *, device: torch.device, repository: str) -> DenseHead:
    """The head of a Dense module's folder.

    Raises:
        IncompleteRepositoryError: Its weights are not those that its config promises.
        RepositoryError: Its activation is unknown.
    """
    pickled = folder / "pytorch_model.bin"
    whole = (folder / "model.safetensors").is_file()
    weights = load_file(folder / "model.safetensors") if whole else torch.load(pickled, weights_only=True)
    weights = {name: value.to(device, torch.float32) for name, value in weights.items()}
    shape = (int(config["out_features"]), int(config["in_features"]))
    found = weights.get("linear.weight")
    if found is None or tuple(found.shape) != shape:
        msg = (
            f"{repository!r}: the Dense module in {folder.name} promises a weight of shape {shape}, found "
            f"{'none' if found is None else tuple(found.shape)}"
        )
        raise IncompleteRepositoryError(msg, repository=repository, missing=(f"{folder.name}/linear.weight",))
    path = str(config.get("activation_function") or "torch.nn.modules.activation.Tanh")
    return DenseHead(
        weight=found,
        bias=weights.get("linear.bias") if config.get("bias", True) else None,
        activation=activation_named(path, repository=repository),
        residual=weights.get("residual.weight", ()) if config.get("use_residual") else None,
    )
