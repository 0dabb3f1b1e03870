import json

import pytest
import torch

from medialens.training.drawing import KINDS
from medialens.training.embedder.progress import measure_progress
from medialens.training.embedder.recipe import MAX_LOG_SCALE, EmbedderRun, RecipeSettings, train
from medialens.training.examples import make_examples

SMOKE_STEPS = 400

TINY = {
    "batch_size": 8,
    "n_second": 2,
    "widths": (4, 4, 8, 8, 8, 8),
    "text_width": 16,
    "kinds": ("shape",),
    "checkpoint_steps": 3,
    "warmup_steps": 2,
}


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
def test_the_log_tells_the_scale_that_contrast_has_found(tmp_path):
    run = train(RecipeSettings(steps=2, **TINY), tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert all(set(line) == {"step", "loss", "learning_rate", "scale", "minutes"} for line in lines)
    assert lines[-1]["scale"] == pytest.approx(float(run.network.logit_scale.detach().exp()), abs=0.01)


@pytest.mark.slow
def test_the_temperature_stays_within_bounds_and_the_facts_table_learns(tmp_path):
    run = EmbedderRun(RecipeSettings(steps=2, **TINY), tmp_path)
    before = run.table.directions.detach().clone()
    with torch.no_grad():
        run.network.logit_scale.fill_(9.0)
    run.advance()
    assert float(run.network.logit_scale.detach()) == pytest.approx(MAX_LOG_SCALE)
    assert not torch.equal(run.table.directions, before)
    assert not any("directions" in name for name in run.mean.weights)  # nor is it exported


@pytest.mark.slow
def test_a_short_run_beats_chance_fourfold(tmp_path):
    """The whole recipe on a narrow network, with every kind of picture: less than a minute must have taught something.

    Chance is to have the right one of 200 among five taken blindly: 0.025.
    """
    settings = RecipeSettings(
        steps=SMOKE_STEPS, batch_size=48, n_second=4, widths=(8, 16, 32, 48, 64, 96), text_width=64,
        learning_rate=2e-3, warmup_steps=10, mean_decay=0.98, checkpoint_steps=1000,
    )  # fmt: skip
    assert settings.kinds == tuple(KINDS)
    run = train(settings, tmp_path)
    n_candidates, chance = 200, 5 / 200
    row = measure_progress(run, count=n_candidates)
    assert row.n_candidates == n_candidates
    assert row.recall_at_5 >= 4 * chance


def test_the_short_run_sees_every_kind():
    seen = {each.scene.kind for step in range(16) for each in make_examples(7, step, 48)}
    assert seen == set(KINDS)
