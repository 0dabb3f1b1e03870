"""From a run to a repository in the hub's file layout: what `Reranker` loads like any other.

config.json  model.safetensors (float16)  tokenizer.json  preprocessor_config.json  README.md
"""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from medialens.models.architectures.cross_attention.network import CrossAttentionNetwork
from medialens.training.calibration import CANDIDATES_A_MATCH, Calibration, fit_calibration
from medialens.training.drawing.clips import SHEET
from medialens.training.repository import write_json, write_processing
from medialens.training.reranker.batches import to_tensors
from medialens.training.reranker.crowds import make_crowd
from medialens.training.reranker.network import describe_network, with_finder
from medialens.training.reranker.recipe import RerankerRun
from medialens.training.reranker.weighing import weigh

_VALIDATION_SEED = 1_000_003
_N_CLUSTERS, _N_RIVALS = CANDIDATES_A_MATCH // 2, 1


def averaged_network(run: RerankerRun) -> CrossAttentionNetwork:
    """A copy of the run's network with the running mean of its weights, ready for inference."""
    network: CrossAttentionNetwork = copy.deepcopy(run.network)
    network.load_state_dict(run.mean.weights)
    return network.eval()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Blend:
    """What the logit is made of: how much each of three opinions counts, and what is added."""

    cosine: float
    attention: float
    found: float
    bias: float


def export(run: RerankerRun, folder: str | Path, *, n_queries: int = 300) -> Blend:
    """Writes the run's averaged weights and the embedder beside them as a repository, and gives the blend of the two.

    The blend is part of the weights: the sigmoid of the logit is the probability.

    Args:
        run: Finished, or stopped.
        folder: Need not exist yet.
        n_queries: How many the blend is fitted to.
    """
    folder, embedder = Path(folder), Path(run.settings.embedder)
    folder.mkdir(parents=True, exist_ok=True)
    network = with_finder(averaged_network(run), embedder)
    shares = weigh(network, run.tokenizer, n_queries=n_queries)
    _apply(network, Blend(cosine=shares[0], attention=shares[1], found=shares[2], bias=0.0))
    calibration = calibrate(run, network)
    scale = calibration.scale
    _apply(network, Blend(cosine=scale, attention=scale, found=scale, bias=calibration.bias))
    weights = {name: tensor.half().contiguous() for name, tensor in network.state_dict().items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    described = describe_network(embedder, layers=run.settings.layers)
    own = {"finder": True, "dtype": "float16", "medialens": {"clip_sheet": SHEET.as_settings()}}
    write_json(folder / "config.json", {**described, **own})
    write_processing(folder, run.tokenizer)
    cosine, attention, found = (scale * share for share in shares)
    return Blend(cosine=cosine, attention=attention, found=found, bias=calibration.bias)


@torch.no_grad()
def _apply(network: CrossAttentionNetwork, blend: Blend) -> None:
    network.score.weight.mul_(blend.attention)
    network.score.bias.mul_(blend.attention).add_(blend.bias)
    network.cosine_scale.mul_(blend.cosine)
    network.get_parameter("finder.cosine_scale").mul_(blend.found)


@torch.no_grad()
def calibrate(run: RerankerRun, network: CrossAttentionNetwork, *, count: int = 24) -> Calibration:
    """Scale and bias on training-side crowds that this run has not seen: 20 of all kinds, in pairs."""
    logits, matches = [], []
    for step in range(count):
        crowd = make_crowd(
            _VALIDATION_SEED + run.settings.seed, step, n_clusters=_N_CLUSTERS, n_rivals=_N_RIVALS, one_kind_share=0.0
        )
        batch = to_tensors(crowd, run.tokenizer, n_cells=network.n_cells)
        logits.append(network(batch.pairs(torch.ones_like(batch.matches))).numpy())
        matches.append(batch.matches.flatten().numpy())
    return fit_calibration(np.concatenate(logits), np.concatenate(matches))
