import json

import pytest
import torch

from medialens.training.checkpoint import RunningMean
from medialens.training.embedder.progress import measure_progress
from medialens.training.embedder.recipe import EmbedderRun, RecipeSettings, train

TINY = {
    "batch_size": 8,
    "n_second": 2,
    "widths": (4, 4, 8, 8, 8, 8),
    "text_width": 16,
    "kinds": ("shape",),
    "checkpoint_steps": 3,
    "warmup_steps": 2,
}


def test_the_learning_rate_rises_stays_and_falls_to_nothing():
    settings = RecipeSettings(steps=100, warmup_steps=10, decay_share=0.3, learning_rate=1.0)
    rates = [settings.learning_rate_at(step) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[10:71] == [1.0] * 61
    assert rates[85] == pytest.approx(0.5)
    assert rates[100] == 0.0


@pytest.mark.slow
def test_a_run_that_was_stopped_goes_on_as_if_it_had_not(tmp_path):
    settings = RecipeSettings(steps=6, **TINY)
    whole = train(settings, tmp_path / "whole")

    train(RecipeSettings(**{**TINY, "steps": 6, "minutes": 0.0}), tmp_path / "parts")  # stopped before its first step
    interrupted = EmbedderRun(settings, tmp_path / "parts")
    for _ in range(4):
        interrupted.advance()
        if interrupted.step == 3:
            interrupted.save()  # the fourth step is lost, as in a crash
    resumed = train(settings, tmp_path / "parts")

    assert resumed.step == whole.step == 6
    for name, tensor in whole.network.state_dict().items():
        assert torch.equal(tensor, resumed.network.state_dict()[name]), name
        assert torch.equal(whole.mean.weights[name], resumed.mean.weights[name]), name


@pytest.mark.slow
def test_every_step_is_logged(tmp_path):
    calls = []
    train(RecipeSettings(steps=4, **TINY), tmp_path, on_checkpoint=lambda run: calls.append(run.step))
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3, 4]
    assert all(set(line) == {"step", "loss", "learning_rate", "scale", "minutes"} for line in lines)
    assert calls == [3]


def test_the_running_mean_follows_the_weights_and_ends_at_their_mean():
    network = torch.nn.Linear(1, 1, bias=False)
    mean = RunningMean(network, decay=0.9)
    with torch.no_grad():
        network.weight.fill_(3.0)
    for _ in range(200):
        mean.update(network)
    assert float(mean.weights["weight"]) == pytest.approx(3.0, abs=1e-3)
    before = float(mean.weights["weight"])
    with torch.no_grad():
        network.weight.fill_(5.0)
    mean.update(network)
    assert float(mean.weights["weight"]) == pytest.approx(before * 0.9 + 5.0 * 0.1, rel=1e-4)


@pytest.mark.slow
def test_a_short_run_beats_chance_threefold(tmp_path):
    """The whole recipe on a narrow network: a minute's training must have learnt something."""
    settings = RecipeSettings(
        steps=250,
        batch_size=48,
        n_second=0,
        widths=(8, 16, 32, 48, 64, 96),
        text_width=64,
        learning_rate=2e-3,
        warmup_steps=10,
        mean_decay=0.98,
        checkpoint_steps=1000,
    )
    run = train(settings, tmp_path)
    n_candidates, chance = 100, 5 / 100
    row = measure_progress(run, count=n_candidates)
    assert row.n_candidates == n_candidates
    assert row.recall_at_5 >= 3 * chance  # 0.34 measured
