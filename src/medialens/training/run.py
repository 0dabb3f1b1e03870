"""A training run under way, whatever it trains: settings, schedule, optimiser steps, checkpoints, log."""

from __future__ import annotations

import abc
import dataclasses
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from medialens.training.checkpoint import RunningMean, load_checkpoint, save_checkpoint
from medialens.training.measuring.table import Row


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunSettings:
    """What every run is made of.

    Attributes:
        steps: Optimiser steps in all; the learning rate is constant, then falls to 0 over the last `decay_share`.
        minutes: Stop (resumable) after this many minutes of this call; None for no limit.
        learning_rate, weight_decay, warmup_steps, decay_share: AdamW's schedule.
        mean_decay: Of the running mean of weights, which is what gets exported.
        half: bfloat16 autocast. Three times as fast on CPUs with AVX512-BF16 or AMX, slower on others.
        checkpoint_steps: How often the run is written to disk.
    """

    seed: int = 7
    steps: int
    minutes: float | None = None
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    warmup_steps: int = 200
    decay_share: float = 0.3
    mean_decay: float = 0.995
    half: bool = False
    checkpoint_steps: int = 200

    def learning_rate_at(self, step: int) -> float:
        """Linear warm-up, a plateau, a linear fall to nothing."""
        fall = max(1, round(self.steps * self.decay_share))
        rise = min(1.0, (step + 1) / max(1, self.warmup_steps))
        return self.learning_rate * rise * min(1.0, max(0.0, (self.steps - step) / fall))


S = TypeVar("S", bound=RunSettings)
R = TypeVar("R", bound="Run[Any]")


class Run(abc.ABC, Generic[S]):
    """Modules, optimiser, running mean, step and minutes so far; goes on from the folder's checkpoint if one is there.

    Attributes:
        network: What is exported.
        helpers: By name, what is trained beside it and thrown away.
    """

    def __init__(
        self, settings: S, folder: Path, *, network: Any, helpers: Mapping[str, nn.Module] | None = None
    ) -> None:
        self.settings, self.folder = settings, folder
        self.network, self.helpers = network, dict(helpers or {})
        trained = nn.ModuleList([network, *self.helpers.values()])
        self.optimizer = torch.optim.AdamW(self.parameter_groups(trained), betas=(0.9, 0.98))
        self.mean = RunningMean(network, settings.mean_decay)
        self.step, self.minutes = 0, 0.0
        self._resume()

    @abc.abstractmethod
    def loss(self) -> Tensor:
        """The loss of the step at hand, a scalar to go down."""

    def parameter_groups(self, trained: nn.Module) -> list[dict[str, Any]]:
        """Matrices decay; biases, norms, scales and the temperature do not."""
        matrices = [tensor for tensor in trained.parameters() if tensor.ndim > 1]
        others = [tensor for tensor in trained.parameters() if tensor.ndim <= 1]
        return [
            {"params": matrices, "weight_decay": self.settings.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]

    def after_step(self) -> None:
        """What a recipe does to the weights after each step; nothing, unless it says otherwise."""

    def advance(self) -> float:
        """One optimiser step; the loss before it."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.learning_rate_at(self.step) * group.get("share", 1.0)
        loss = self.loss()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        with torch.no_grad():
            self.after_step()
        self.mean.update(self.network)
        self.step += 1
        return float(loss.detach())

    def save(self) -> None:
        """Writes the checkpoint."""
        state = {
            "network": self.network.state_dict(),
            **{name: helper.state_dict() for name, helper in self.helpers.items()},
            "optimizer": self.optimizer.state_dict(),
            "mean": self.mean.state(),
            "step": self.step,
            "minutes": self.minutes,
        }
        save_checkpoint(self.folder / "checkpoint.pt", state)

    def _resume(self) -> None:
        state = load_checkpoint(self.folder / "checkpoint.pt")
        if state is None:
            return
        self.network.load_state_dict(state["network"])
        for name, helper in self.helpers.items():
            helper.load_state_dict(state[name])
        self.optimizer.load_state_dict(state["optimizer"])
        self.mean.restore(state["mean"])
        self.step, self.minutes = state["step"], state["minutes"]

    def log(self, loss: float) -> Mapping[str, Any]:
        """What a line of the log says of the step just made."""
        rate = self.settings.learning_rate_at(self.step - 1)
        return {"step": self.step, "loss": round(loss, 4), "learning_rate": rate, "minutes": round(self.minutes, 3)}


def go_on(run: R, *, on_checkpoint: Callable[[R], None] | None = None) -> R:
    """Advances the run until its `steps` or `minutes` are over.

    Args:
        run: To go on with a changed `steps` only moves the end of the schedule. Its folder receives
            ``checkpoint.pt`` and ``log.jsonl`` (step, loss, learning rate, minutes).
        on_checkpoint: Called after each checkpoint, e.g. to measure.
    """
    run.folder.mkdir(parents=True, exist_ok=True)
    run.network.train()
    settings, spent = run.settings, 0.0
    while run.step < settings.steps and (settings.minutes is None or spent < settings.minutes):
        started = time.perf_counter()
        loss = run.advance()
        took = (time.perf_counter() - started) / 60
        spent, run.minutes = spent + took, run.minutes + took
        append_line(run.folder / "log.jsonl", run.log(loss))
        if run.step % settings.checkpoint_steps == 0:
            run.save()
            if on_checkpoint is not None:
                on_checkpoint(run)
    run.save()
    return run


def append_line(path: Path, line: Mapping[str, Any]) -> None:
    """One JSON line more in a log."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def log_row(run: Run[Any], row: Row) -> Row:
    """Adds what was measured to the run's ``metrics.jsonl``, and gives it back."""
    line = {
        "step": run.step, "minutes": round(run.minutes, 3), "candidates": row.n_candidates,
        "recall_at_1": row.recall_at_1, "recall_at_5": row.recall_at_5,
    }  # fmt: skip
    append_line(run.folder / "metrics.jsonl", line)
    return row
