"""How much each opinion of a reranker counts: fitted to scenes that neither training nor measurement ever sees.

On scenes like those of its training, a network is surer of itself than it should be. So the shares are fitted to kept
scenes, as the embedder that stands beside the network finds them in a gallery of near-duplicates; those that the
report asks for are left out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from medialens.models.architectures.cross_attention.network import NOTHING, CrossAttentionNetwork
from medialens.training.calibration import fit_blend
from medialens.training.examples import to_tensor
from medialens.training.measuring.near_duplicates import make_crowded_gallery
from medialens.training.measuring.reranker import N_CANDIDATES, N_QUERIES, SEED
from medialens.training.tokens import MAX_TOKENS

_SEED = 2_000_003
_CHUNK = 64


@torch.no_grad()
def weigh(network: CrossAttentionNetwork, tokenizer: Any, *, n_queries: int) -> tuple[float, ...]:
    """A factor for each of the network's `opinions`, in their order; it has a finder."""
    gallery = make_crowded_gallery(n_queries, seed=_SEED)
    measured = {scene.key for seed in (SEED, SEED + 1) for scene in _asked(N_QUERIES, seed)}
    pixels = to_tensor([np.asarray(picture) for picture in gallery.pictures])
    vectors = _document_vectors(network, pixels)
    opinions, matches = [], []
    for number, query in enumerate(gallery.queries):
        if gallery.scenes[number].key in measured:
            continue
        encoded = tokenizer([query], truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
        nearest = _nearest(network, encoded, vectors)
        opinions.append(_opinions(network, encoded, pixels[nearest]))
        matches.append((nearest == number).numpy())
    factors, _ = fit_blend(np.concatenate(opinions), np.concatenate(matches))
    return factors


def _asked(count: int, seed: int) -> tuple[Any, ...]:
    gallery = make_crowded_gallery(count, seed=seed)
    return tuple(gallery.scenes[: len(gallery.queries)])


def _document_vectors(network: CrossAttentionNetwork, pixels: Tensor) -> Tensor:
    assert network.finder is not None  # noqa: S101  # the caller's business
    chunks = [network.finder({"pixels": chunk}) for chunk in torch.split(pixels, _CHUNK)]
    return torch.nn.functional.normalize(torch.cat(chunks))


def _nearest(network: CrossAttentionNetwork, encoded: Any, vectors: Tensor) -> Tensor:
    """The candidates that the finder finds."""
    assert network.finder is not None  # noqa: S101  # the caller's business
    vector = network.finder({"tokens": encoded["input_ids"], "mask": encoded["attention_mask"]})
    nearest: Tensor = (vectors @ vector[0]).topk(min(N_CANDIDATES, len(vectors))).indices
    return nearest


def _opinions(network: CrossAttentionNetwork, encoded: Any, pixels: Tensor) -> np.ndarray[Any, np.dtype[np.float32]]:
    """(candidates, opinions) of one text and its candidates."""
    n, length = len(pixels), encoded["input_ids"].shape[1]
    cells = length + torch.arange(n * network.n_cells).view(n, -1)
    which = torch.eye(1 + n, dtype=torch.bool)
    given = {
        "tokens": encoded["input_ids"],
        "mask": encoded["attention_mask"],
        "pixels": pixels,
        "queries": torch.arange(length).masked_fill(encoded["attention_mask"][0] == 0, NOTHING).expand(n, -1),
        "query_parts": which[:1].expand(n, -1),
        "documents": cells,
        "document_parts": which[1:],
    }
    return np.asarray(torch.stack(network.opinions(given), dim=1).numpy())
