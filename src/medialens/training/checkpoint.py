"""A training run on disk: everything needed to go on as if it had not stopped."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Writes beside the file, then renames: a killed run leaves the old checkpoint or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    torch.save(state, unfinished)
    os.replace(unfinished, path)  # noqa: PTH105  # atomic on every platform


def load_checkpoint(path: Path) -> dict[str, Any] | None:
    """The saved state, or None where there is none."""
    if not path.is_file():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


class RunningMean:
    """An exponential moving average of the weights: better than the last step's, and good at any moment."""

    def __init__(self, network: torch.nn.Module, decay: float) -> None:
        self._decay = decay
        self.weights = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
        self._n_updates = 0

    @torch.no_grad()
    def update(self, network: torch.nn.Module) -> None:
        """Moves the mean towards the network as it is now."""
        self._n_updates += 1
        decay = min(self._decay, self._n_updates / (self._n_updates + 10))  # a short memory while all is young
        for name, tensor in network.state_dict().items():
            mean = self.weights[name]
            if mean.is_floating_point():
                mean.lerp_(tensor, 1 - decay)
            else:
                mean.copy_(tensor)

    def state(self) -> dict[str, Any]:
        """What `restore` needs."""
        return {"weights": self.weights, "n_updates": self._n_updates}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes back to a saved state."""
        self.weights, self._n_updates = state["weights"], state["n_updates"]
