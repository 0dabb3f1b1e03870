import json

import numpy as np
import pytest
import torch

from medialens import Encoder, Image, Reranker
from medialens.scoring.similarity import normalize
from medialens.training.calibration import fit_blend
from medialens.training.measuring.near_duplicates import make_crowded_gallery
from medialens.training.measuring.reranker import N_QUERIES, SEED
from medialens.training.reranker import weighing
from medialens.training.reranker.batches import to_tensors
from medialens.training.reranker.crowds import make_crowd
from medialens.training.reranker.export import averaged_network, export
from medialens.training.reranker.network import with_finder
from medialens.training.reranker.recipe import RecipeSettings, RerankerRun
from medialens.training.reranker.weighing import weigh


@pytest.fixture(scope="module")
def exported(tiny_embedder, tmp_path_factory):
    """An untrained run, its blend, and the repository it exports to."""
    root = tmp_path_factory.mktemp("export")
    run = RerankerRun(RecipeSettings(embedder=str(tiny_embedder), layers=1), root / "run")
    return run, export(run, root / "repository", n_queries=12), root / "repository"


@pytest.mark.slow
def test_the_public_reranker_gives_the_blend_of_the_networks_and_the_embedders_scores(exported, tiny_embedder):
    run, blend, folder = exported
    crowds = (make_crowd(9, step, n_clusters=1, n_rivals=3) for step in range(50))
    crowd = next(crowd for crowd in crowds if crowd.document_form == "picture")
    network = averaged_network(run).half().float()
    batch = to_tensors(crowd, run.tokenizer, n_cells=network.n_cells)
    with torch.no_grad():
        cosines, said = (one.numpy() for one in network.both(batch.pairs(torch.ones_like(batch.matches))))
    texts, pictures = crowd.texts["text"], [Image(one.pixels) for one in crowd.examples]
    found = (
        normalize(Encoder(str(tiny_embedder)).encode(texts)) @ normalize(Encoder(str(tiny_embedder)).encode(pictures)).T
    )
    scale = float(run.network.cosine_scale.detach())  # untrained, so still the embedder's
    logits = blend.cosine * cosines + blend.attention * said + blend.found * scale * found.ravel() + blend.bias

    scores = Reranker(str(folder), score_kind="logit").score(
        [(text, picture) for text in texts for picture in pictures]
    )

    # float16 rounds the scaled last layer once more: relative 5e-4 of the scale.
    np.testing.assert_allclose(scores, logits, rtol=2e-3, atol=5e-3)


@pytest.mark.slow
def test_opinions_are_weighed_on_kept_scenes_that_the_report_does_not_ask_for(exported, tiny_embedder, monkeypatch):
    run = exported[0]
    network = with_finder(averaged_network(run), tiny_embedder)
    asked = []
    monkeypatch.setattr(weighing, "_opinions", lambda network, encoded, pixels: asked.append(pixels) or _sure(pixels))
    factors = weigh(network, run.tokenizer, n_queries=12)
    assert len(factors) == 3
    assert 0 < len(asked) <= 12
    galleries = [make_crowded_gallery(N_QUERIES, seed=seed) for seed in (SEED, SEED + 1)]
    measured = {scene.key for gallery in galleries for scene in gallery.scenes[: len(gallery.queries)]}
    kept = make_crowded_gallery(12, seed=weighing._SEED).scenes[:12]
    assert len(asked) == sum(scene.key not in measured for scene in kept)
    assert all(scene.held_out for scene in kept)


def _sure(pixels):
    return np.random.default_rng(len(pixels)).normal(size=(len(pixels), 3)).astype(np.float32)


def test_an_opinion_counts_as_much_as_it_knows():
    generator = np.random.default_rng(0)
    matches = generator.random(20_000) < 0.05
    knows, guesses, halves = (generator.normal(size=20_000) + share * matches for share in (2.0, 0.0, 1.0))
    (much, nothing, some), _ = fit_blend(np.stack([knows, guesses, halves], axis=1), matches)
    # Of two normal distributions, d deviations apart, the logarithm of the odds rises by d a deviation.
    assert (much, some) == pytest.approx((2.0, 1.0), abs=0.2)
    assert 0 <= nothing < 0.1


def test_the_repository_says_what_it_is(exported):
    folder = exported[2]
    config = json.loads((folder / "config.json").read_text())
    assert config["model_type"] == "medialens-cross-attention"
    assert config["medialens"]["clip_sheet"] == {"rows": 2, "columns": 2, "gutter": 2, "resample": "bicubic"}
    assert {path.name for path in folder.iterdir()} >= {
        "model.safetensors", "tokenizer.json", "preprocessor_config.json",
    }  # fmt: skip
    assert all(path.stat().st_mode & 0o444 == 0o444 for path in folder.iterdir())
