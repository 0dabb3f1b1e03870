"""How a run is doing, between its checkpoints: crowded lists of candidates, ranked straight by the network."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from medialens.models.architectures.cross_attention.network import NOTHING, CrossAttentionNetwork
from medialens.training.examples import to_tensor
from medialens.training.measuring.near_duplicates import make_crowded_gallery
from medialens.training.measuring.table import Row, row_of_ranks
from medialens.training.reranker.export import averaged_network
from medialens.training.reranker.recipe import RerankerRun
from medialens.training.run import append_line
from medialens.training.tokens import MAX_TOKENS

_SEED = 11
_CLUSTER_SIZE = 10


def log_progress(run: RerankerRun) -> Row:
    """Measures the run and adds a line to its ``metrics.jsonl``."""
    row = measure_progress(run)
    line = {
        "step": run.step, "minutes": round(run.minutes, 3), "candidates": row.n_candidates,
        "recall_at_1": row.recall_at_1, "recall_at_5": row.recall_at_5,
    }  # fmt: skip
    append_line(run.folder / "metrics.jsonl", line)
    return row


@torch.no_grad()
def measure_progress(run: RerankerRun, *, count: int = 200) -> Row:
    """Recall of the run's averaged weights, each query among the near-duplicates of its own scene."""
    network = averaged_network(run)
    gallery = make_crowded_gallery(count, seed=_SEED, size=_CLUSTER_SIZE)
    tokens = run.tokenizer(
        list(gallery.queries), padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
    )
    pixels = to_tensor([np.asarray(picture) for picture in gallery.pictures])
    ranks: list[int] = []
    for start in range(0, count, _CLUSTER_SIZE):
        own = slice(start, start + _CLUSTER_SIZE)
        logits = _compare(network, tokens["input_ids"][own], tokens["attention_mask"][own], pixels[own])
        ranks += (logits >= logits.diagonal()[:, None]).sum(1).tolist()
    return row_of_ranks("text to picture", np.array(ranks), _CLUSTER_SIZE)


def _compare(network: CrossAttentionNetwork, tokens: Tensor, mask: Tensor, pixels: Tensor) -> Tensor:
    """Logits (n, n) of every text against every picture."""
    count, length = tokens.shape
    numbers = torch.arange(count * length).view(count, length).masked_fill(mask == 0, NOTHING)
    cells = count * length + torch.arange(count * network.n_cells).view(count, -1)
    which = torch.eye(2 * count, dtype=torch.bool)
    given = {
        "tokens": tokens,
        "mask": mask,
        "pixels": pixels,
        "queries": numbers.repeat_interleave(count, 0),
        "query_parts": which[:count].repeat_interleave(count, 0),
        "documents": cells.repeat(count, 1),
        "document_parts": which[count:].repeat(count, 1),
    }
    logits: Tensor = network(given)
    return logits.view(count, count)
