import json

import numpy as np
import pytest
import torch

from medialens import Image, Reranker
from medialens.training.calibration import fit_calibration
from medialens.training.reranker.batches import to_tensors
from medialens.training.reranker.crowds import make_crowd
from medialens.training.reranker.export import averaged_network, calibrate, export
from medialens.training.reranker.recipe import RecipeSettings, RerankerRun


@pytest.fixture(scope="module")
def exported(tiny_embedder, tmp_path_factory):
    """An untrained run, its calibration, and the repository it exports to."""
    root = tmp_path_factory.mktemp("export")
    run = RerankerRun(RecipeSettings(embedder=str(tiny_embedder), layers=1), root / "run")
    return run, export(run, root / "repository"), root / "repository"


@pytest.mark.slow
def test_the_public_reranker_gives_the_networks_own_scores(exported):
    run, calibration, folder = exported
    crowds = (make_crowd(9, step, n_clusters=1, n_rivals=3) for step in range(50))
    crowd = next(crowd for crowd in crowds if crowd.document_form == "picture")
    network = averaged_network(run).half().float()
    batch = to_tensors(crowd, run.tokenizer, n_cells=network.n_cells)
    with torch.no_grad():
        logits = network(batch.pairs(torch.ones_like(batch.matches))).numpy()
    pairs = [(text, Image(one.pixels)) for text in crowd.texts["text"] for one in crowd.examples]

    scores = Reranker(str(folder), score_kind="logit").score(pairs)

    # float16 rounds the scaled last layer once more: relative 5e-4 of the scale.
    np.testing.assert_allclose(scores, calibration.scale * logits + calibration.bias, rtol=2e-3, atol=2e-3)


@pytest.mark.slow
def test_the_calibration_is_that_of_lists_of_candidates_which_training_does_not_see(exported):
    run, calibration, _ = exported
    network = averaged_network(run)
    again = calibrate(run, network)
    assert (again.scale, again.bias) == pytest.approx((calibration.scale, calibration.bias), rel=1e-6)
    generator = np.random.default_rng(0)
    logits, matches = generator.normal(size=4000), generator.random(4000) < 0.05
    fitted = fit_calibration(logits + 2 * matches, matches)
    assert fitted.scale == pytest.approx(2.0, abs=0.5)  # two normal distributions, two deviations apart


def test_the_repository_says_what_it_is(exported):
    folder = exported[2]
    config = json.loads((folder / "config.json").read_text())
    assert config["model_type"] == "medialens-cross-attention"
    assert config["medialens"]["clip_sheet"] == {"rows": 2, "columns": 2, "gutter": 2, "resample": "bicubic"}
    assert {path.name for path in folder.iterdir()} >= {
        "model.safetensors", "tokenizer.json", "preprocessor_config.json",
    }  # fmt: skip
    assert all(path.stat().st_mode & 0o444 == 0o444 for path in folder.iterdir())
