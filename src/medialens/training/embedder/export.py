"""From a run to a repository in the hub's file layout: what `Encoder` loads like any other.

config.json  model.safetensors (float16)  tokenizer.json  preprocessor_config.json  README.md
"""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from medialens.training.calibration import Calibration, fit_calibration
from medialens.training.drawing.clips import SHEET
from medialens.training.embedder.recipe import EmbedderRun, encode
from medialens.training.examples import holds_for, make_examples, to_batch
from medialens.training.repository import amend_json, write_processing

_VALIDATION_SEED = 1_000_003


def averaged_network(run: EmbedderRun) -> Any:
    """A copy of the run's network with the running mean of its weights, ready for inference."""
    network = copy.deepcopy(run.network)
    network.load_state_dict(run.mean.weights)
    return network.eval()


def export(run: EmbedderRun, folder: str | Path) -> Calibration:
    """Writes the run's averaged weights as a repository, and gives the calibration that went in with them.

    ``medialens`` in ``config.json`` holds what transformers has no place for: how mixed items are made, the bias beside
    the scale, and how clips are looked at.
    """
    folder = Path(folder)
    network = averaged_network(run)
    calibration = calibrate(run, network)
    with torch.no_grad():
        network.logit_scale.fill_(math.log(calibration.scale))
    network.half().save_pretrained(folder)
    own = {"fusion": "sum", "logit_bias": round(calibration.bias, 4), "clip_sheet": SHEET.as_settings()}
    amend_json(folder / "config.json", {"medialens": own})
    write_processing(folder, run.tokenizer)
    return calibration


@torch.no_grad()
def calibrate(run: EmbedderRun, network: Any, *, count: int = 768) -> Calibration:
    """Scale and bias on training-side pictures that this run has not seen, full and partial captions alike."""
    examples = make_examples(_VALIDATION_SEED + run.settings.seed, 0, count)
    features = encode(network, to_batch(examples, run.tokenizer))
    queries, images = (functional.normalize(each, dim=-1) for each in (features.captions, features.images))
    matches = holds_for([each.caption.facts for each in examples], [each.truths for each in examples])
    return fit_calibration((queries @ images.T).numpy(), matches.numpy())
