"""What all runs share, with the smallest of all networks."""

import dataclasses
import json

import pytest
import torch

from medialens.training.run import Run, RunSettings, go_on


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(RunSettings):
    warmup_steps: int = 2
    checkpoint_steps: int = 3


class Line(Run[Settings]):
    """Fits y = 2 x + 1, on points that depend on the seed and the step alone."""

    def __init__(self, settings, folder):
        torch.manual_seed(settings.seed)
        self.helper = torch.nn.Linear(1, 1)
        super().__init__(settings, folder, network=torch.nn.Linear(1, 1), helpers={"helper": self.helper})

    def loss(self):
        points = torch.rand(8, 1, generator=torch.Generator().manual_seed(self.settings.seed * 1000 + self.step))
        guess = self.network(points) + self.helper(points)
        return torch.nn.functional.mse_loss(guess, 2 * points + 1)


def test_the_learning_rate_rises_stays_and_falls_to_nothing():
    settings = RunSettings(steps=100, warmup_steps=10, decay_share=0.3, learning_rate=1.0)
    rates = [settings.learning_rate_at(step) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[10:71] == [1.0] * 61
    assert rates[85] == pytest.approx(0.5)
    assert rates[100] == 0.0


def test_a_run_learns(tmp_path):
    run = go_on(Line(Settings(steps=60, learning_rate=0.2, weight_decay=0.0), tmp_path))
    assert float(run.loss().detach()) < 0.01


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not(tmp_path):
    settings = Settings(steps=7)
    whole = go_on(Line(settings, tmp_path / "whole"))

    go_on(Line(Settings(steps=7, minutes=0.0), tmp_path / "parts"))  # stopped before its first step
    interrupted = Line(settings, tmp_path / "parts")
    for _ in range(4):
        interrupted.advance()
        if interrupted.step == 3:
            interrupted.save()  # the fourth step is lost, as in a crash
    resumed = go_on(Line(settings, tmp_path / "parts"))

    assert resumed.step == whole.step == 7
    for one, other in ((whole.network, resumed.network), (whole.helper, resumed.helper)):
        assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    assert all(torch.equal(whole.mean.weights[name], resumed.mean.weights[name]) for name in whole.mean.weights)


def test_every_step_is_logged_and_every_checkpoint_told(tmp_path):
    calls = []
    go_on(Line(Settings(steps=7), tmp_path / "new"), on_checkpoint=lambda run: calls.append(run.step))
    lines = [json.loads(line) for line in (tmp_path / "new" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3, 4, 5, 6, 7]
    assert all(set(line) == {"step", "loss", "learning_rate", "minutes"} for line in lines)
    assert [line["learning_rate"] for line in lines] == [Settings(steps=7).learning_rate_at(step) for step in range(7)]
    assert calls == [3, 6]
    assert Line(Settings(steps=7), tmp_path / "new").step == 7  # the last step is kept, too


def test_matrices_decay_and_the_rest_does_not(tmp_path):
    matrices, others = Line(Settings(steps=1, weight_decay=0.1), tmp_path).optimizer.param_groups
    assert {tensor.ndim for tensor in matrices["params"]} == {2}
    assert {tensor.ndim for tensor in others["params"]} == {1}
    assert (matrices["weight_decay"], others["weight_decay"]) == (0.1, 0.0)


def test_a_group_may_learn_more_slowly(tmp_path):
    class Slow(Line):
        def parameter_groups(self, trained):
            return [{**group, "share": 0.5} for group in super().parameter_groups(trained)]

    run = Slow(Settings(steps=10, learning_rate=0.1, warmup_steps=0), tmp_path)
    run.advance()
    assert [group["lr"] for group in run.optimizer.param_groups] == pytest.approx([0.05, 0.05])


def test_what_a_recipe_does_after_a_step_is_done_before_the_mean(tmp_path):
    class Bounded(Line):
        def after_step(self):
            self.network.weight.fill_(0.25)

    run = Bounded(Settings(steps=3), tmp_path)
    run.advance()
    assert float(run.network.weight.detach()) == 0.25
