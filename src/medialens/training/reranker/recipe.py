"""The recipe of the reranker: seeded and resumable, on the towers of a trained embedder.

crowd(seed, step) -> towers -> the pairs that the cosine finds alike -> attention -> losses -> AdamW
    -> running mean of the weights -> checkpoint
"""

from __future__ import annotations

import contextlib
import dataclasses
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from medialens.training.reranker.batches import CrowdBatch, to_tensors
from medialens.training.reranker.crowds import make_crowd
from medialens.training.reranker.letters import Letters
from medialens.training.reranker.network import build_network
from medialens.training.run import Run, RunSettings, go_on
from medialens.training.tokens import build_tokenizer


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecipeSettings(RunSettings):
    """What a run is made of.

    Attributes:
        embedder: Folder of the embedder whose towers it starts from.
        n_clusters, n_rivals: Clusters a step; beside the first scene of each, so many rivals.
        n_alike, n_others: Documents that each query is compared with beside its own: the nearest, and any.
        tower_share: Learning rate of what the embedder has learnt already, as a share of that of the rest.
        reading_share: Weight of the lesson in letters.
        layers: Of cross-attention.
    """

    embedder: str
    steps: int = 5600
    learning_rate: float = 1e-3
    checkpoint_steps: int = 400
    n_clusters: int = 9
    n_rivals: int = 3
    n_alike: int = 6
    n_others: int = 1
    tower_share: float = 0.5
    reading_share: float = 0.3
    layers: int = 2


class RerankerRun(Run[RecipeSettings]):
    """A run of the reranker: its network and its tokenizer."""

    def __init__(self, settings: RecipeSettings, folder: Path) -> None:
        torch.manual_seed(settings.seed)
        self.tokenizer = build_tokenizer()
        network = build_network(Path(settings.embedder), layers=settings.layers)
        super().__init__(settings, folder, network=network, helpers={"letters": Letters(network.places.shape[1])})

    def loss(self) -> Tensor:
        """Of the pairs of the step's crowd that are hard to tell apart, and of a few that are not."""
        settings = self.settings
        crowd = make_crowd(settings.seed, self.step, n_clusters=settings.n_clusters, n_rivals=settings.n_rivals)
        batch = to_tensors(crowd, self.tokenizer, n_cells=self.network.n_cells)
        with self._fast():
            vectors, bank = self.network.represent(batch.given)
            reading = self.helpers["letters"](bank, batch.spelling, batch.letters)
        cosines, said, chosen = self._compare(batch, vectors, bank)
        # Attention has to answer alone as well: beside a cosine that is mostly right, it would learn next to nothing.
        answering = pair_loss(cosines + said, batch.matches, chosen) + pair_loss(said, batch.matches, chosen)
        loss: Tensor = answering + settings.reading_share * reading
        return loss

    def _compare(self, batch: CrowdBatch, vectors: Tensor, bank: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Scaled cosines, and what attention says, (n, n) each; and the pairs of which it was asked."""
        network, given, settings = self.network, batch.given, self.settings
        n = len(batch.matches)
        queries, documents = given["query_parts"].repeat_interleave(n, 0), given["document_parts"].repeat(n, 1)
        cosines = network.cosine_scale * network.cosines(vectors, queries, documents).view(n, n)
        chosen = choose_pairs(cosines.detach(), n_alike=settings.n_alike, n_others=settings.n_others, seed=self.step)
        rows, columns = chosen.nonzero(as_tuple=True)
        with self._fast():
            said = network.compare(bank, given["queries"][rows], given["documents"][columns]).float()
        return cosines, torch.zeros_like(cosines).index_put((rows, columns), said), chosen

    @contextlib.contextmanager
    def _fast(self) -> Iterator[None]:
        """On CPUs the fused attention's way back takes several times as long as the plain one's."""
        with sdpa_kernel(SDPBackend.MATH), torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.settings.half):
            yield

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


def choose_pairs(cosines: Tensor, *, n_alike: int, n_others: int, seed: int) -> Tensor:
    """Which pairs to look at closely, (n, n) bool: for each query its own document, the nearest, and some of the rest.

    Args:
        cosines: (n, n), a row for each query, its own document on the diagonal.
        n_alike: How many of the nearest.
        n_others: How many of the rest; they may turn out to be among the nearest.
        seed: Of the others.
    """
    n = len(cosines)
    own = torch.eye(n, dtype=torch.bool)
    nearest = cosines.masked_fill(own, torch.inf).topk(min(n, 1 + n_alike), dim=1).indices
    chosen = torch.zeros_like(own).scatter(1, nearest, True)
    for shift in random.Random(f"others/{seed}").sample(range(1, n), min(n_others, n - 1)):
        chosen |= own.roll(shift, dims=1)
    return chosen


def pair_loss(logits: Tensor, matches: Tensor, chosen: Tensor) -> Tensor:
    """Two questions at once: does this document match, and which of the query's candidates is it?

    The second is a cross-entropy over the candidates of each query, in which any match counts as right, and likewise
    over the queries of each document; the first, a binary cross-entropy, keeps scores of different queries comparable.

    Args:
        logits: (n, n), a row for each query.
        matches: Same shape, bool.
        chosen: Same shape, bool: the pairs that count. The diagonal is true here and in `matches`.
    """
    each = functional.binary_cross_entropy_with_logits(logits[chosen], matches[chosen].to(logits.dtype))
    nothing = torch.finfo(logits.dtype).min
    candidates = logits.masked_fill(~chosen, nothing)
    right = candidates.masked_fill(~matches, nothing)
    among_documents = (candidates.logsumexp(1) - right.logsumexp(1)).mean()
    among_queries = (candidates.logsumexp(0) - right.logsumexp(0)).mean()
    return each + (among_documents + among_queries) / 2


def train(
    settings: RecipeSettings, folder: str | Path, *, on_checkpoint: Callable[[RerankerRun], None] | None = None
) -> RerankerRun:
    """Trains until `steps` or `minutes` are over, going on from the folder's checkpoint if there is one."""
    return go_on(RerankerRun(settings, Path(folder)), on_checkpoint=on_checkpoint)
