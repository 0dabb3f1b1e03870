"""How a run is doing, between its checkpoints: recall over a small held-out gallery, straight from the network."""

from __future__ import annotations

import numpy as np
import torch

from medialens.training.embedder.export import averaged_network
from medialens.training.embedder.recipe import EmbedderRun, image_features, text_features
from medialens.training.examples import to_tensor
from medialens.training.measuring.gallery import make_gallery
from medialens.training.measuring.table import Row, recall_row
from medialens.training.run import log_row
from medialens.training.tokens import MAX_TOKENS

_SEED = 11


def log_progress(run: EmbedderRun) -> Row:
    """Measures the run and adds a line to its ``metrics.jsonl``."""
    return log_row(run, measure_progress(run))


@torch.no_grad()
def measure_progress(run: EmbedderRun, *, count: int = 200) -> Row:
    """Text-to-image recall of the run's averaged weights."""
    network = averaged_network(run)
    gallery = make_gallery(count, seed=_SEED)
    pixels = to_tensor([np.asarray(picture) for picture in gallery.pictures])
    tokens = run.tokenizer(
        list(gallery.queries), padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
    )
    queries = text_features(network, tokens["input_ids"], tokens["attention_mask"])
    return recall_row("text to image", queries.numpy(), image_features(network, pixels).numpy())
