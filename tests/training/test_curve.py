import json
import math
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medialens.training.curve import Line, Panel, draw_panels, smooth, thin, ticks, write_curve

SVG = "{http://www.w3.org/2000/svg}"


def _parse(svg):
    return ET.fromstring(svg)  # noqa: S314  # our own, written just now


def _lines(svg):
    """Points of every curve, in the pixels of the picture."""
    root = _parse(svg)
    return [
        [tuple(map(float, pair.split(","))) for pair in each.get("points").split()]
        for each in root.iter(f"{SVG}polyline")
    ]


def _texts(svg):
    return [each.text for each in _parse(svg).iter(f"{SVG}text")]


@pytest.fixture
def folder(tmp_path):
    losses = [10.0 / step for step in range(1, 101)]
    log = [{"step": at, "loss": loss} for at, loss in enumerate(losses, 1)]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in log))
    measured = [{"step": 50, "recall_at_1": 0.25, "recall_at_5": 0.5}, {"step": 100, "recall_at_1": 0.75}]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in measured))
    return tmp_path


def test_a_runs_loss_falls_and_its_recall_rises_over_the_same_steps(folder):
    path = write_curve(folder, title="train <it> & see")
    svg = path.read_text(encoding="utf-8")
    loss, first, fifth = _lines(svg)
    assert path == folder / "curve.svg"
    assert [y for _, y in loss] == sorted(y for _, y in loss)  # y points down, and so does the loss
    assert (len(first), len(fifth)) == (2, 1)
    assert first[0][1] > first[1][1]
    assert loss[-1][0] == first[-1][0]  # step 100, in both panels
    assert (first[0][0] - 64) * 2 == pytest.approx(first[1][0] - 64, abs=0.2)  # step 50 is half way from the axis
    texts = _texts(svg)
    assert {"train <it> & see", "loss", "share found", "recall@1, held out", "mean of 4 steps", "steps"} <= set(texts)


def test_steps_that_were_made_again_count_once_as_they_were_made_last(folder):
    with (folder / "log.jsonl").open("a") as file:
        file.write(json.dumps({"step": 100, "loss": 0.1}) + "\n")
    path = write_curve(folder, title="")
    assert len(_lines(path.read_text())[0]) == 100 - 4 + 1


def test_a_run_that_was_never_measured_has_its_loss(folder):
    (folder / "metrics.jsonl").unlink()
    loss, *recalls = _lines(write_curve(folder, title="").read_text())
    assert loss
    assert recalls == [[], []]


def test_other_metrics_can_be_drawn(folder):
    svg = write_curve(folder, title="", metrics={"recall_at_5": "among five"}).read_text()
    assert len(_lines(svg)) == 2
    assert "among five" in _texts(svg)


def test_curves_stay_within_their_panels():
    wild = [(float(x), (-1.0) ** x * x) for x in range(1, 60)]
    svg = draw_panels("", [Panel(title="a", lines=[Line(name="", points=wild)])] * 2)
    height = float(_parse(svg).get("height"))
    for line in _lines(svg):
        assert all(64 <= x <= 760 - 24 and 0 < y < height - 40 for x, y in line)
    assert min(y for _, y in _lines(svg)[1]) > max(y for _, y in _lines(svg)[0])


@pytest.mark.parametrize("points", [[], [(1.0, 2.0)], [(1.0, 2.0), (2.0, 2.0)]])
def test_nothing_much_can_be_drawn_too(points):
    _parse(draw_panels("", [Panel(title="", lines=[Line(name="", points=points)])]))


def test_smoothing_is_a_running_mean():
    points = [(1, 2.0), (2, 4.0), (3, 6.0), (4, 0.0)]
    assert smooth(points, 2) == [(2, 3.0), (3, 5.0), (4, 3.0)]
    assert smooth(points, 9) == [(4, 3.0)]
    assert smooth([], 3) == []


def test_long_lines_are_thinned_and_keep_their_end():
    points = [(float(x), 0.0) for x in range(6001)]
    few = thin(points)
    assert 200 <= len(few) <= 400
    assert few[-1] == points[-1]
    assert few == sorted(few)
    assert list(thin(points[:300])) == points[:300]


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_few_round_numbers_within(low, span):
    high = low + span
    found = ticks(low, high)
    assert 2 <= len(found) <= 8
    slack = 1e-6 * span
    assert all(low - slack <= tick <= high + slack for tick in found)
    if span > 1e-4 * abs(low):  # else the rounding of floats shows
        step = found[1] - found[0]
        factor = step / 10.0 ** math.floor(math.log10(step) + 1e-6)
        assert any(factor == pytest.approx(round_one, rel=1e-3) for round_one in (1, 2, 5))


def test_worked_ticks():
    assert ticks(0, 1) == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert ticks(0, 6000) == [0, 2000, 4000, 6000]
    assert ticks(0, 13.8) == [0, 5, 10]
