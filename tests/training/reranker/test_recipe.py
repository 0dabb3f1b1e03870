import itertools
import math

import pytest
import torch
from safetensors.torch import load_file

from medialens.training.reranker.network import build_network
from medialens.training.reranker.progress import measure_progress
from medialens.training.reranker.recipe import RecipeSettings, RerankerRun, pair_loss, train

SMALL = {"n_groups": 2, "n_rivals": 2, "n_others": 1, "layers": 1, "warmup_steps": 2, "checkpoint_steps": 2}


def test_the_loss_is_its_definition():
    torch.manual_seed(0)
    logits = torch.randn(2, 3, 3)
    matches = torch.eye(3, dtype=torch.bool).repeat(2, 1, 1)
    matches[0, 0, 2] = True
    each, documents, queries = [], [], []
    for group in range(2):
        for row, column in itertools.product(range(3), range(3)):
            probability = 1 / (1 + math.exp(-float(logits[group, row, column])))
            each.append(-math.log(probability if matches[group, row, column] else 1 - probability))
        for one in range(3):
            documents.append(_among(logits[group, one], matches[group, one]))
            queries.append(_among(logits[group, :, one], matches[group, :, one]))
    expected = sum(each) / 18 + (sum(documents) / 6 + sum(queries) / 6) / 2
    assert float(pair_loss(logits, matches)) == pytest.approx(expected, rel=1e-5)


def _among(logits, matches):
    shares = logits.double().exp() / logits.double().exp().sum()
    return -math.log(float(shares[matches].sum()))


def test_it_begins_with_the_embedders_towers(tiny_embedder):
    network = build_network(tiny_embedder, layers=1)
    learnt = load_file(tiny_embedder / "model.safetensors")
    for tower, prefix in ((network.vision, "vision_model."), (network.text, "text_model.")):
        taken = [name for name, tensor in tower.state_dict().items() if _same(learnt.get(prefix + name), tensor)]
        others = set(tower.state_dict()) - set(taken)
        assert len(taken) > 10
        assert all("hidden_states_norms" in name or "position_ids" in name for name in others), others


def _same(learnt, tensor):
    return learnt is not None and torch.equal(learnt.float(), tensor)


@pytest.mark.slow
def test_a_run_that_was_stopped_goes_on_as_if_it_had_not(tiny_embedder, tmp_path):
    settings = RecipeSettings(embedder=str(tiny_embedder), steps=4, **SMALL)
    whole = train(settings, tmp_path / "whole")
    interrupted = RerankerRun(settings, tmp_path / "parts")
    for _ in range(3):
        interrupted.advance()
        if interrupted.step == 2:
            interrupted.save()  # the third step is lost, as in a crash
    resumed = train(settings, tmp_path / "parts")
    assert resumed.step == whole.step == 4
    for name, tensor in whole.network.state_dict().items():
        assert torch.equal(tensor, resumed.network.state_dict()[name]), name


@pytest.mark.slow
def test_the_towers_go_on_slower_than_the_rest(tiny_embedder, tmp_path):
    run = RerankerRun(RecipeSettings(embedder=str(tiny_embedder), **SMALL), tmp_path)
    run.advance()
    rates = {id(tensor): group["lr"] for group in run.optimizer.param_groups for tensor in group["params"]}
    rate = run.settings.learning_rate_at(0)
    for name, tensor in run.network.named_parameters():
        share = run.settings.tower_share if name.startswith(("vision.", "text.")) else 1.0
        assert rates[id(tensor)] == pytest.approx(rate * share), name


@pytest.mark.slow
def test_a_short_run_on_the_shipped_towers_beats_chance(tmp_path):
    """The whole recipe for a minute: of ten near-duplicates, chance finds one in ten."""
    from medialens.models.catalogue import find_embedded

    settings = RecipeSettings(
        embedder=str(find_embedded("demo")), steps=80, n_groups=4, layers=1, warmup_steps=10, mean_decay=0.95,
        checkpoint_steps=1000,
    )  # fmt: skip
    row = measure_progress(train(settings, tmp_path), count=100)
    assert row.n_candidates == 10
    assert row.recall_at_1 >= 2 * 0.1
