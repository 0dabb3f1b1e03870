"""How a training run went, as a picture: its loss and its recall by step, in an SVG file of its own.

Written by hand, without a plotting library: two panels above each other, over one axis of steps.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

Points = Sequence[tuple[float, float]]

_WIDTH, _LEFT, _RIGHT = 760, 64, 24
_TOP, _PANEL, _GAP, _BOTTOM = 58, 190, 44, 52
_INK, _SOFT, _GRID = "#1b1f27", "#667085", "#dfe2e8"
_COLOURS = ("#1f6fb4", "#c2571a", "#2b8a4b")
_NAME = 150  # pixels for a name in the legend
_N_POINTS = 400  # of a line, at most
_N_MEANS = 50  # the loss is smoothed over one fiftieth of the run


@dataclasses.dataclass(frozen=True, kw_only=True)
class Line:
    """One curve of a panel, by the name that the legend gives it."""

    name: str
    points: Points


@dataclasses.dataclass(frozen=True, kw_only=True)
class Panel:
    """Curves over a common axis, whose ends are those of all values unless said."""

    title: str
    lines: Sequence[Line]
    low: float | None = None
    high: float | None = None


def write_curve(folder: Path, *, title: str, metrics: dict[str, str] | None = None) -> Path:
    """Draws ``curve.svg`` beside the run's ``log.jsonl`` and ``metrics.jsonl``; its path.

    Args:
        folder: Of the run.
        title: Stands above.
        metrics: Fields of ``metrics.jsonl`` to draw, shares between 0 and 1, and what to call them.
    """
    metrics = metrics or {"recall_at_1": "recall@1, held out", "recall_at_5": "recall@5, held out"}
    losses = [(line["step"], line["loss"]) for line in _read(folder / "log.jsonl")]
    measured = _read(folder / "metrics.jsonl")
    n_smoothed = max(4, len(losses) // _N_MEANS)
    panels = [
        Panel(
            title="loss", lines=[Line(name=f"mean of {n_smoothed} steps", points=smooth(losses, n_smoothed))], low=0.0
        ),
        Panel(
            title="share found",
            lines=[
                Line(name=name, points=[(line["step"], line[field]) for line in measured if field in line])
                for field, name in metrics.items()
            ],
            low=0.0,
            high=1.0,
        ),
    ]
    path = folder / "curve.svg"
    path.write_text(draw_panels(title, panels), encoding="utf-8")
    return path


def _read(path: Path) -> list[dict[str, Any]]:
    """The lines by step; of a step that was made again after a crash, the later one."""
    if not path.is_file():
        return []
    lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    by_step = {line["step"]: line for line in lines}
    return [by_step[step] for step in sorted(by_step)]


def smooth(points: Points, width: int) -> list[tuple[float, float]]:
    """The mean of each `width` points in a row, at the last of them; of fewer points, of all."""
    width = min(width, len(points))
    total, smoothed = 0.0, []
    for at, (x, y) in enumerate(points):
        total += y - (points[at - width][1] if at >= width else 0.0)
        if at >= width - 1:
            smoothed.append((x, total / width))
    return smoothed


def thin(points: Points) -> Points:
    """The points, or evenly chosen ones where there are more than can be told apart; the last is always there."""
    every = -(-len(points) // _N_POINTS)
    return points[::-1][:: max(1, every)][::-1]


def draw_panels(title: str, panels: Sequence[Panel]) -> str:
    """The SVG of the panels, one above the other, over one axis of steps."""
    steps = [x for panel in panels for line in panel.lines for x, _ in line.points]
    last = max(steps, default=1.0)
    height = _TOP + len(panels) * (_PANEL + _GAP) - _GAP + _BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"',
        ' font-family="system-ui, sans-serif" font-size="12" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(_LEFT, 22, title, anchor="start", colour=_INK),
    ]
    for number, panel in enumerate(panels):
        parts += _draw_panel(panel, _TOP + number * (_PANEL + _GAP), last)
    parts += [_text(_across(step, last), height - _BOTTOM + 18, f"{step:g}") for step in ticks(0.0, last)]
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, height - 12, "steps"))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _draw_panel(panel: Panel, top: float, last: float) -> Iterable[str]:
    values = [y for line in panel.lines for _, y in line.points]
    low = min(values, default=0.0) if panel.low is None else panel.low
    high = max(values, default=1.0) if panel.high is None else panel.high
    high = high if high > low else low + 1.0
    yield _text(_LEFT, top - 8, panel.title, anchor="start", colour=_INK)
    for tick in ticks(low, high):
        y = _down(tick, low, high, top)
        yield f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{_GRID}"/>'
        yield _text(_LEFT - 8, y + 4, f"{tick:g}", anchor="end")
    for number, line in enumerate(panel.lines):
        colour = _COLOURS[number % len(_COLOURS)]
        points = " ".join(f"{_across(x, last):.1f},{_down(y, low, high, top):.1f}" for x, y in thin(line.points))
        yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.8"/>'
        yield _text(_WIDTH - _RIGHT - number * _NAME, top - 8, line.name, anchor="end", colour=colour)


def ticks(low: float, high: float) -> list[float]:
    """Some four to eight round numbers from `low` to `high`: multiples of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]


def _across(step: float, last: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * step / last


def _down(value: float, low: float, high: float, top: float) -> float:
    return top + _PANEL * (high - value) / (high - low)


def _text(x: float, y: float, text: str, *, anchor: str = "middle", colour: str = _SOFT) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'
