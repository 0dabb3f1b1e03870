"""The recipe of the embedder: seeded and resumable.

    examples(seed, step) -> network -> losses -> AdamW -> running mean of the weights -> checkpoint

Two tasks at once: captions and pictures find each other (`loss.py`), and both name the facts (`facts.py`).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from medialens.training.drawing import KINDS
from medialens.training.embedder.loss import Features, total_loss
from medialens.training.embedder.network import build_network
from medialens.training.examples import TrainingBatch, make_examples, to_batch
from medialens.training.facts import FactTable
from medialens.training.run import Run, RunSettings, go_on
from medialens.training.tokens import build_tokenizer

MAX_LOG_SCALE = math.log(100.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecipeSettings(RunSettings):
    """What a run is made of; the defaults are those of the shipped weights.

    Attributes:
        batch_size, n_second: Pictures a step, and how many of them get a second caption.
        kinds: Of pictures; all of them, except in a quick trial.
        widths, text_width: Of the network; None and the default are the shipped ones.
    """

    steps: int = 5000
    batch_size: int = 256
    n_second: int = 32
    kinds: tuple[str, ...] = tuple(KINDS)
    widths: tuple[int, ...] | None = None
    text_width: int = 192


class EmbedderRun(Run[RecipeSettings]):
    """A run of the embedder: its network, its tokenizer, and the table of facts."""

    def __init__(self, settings: RecipeSettings, folder: Path) -> None:
        torch.manual_seed(settings.seed)
        self.tokenizer = build_tokenizer()
        widths = list(settings.widths) if settings.widths else None
        network = build_network(len(self.tokenizer), widths=widths, text_width=settings.text_width)
        self.table = FactTable(settings.text_width)
        super().__init__(settings, folder, network=network, helpers={"table": self.table})

    def loss(self) -> Tensor:
        """Contrast, and the facts of pictures and captions."""
        settings = self.settings
        examples = make_examples(settings.seed, self.step, settings.batch_size, kinds=settings.kinds)
        batch = to_batch(examples, self.tokenizer, n_second=settings.n_second)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=settings.half):
            features = encode(self.network, batch)
        loss = total_loss(features, batch.same)
        loss = loss + self.table.loss(features.images, batch.picture_facts)
        return loss + self.table.loss(features.captions, batch.caption_facts)

    def after_step(self) -> None:
        """The temperature stays within CLIP's bounds."""
        self.network.logit_scale.clamp_(max=MAX_LOG_SCALE)

    def log(self, loss: float) -> Mapping[str, Any]:
        """With the scale that contrast has found."""
        return {**super().log(loss), "scale": round(float(self.network.logit_scale.detach().exp()), 2)}


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


def train(
    settings: RecipeSettings, folder: str | Path, *, on_checkpoint: Callable[[EmbedderRun], None] | None = None
) -> EmbedderRun:
    """Trains until `steps` or `minutes` are over, going on from the folder's checkpoint if there is one."""
    return go_on(EmbedderRun(settings, Path(folder)), on_checkpoint=on_checkpoint)
