"""How a run is doing, between its checkpoints: crowded lists of candidates, ranked straight by the network."""

from __future__ import annotations

import random

import numpy as np
import torch
from torch import Tensor

from medialens.models.architectures.cross_attention.network import NOTHING, CrossAttentionNetwork
from medialens.training.examples import to_tensor
from medialens.training.measuring.near_duplicates import CLUSTER_SIZE, make_crowded_gallery
from medialens.training.measuring.table import Row, row_of_ranks
from medialens.training.reranker.export import averaged_network
from medialens.training.reranker.recipe import RerankerRun
from medialens.training.run import log_row
from medialens.training.tokens import MAX_TOKENS

_SEED = 11


def log_progress(run: RerankerRun) -> Row:
    """Measures the run and adds a line to its ``metrics.jsonl``."""
    return log_row(run, measure_progress(run))


@torch.no_grad()
def measure_progress(run: RerankerRun, *, count: int = 200) -> Row:
    """Recall of the run's averaged weights, each query among the near-duplicates of its own scene."""
    network = averaged_network(run)
    chance = random.Random(_SEED)
    ranks: list[int] = []
    for _ in range(count // 4):
        gallery = make_crowded_gallery(4, seed=chance.randrange(10**6))
        tokens = run.tokenizer(
            list(gallery.queries), padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
        )
        pixels = to_tensor([np.asarray(picture) for picture in gallery.pictures])
        logits = _compare(network, tokens["input_ids"], tokens["attention_mask"], pixels)
        ranks += (logits >= logits.diagonal()[:, None]).sum(1).tolist()
    return row_of_ranks("text to picture", np.array(ranks), 4 * CLUSTER_SIZE)


def _compare(network: CrossAttentionNetwork, tokens: Tensor, mask: Tensor, pixels: Tensor) -> Tensor:
    """Logits (texts, pictures) of every text against every picture."""
    (n_texts, length), n_pictures = tokens.shape, len(pixels)
    numbers = torch.arange(n_texts * length).view(n_texts, length).masked_fill(mask == 0, NOTHING)
    cells = n_texts * length + torch.arange(n_pictures * network.n_cells).view(n_pictures, -1)
    which = torch.eye(n_texts + n_pictures, dtype=torch.bool)
    given = {
        "tokens": tokens,
        "mask": mask,
        "pixels": pixels,
        "queries": numbers.repeat_interleave(n_pictures, 0),
        "query_parts": which[:n_texts].repeat_interleave(n_pictures, 0),
        "documents": cells.repeat(n_texts, 1),
        "document_parts": which[n_texts:].repeat(n_texts, 1),
    }
    logits: Tensor = network(given)
    return logits.view(n_texts, n_pictures)
