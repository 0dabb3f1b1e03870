import pytest
import torch

from medialens.training.checkpoint import RunningMean, load_checkpoint, save_checkpoint


def test_what_was_saved_is_loaded_and_nothing_else_is_left(tmp_path):
    state = {"weights": torch.arange(3.0), "step": 7}
    save_checkpoint(tmp_path / "below" / "checkpoint.pt", state)
    loaded = load_checkpoint(tmp_path / "below" / "checkpoint.pt")
    assert torch.equal(loaded["weights"], state["weights"])
    assert loaded["step"] == 7
    assert [path.name for path in (tmp_path / "below").iterdir()] == ["checkpoint.pt"]


def test_without_a_checkpoint_there_is_no_state(tmp_path):
    assert load_checkpoint(tmp_path / "checkpoint.pt") is None


def test_a_run_that_is_killed_while_saving_keeps_its_last_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, {"step": 1})

    def die(state, file):
        file.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", die)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(path, {"step": 2})
    assert load_checkpoint(path) == {"step": 1}


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


def test_a_restored_mean_goes_on_where_it_was():
    network = torch.nn.Linear(2, 2)
    mean, again = RunningMean(network, decay=0.9), RunningMean(torch.nn.Linear(2, 2), decay=0.9)
    mean.update(network)
    again.restore({**mean.state(), "weights": {name: one.clone() for name, one in mean.weights.items()}})
    with torch.no_grad():
        network.weight.add_(1.0)
    mean.update(network)
    again.update(network)
    assert all(torch.equal(mean.weights[name], again.weights[name]) for name in mean.weights)
