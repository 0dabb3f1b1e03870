"""From a run to a repository in the hub's file layout: what `Reranker` loads like any other.

config.json  model.safetensors (float16)  tokenizer.json  preprocessor_config.json  README.md
"""

from __future__ import annotations

import copy
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
from medialens.training.reranker.network import describe_network
from medialens.training.reranker.recipe import RerankerRun

_VALIDATION_SEED = 1_000_003
_N_CLUSTERS, _N_RIVALS = CANDIDATES_A_MATCH // 4, 3


def averaged_network(run: RerankerRun) -> CrossAttentionNetwork:
    """A copy of the run's network with the running mean of its weights, ready for inference."""
    network: CrossAttentionNetwork = copy.deepcopy(run.network)
    network.load_state_dict(run.mean.weights)
    return network.eval()


def export(run: RerankerRun, folder: str | Path) -> Calibration:
    """Writes the run's averaged weights as a repository, and gives the calibration that went in with them.

    The calibration is part of the weights: the sigmoid of the logit is the probability.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    network = averaged_network(run)
    calibration = calibrate(run, network)
    with torch.no_grad():
        network.score.weight.mul_(calibration.scale)
        network.score.bias.mul_(calibration.scale).add_(calibration.bias)
        network.cosine_scale.mul_(calibration.scale)
    weights = {name: tensor.half().contiguous() for name, tensor in network.state_dict().items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    described = describe_network(Path(run.settings.embedder), layers=run.settings.layers)
    write_json(
        folder / "config.json", {**described, "dtype": "float16", "medialens": {"clip_sheet": SHEET.as_settings()}}
    )
    write_processing(folder, run.tokenizer)
    return calibration


@torch.no_grad()
def calibrate(run: RerankerRun, network: CrossAttentionNetwork, *, count: int = 24) -> Calibration:
    """Scale and bias on training-side crowds that this run has not seen, as large as a list of candidates."""
    logits, matches = [], []
    for step in range(count):
        crowd = make_crowd(_VALIDATION_SEED + run.settings.seed, step, n_clusters=_N_CLUSTERS, n_rivals=_N_RIVALS)
        batch = to_tensors(crowd, run.tokenizer, n_cells=network.n_cells)
        everything = torch.ones_like(batch.matches)
        logits.append(network(batch.pairs(everything)).numpy())
        matches.append(batch.matches.flatten().numpy())
    return fit_calibration(np.concatenate(logits), np.concatenate(matches))
