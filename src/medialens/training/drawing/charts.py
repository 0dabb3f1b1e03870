"""Charts with a kind, a trend, a colour and often a title; and tables with rows, columns and a header."""

from __future__ import annotations

import random
from collections.abc import Mapping

from PIL import Image

from medialens.training.drawing.canvas import COLOUR_NAMES, COLOURS, PAPER, Canvas, Rgb, shade
from medialens.training.drawing.scene import Kind, Size, states
from medialens.training.language.speaker import Speaker, with_article
from medialens.training.language.words import TOPICS

_INK: Rgb = (60, 60, 65)
_TRENDS = ("rising", "falling", "peak", "dip", "flat")


def _heights(trend: str, count: int, chance: random.Random) -> list[float]:
    """Values between 0 and 1 that show the trend."""
    steps = [index / (count - 1) for index in range(count)]
    low, high = chance.uniform(0.1, 0.25), chance.uniform(0.8, 0.95)
    level = chance.uniform(0.35, 0.65)
    shapes = {
        "rising": steps,
        "falling": [1 - step for step in steps],
        "peak": [1 - abs(2 * step - 1) for step in steps],
        "dip": [abs(2 * step - 1) for step in steps],
    }
    noise = [chance.uniform(-0.05, 0.05) for _ in steps]
    if trend == "flat":
        return [level + part * 0.6 for part in noise]
    return [
        min(1.0, max(0.05, low + (high - low) * step + part)) for step, part in zip(shapes[trend], noise, strict=True)
    ]


def _invent_chart(chance: random.Random) -> dict[str, str]:
    kind = chance.choice(("bar", "bar", "line", "line", "scatter", "pie"))
    return {
        "chart": kind,
        "trend": "" if kind == "pie" else chance.choice(_TRENDS),
        "slices": str(chance.randint(2, 6)) if kind == "pie" else "",
        "colour": "" if kind == "pie" else chance.choice(COLOUR_NAMES),
        "topic": chance.choice(TOPICS),
    }


def _draw_chart(facts: Mapping[str, str], size: Size, chance: random.Random) -> Image.Image:
    canvas = Canvas(size, chance.choice(PAPER))
    canvas.text(
        (0.5, 0.02), facts["topic"].title(), _INK, chance.uniform(0.12, 0.15), anchor="ma", bold=chance.random() < 0.5
    )
    if facts["chart"] == "pie":
        _draw_pie(canvas, int(facts["slices"]), chance)
        return canvas.image
    canvas.line([(0.1, 0.2), (0.1, 0.9), (0.95, 0.9)], _INK)
    if chance.random() < 0.4:  # some charts have a grid
        for y in (0.3, 0.5, 0.7):
            canvas.line([(0.1, y), (0.95, y)], (215, 215, 215), 0.005)
    _draw_series(canvas, facts, shade(facts["colour"], chance), chance)
    return canvas.image


def _draw_series(canvas: Canvas, facts: Mapping[str, str], colour: Rgb, chance: random.Random) -> None:
    count = chance.randint(12, 18) if facts["chart"] == "scatter" else chance.randint(4, 7)
    heights = _heights(facts["trend"], count, chance)
    slot = 0.82 / count
    points = [(0.12 + slot * (index + 0.5), 0.88 - 0.62 * height) for index, height in enumerate(heights)]
    if facts["chart"] == "bar":
        for x, y in points:
            canvas.box((x - slot * 0.36, y, x + slot * 0.36, 0.89), colour)
    elif facts["chart"] == "line":
        canvas.line(points, colour, 0.03)
    else:
        for x, y in points:
            canvas.ellipse((x - 0.025, y - 0.025, x + 0.025, y + 0.025), colour)


def _draw_pie(canvas: Canvas, count: int, chance: random.Random) -> None:
    shares = [chance.uniform(0.7, 1.4) for _ in range(count)]
    start = chance.uniform(0, 360)
    for share, name in zip(shares, chance.sample(COLOUR_NAMES, count), strict=True):
        end = start + 360 * share / sum(shares)
        canvas.slice((0.18, 0.24, 0.82, 0.94), start, end, COLOURS[name])
        start = end


def _describe_chart(facts: Mapping[str, str], speaker: Speaker, full: bool) -> tuple[str, frozenset[str]]:
    kind, topic = speaker.word(facts["chart"]), facts["topic"]
    if facts["chart"] == "pie":
        return _describe_pie(facts, speaker, kind, full)
    trend, colour = speaker.word(facts["trend"]), speaker.word(facts["colour"])
    if full:
        text = speaker.one_of(
            f"{with_article(f'{colour} {kind}')} of {topic} {trend}",
            f"{with_article(f'{colour} {kind}')} of {topic} {trend}",
            f"{colour} {kind} titled {topic}, {trend}",
            f"{topic} {trend}, {colour} {kind}",
            f"{with_article(kind)} of {topic} in {colour}, {trend}",
            f"{with_article(kind)} {trend}, in {colour}, with the title {topic}",
        )
        return text, states(facts, "chart", "trend", "colour", "topic")
    return speaker.chance.choice(
        [
            (with_article(kind), states(facts, "chart")),
            (f"{kind} {trend}", states(facts, "chart", "trend")),
            (with_article(f"{colour} {kind}"), states(facts, "chart", "colour")),
            (f"{topic} {trend}", states(facts, "topic", "trend")),
            (f"{kind} of {topic}", states(facts, "chart", "topic")),
            (f"a chart {trend}", states(facts, "trend") | {"chart"}),
            (speaker.one_of("a chart", "chart", "a diagram", "graph", "a graph"), frozenset({"chart"})),
            (f"{topic} chart", states(facts, "topic") | {"chart"}),
        ]
    )


def _describe_pie(facts: Mapping[str, str], speaker: Speaker, kind: str, full: bool) -> tuple[str, frozenset[str]]:
    slices = f"{speaker.word(facts['slices'])} {speaker.one_of('slices', 'pieces', 'parts')}"
    if full:
        text = speaker.one_of(
            f"{with_article(kind)} of {facts['topic']} with {slices}",
            f"{kind} titled {facts['topic']}, {slices}",
            f"{facts['topic']} as {with_article(kind)} with {slices}",
        )
        return text, states(facts, "chart", "slices", "topic")
    return speaker.chance.choice(
        [
            (with_article(kind), states(facts, "chart")),
            (f"{with_article(kind)} with {slices}", states(facts, "chart", "slices")),
            (f"{kind} of {facts['topic']}", states(facts, "chart", "topic")),
        ]
    )


def _chart_truths(facts: Mapping[str, str]) -> frozenset[str]:
    return states(facts, *facts) | {"chart"}


def _invent_table(chance: random.Random) -> dict[str, str]:
    return {
        "rows": str(chance.randint(2, 6)),
        "columns": str(chance.randint(2, 5)),
        "header": chance.choice(COLOUR_NAMES),
        "topic": chance.choice(TOPICS),
    }


def _draw_table(facts: Mapping[str, str], size: Size, chance: random.Random) -> Image.Image:
    canvas = Canvas(size, chance.choice(PAPER))
    rows, columns = int(facts["rows"]), int(facts["columns"])
    canvas.text((0.5, 0.02), facts["topic"].title(), _INK, chance.uniform(0.12, 0.15), anchor="ma")
    left, right, top = 0.06, 0.94, 0.22
    row_height = min(0.13, 0.72 / (rows + 1)) * chance.uniform(0.85, 1.0)
    bottom, column_width = top + row_height * (rows + 1), (right - left) / columns
    canvas.box((left, top, right, top + row_height), shade(facts["header"], chance))
    for row in range(rows + 2):
        canvas.line([(left, top + row * row_height), (right, top + row * row_height)], _INK, 0.01)
    for column in range(columns + 1):
        canvas.line([(left + column * column_width, top), (left + column * column_width, bottom)], _INK, 0.01)
    for row in range(1, rows + 1):
        for column in range(columns):
            x, y = left + (column + 0.2) * column_width, top + (row + 0.5) * row_height
            canvas.line([(x, y), (x + column_width * chance.uniform(0.2, 0.6), y)], (150, 150, 155), 0.02)
    return canvas.image


def _describe_table(facts: Mapping[str, str], speaker: Speaker, full: bool) -> tuple[str, frozenset[str]]:
    table, header = speaker.word("table"), f"{speaker.word(facts['header'])} {speaker.word('header')}"
    rows = f"{_number(facts['rows'], speaker)} {speaker.word('rows')}"
    columns = f"{_number(facts['columns'], speaker)} {speaker.word('columns')}"
    topic = facts["topic"]
    if full:
        text = speaker.one_of(
            f"{with_article(table)} of {topic} with {rows}, {columns} and {with_article(header)}",
            f"{topic} {table}, {rows}, {columns}, {header}",
            f"{with_article(table)} titled {topic} with {columns} and {rows} under {with_article(header)}",
            f"{table} of {topic} with {with_article(header)}, {rows} and {columns}",
        )
        return text, states(facts, "rows", "columns", "header", "topic")
    return speaker.chance.choice(
        [
            (with_article(table), frozenset({"table"})),
            (table, frozenset({"table"})),
            (f"{with_article(table)} of {topic}", states(facts, "topic") | {"table"}),
            (f"{with_article(table)} with {with_article(header)}", states(facts, "header")),
            (f"{with_article(table)} with {rows} and {columns}", states(facts, "rows", "columns")),
            (f"{with_article(table)} with {columns}", states(facts, "columns")),
        ]
    )


def _number(count: str, speaker: Speaker) -> str:
    """Plain numbers only: nobody says "a pair of rows"."""
    return speaker.one_of(count, {"2": "two", "3": "three", "4": "four", "5": "five", "6": "six"}[count])


def _table_truths(facts: Mapping[str, str]) -> frozenset[str]:
    return states(facts, *facts) | {"table"}


KINDS = (
    Kind(name="chart", weight=2.5, invent=_invent_chart, draw=_draw_chart, describe=_describe_chart,
         truths=_chart_truths),
    Kind(name="table", weight=1.5, invent=_invent_table, draw=_draw_table, describe=_describe_table,
         truths=_table_truths, free_facts=("rows", "columns", "header", "topic")),
)  # fmt: skip
