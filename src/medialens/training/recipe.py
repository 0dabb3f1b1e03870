"""The recipe of the embedded model: one function, `train`, seeded and resumable.

    examples(seed, step) -> network -> losses -> AdamW -> running mean of the weights -> checkpoint

Two tasks at once: captions and pictures find each other (`loss.py`), and both name the facts (`facts.py`).
"""

from __future__ import annotations

import dataclasses
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from medialens.training.checkpoint import RunningMean, load_checkpoint, save_checkpoint
from medialens.training.drawing import KINDS
from medialens.training.examples import TrainingBatch, make_examples, to_batch
from medialens.training.facts import FactTable
from medialens.training.loss import Features, total_loss
from medialens.training.network import build_network
from medialens.training.tokens import build_tokenizer

MAX_LOG_SCALE = math.log(100.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecipeSettings:
    """What a run is made of; the defaults are those of the shipped weights.

    Attributes:
        steps: Optimiser steps in all; the learning rate is constant, then falls to 0 over the last `decay_share`.
        minutes: Stop (resumable) after this many minutes of this call; None for no limit.
        batch_size, n_second: Pictures a step, and how many of them get a second caption.
        learning_rate, weight_decay, warmup_steps, decay_share: AdamW's schedule.
        mean_decay: Of the running mean of weights, which is what gets exported.
        half: bfloat16 autocast. Three times as fast on CPUs with AVX512-BF16 or AMX, slower on others.
        checkpoint_steps: How often the run is written to disk.
        kinds: Of pictures; all of them, except in a quick trial.
        widths, text_width: Of the network; None and the default are the shipped ones.
    """

    seed: int = 7
    steps: int = 3000
    minutes: float | None = None
    batch_size: int = 256
    n_second: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    warmup_steps: int = 200
    decay_share: float = 0.3
    mean_decay: float = 0.995
    half: bool = False
    checkpoint_steps: int = 100
    kinds: tuple[str, ...] = tuple(KINDS)
    widths: tuple[int, ...] | None = None
    text_width: int = 192

    def learning_rate_at(self, step: int) -> float:
        """Linear warm-up, a plateau, a linear fall to nothing."""
        fall = max(1, round(self.steps * self.decay_share))
        rise = min(1.0, (step + 1) / max(1, self.warmup_steps))
        return self.learning_rate * rise * min(1.0, max(0.0, (self.steps - step) / fall))


class Run:
    """A training run under way: network, tokenizer, optimiser, running mean, step and minutes so far."""

    def __init__(self, settings: RecipeSettings, folder: Path) -> None:
        torch.manual_seed(settings.seed)
        self.settings, self.folder = settings, folder
        self.tokenizer = build_tokenizer()
        widths = list(settings.widths) if settings.widths else None
        self.network = build_network(len(self.tokenizer), widths=widths, text_width=settings.text_width)
        self.table = FactTable(settings.text_width)
        groups = _groups(nn.ModuleList([self.network, self.table]), settings.weight_decay)
        self.optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98))
        self.mean = RunningMean(self.network, settings.mean_decay)
        self.step, self.minutes = 0, 0.0
        self._resume()

    def _resume(self) -> None:
        state = load_checkpoint(self.folder / "checkpoint.pt")
        if state is None:
            return
        self.network.load_state_dict(state["network"])
        self.table.load_state_dict(state["table"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.mean.restore(state["mean"])
        self.step, self.minutes = state["step"], state["minutes"]

    def save(self) -> None:
        """Writes the checkpoint."""
        state = {
            "network": self.network.state_dict(),
            "table": self.table.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "mean": self.mean.state(),
            "step": self.step,
            "minutes": self.minutes,
        }
        save_checkpoint(self.folder / "checkpoint.pt", state)

    def advance(self) -> float:
        """One optimiser step; the loss before it."""
        settings = self.settings
        examples = make_examples(settings.seed, self.step, settings.batch_size, kinds=settings.kinds)
        batch = to_batch(examples, self.tokenizer, n_second=settings.n_second)
        for group in self.optimizer.param_groups:
            group["lr"] = settings.learning_rate_at(self.step)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=settings.half):
            features = encode(self.network, batch)
        loss = total_loss(features, batch.same)
        loss = loss + self.table.loss(features.images, batch.picture_facts)
        loss = loss + self.table.loss(features.captions, batch.caption_facts)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        with torch.no_grad():
            self.network.logit_scale.clamp_(max=MAX_LOG_SCALE)
        self.mean.update(self.network)
        self.step += 1
        return float(loss.detach())


def image_features(network: Any, pixels: Tensor) -> Tensor:
    """(n, dim) in float32, whatever the network computes in."""
    features: Tensor = network.visual_projection(network.vision_model(pixels)[1])
    return features.float()


def text_features(network: Any, tokens: Tensor, mask: Tensor) -> Tensor:
    """(n, dim) in float32, whatever the network computes in."""
    features: Tensor = network.text_projection(network.text_model(input_ids=tokens, attention_mask=mask)[1])
    return features.float()


def encode(network: Any, batch: TrainingBatch) -> Features:
    """Features of a batch."""
    images = image_features(network, batch.pixels)
    texts = text_features(network, batch.tokens, batch.token_mask)
    count = len(images)
    return Features(
        images=images, captions=texts[:count], seconds=texts[count:], scale=network.logit_scale.float().exp()
    )


def _groups(network: torch.nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Matrices decay; biases, norms, scales and the temperature do not."""
    decaying = [tensor for tensor in network.parameters() if tensor.ndim > 1]
    others = [tensor for tensor in network.parameters() if tensor.ndim <= 1]
    return [{"params": decaying, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


def train(settings: RecipeSettings, folder: str | Path, *, on_checkpoint: Callable[[Run], None] | None = None) -> Run:
    """Trains until `steps` or `minutes` are over, going on from the folder's checkpoint if there is one.

    Args:
        settings: Of the run. To go on with a changed `steps` only moves the end of the schedule.
        folder: Receives ``checkpoint.pt`` and ``log.jsonl`` (step, loss, learning rate, minutes).
        on_checkpoint: Called after each checkpoint, e.g. to measure and export.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    run = Run(settings, folder)
    run.network.train()
    spent = 0.0
    while run.step < settings.steps and (settings.minutes is None or spent < settings.minutes):
        started = time.perf_counter()
        loss = run.advance()
        took = (time.perf_counter() - started) / 60
        spent, run.minutes = spent + took, run.minutes + took
        _log(run, loss)
        if run.step % settings.checkpoint_steps == 0:
            run.save()
            if on_checkpoint is not None:
                on_checkpoint(run)
    run.save()
    return run


def _log(run: Run, loss: float) -> None:
    line = {
        "step": run.step, "loss": round(loss, 4), "learning_rate": run.settings.learning_rate_at(run.step - 1),
        "scale": round(float(run.network.logit_scale.detach().exp()), 2), "minutes": round(run.minutes, 3),
    }  # fmt: skip
    with (run.folder / "log.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")
