"""How a run is doing, between its checkpoints: crowded lists of candidates, ranked straight by the network."""

from __future__ import annotations

import numpy as np
import torch

from medialens.training.examples import to_tensor
from medialens.training.measuring.near_duplicates import CLUSTER_SIZE, make_crowded_gallery
from medialens.training.measuring.table import Row, row_of_ranks
from medialens.training.reranker.export import averaged_network
from medialens.training.reranker.recipe import RerankerRun
from medialens.training.run import append_line
from medialens.training.tokens import MAX_TOKENS

_SEED = 11


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
    gallery = make_crowded_gallery(count, seed=_SEED)
    pictures = network.look(to_tensor([np.asarray(picture) for picture in gallery.pictures]))
    tokens = run.tokenizer(
        list(gallery.queries), padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
    )
    texts = network.read(tokens["input_ids"], tokens["attention_mask"])
    ranks = []
    for start in range(0, len(gallery.scenes), CLUSTER_SIZE):
        own = slice(start, start + CLUSTER_SIZE)
        for at in range(start, start + CLUSTER_SIZE):
            logits = _compare(network, texts[at][tokens["attention_mask"][at].bool()], pictures[own])
            ranks.append(1 + int((logits >= logits[at - start]).sum()) - 1)
    return row_of_ranks("text to picture", np.array(ranks), CLUSTER_SIZE)


def _compare(network: torch.nn.Module, query: torch.Tensor, documents: torch.Tensor) -> torch.Tensor:
    """Logits of one query against documents, all as tokens."""
    count, length = documents.shape[:2]
    bank = torch.cat([query, documents.flatten(0, 1)])
    queries = torch.arange(len(query)).expand(count, -1)
    numbers = len(query) + torch.arange(count * length).view(count, length)
    logits: torch.Tensor = network.compare(bank, queries, numbers)  # type: ignore[operator]
    return logits
