"""The recipe of the reranker: seeded and resumable, on the towers of a trained embedder.

groups(seed, step) -> network -> losses -> AdamW -> running mean of the weights -> checkpoint
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from medialens.training.reranker.batches import to_pairs
from medialens.training.reranker.groups import make_groups
from medialens.training.reranker.network import build_network
from medialens.training.run import Run, RunSettings, go_on
from medialens.training.tokens import build_tokenizer


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecipeSettings(RunSettings):
    """What a run is made of.

    Attributes:
        embedder: Folder of the embedder whose towers it starts from.
        n_groups, n_rivals, n_others: Groups a step; beside the first scene of each, rivals and others.
        tower_share: Learning rate of what the embedder has learnt already, as a share of that of the rest.
        layers: Of cross-attention.
    """

    embedder: str
    steps: int = 2400
    learning_rate: float = 7e-4
    n_groups: int = 10
    n_rivals: int = 3
    n_others: int = 1
    tower_share: float = 0.3
    layers: int = 2


class RerankerRun(Run[RecipeSettings]):
    """A run of the reranker: its network and its tokenizer."""

    def __init__(self, settings: RecipeSettings, folder: Path) -> None:
        torch.manual_seed(settings.seed)
        self.tokenizer = build_tokenizer()
        network = build_network(Path(settings.embedder), layers=settings.layers)
        super().__init__(settings, folder, network=network)

    def loss(self) -> Tensor:
        """Of all pairs of the step's groups."""
        settings = self.settings
        groups = make_groups(
            settings.seed, self.step, settings.n_groups, n_rivals=settings.n_rivals, n_others=settings.n_others
        )
        batch = to_pairs(groups, self.tokenizer, n_cells=self.network.n_cells)
        # On CPUs the fused attention's way back takes several times as long.
        with sdpa_kernel(SDPBackend.MATH), torch.autocast("cpu", dtype=torch.bfloat16, enabled=settings.half):
            logits = self.network(batch.given)
        return pair_loss(logits.float().view(batch.matches.shape), batch.matches)

    def parameter_groups(self, trained: nn.Module) -> list[dict[str, Any]]:
        """What the embedder has learnt goes on slowly."""
        network = self.network
        learnt = nn.ModuleList([network.vision, network.text, network.vision_vector, network.text_vector])
        known = {id(tensor) for tensor in [*learnt.parameters(), network.cosine_scale]}
        split: list[dict[str, Any]] = []
        for group in super().parameter_groups(trained):
            for is_tower, share in ((True, self.settings.tower_share), (False, 1.0)):
                tensors = [tensor for tensor in group["params"] if (id(tensor) in known) == is_tower]
                split.append({**group, "params": tensors, "share": share})
        return split


def pair_loss(logits: Tensor, matches: Tensor) -> Tensor:
    """Two questions at once: does this document match, and which of the group's is it?

    The second is a cross-entropy over the documents of each query, in which any match counts as right, and likewise
    over the queries of each document; the first, a binary cross-entropy, keeps scores of different queries comparable.

    Args:
        logits: (groups, n, n), a row for each query.
        matches: Same shape, bool; the diagonal is true.
    """
    each = functional.binary_cross_entropy_with_logits(logits, matches.to(logits.dtype))
    nothing = torch.finfo(logits.dtype).min
    right = logits.masked_fill(~matches, nothing)
    among_documents = (logits.logsumexp(2) - right.logsumexp(2)).mean()
    among_queries = (logits.logsumexp(1) - right.logsumexp(1)).mean()
    return each + (among_documents + among_queries) / 2


def train(
    settings: RecipeSettings, folder: str | Path, *, on_checkpoint: Callable[[RerankerRun], None] | None = None
) -> RerankerRun:
    """Trains until `steps` or `minutes` are over, going on from the folder's checkpoint if there is one."""
    return go_on(RerankerRun(settings, Path(folder)), on_checkpoint=on_checkpoint)
