"""Little drawings of things: a house, a car that faces somewhere, a face with a mood, by day or at night."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Final

from PIL import Image

from medialens.training.drawing.canvas import (
    BRIGHT_NAMES,
    COLOUR_NAMES,
    PAPER,
    Canvas,
    Point,
    Rgb,
    circle_points,
    shade,
)
from medialens.training.drawing.scene import Kind, Size, states
from medialens.training.language.speaker import Speaker, with_article

_INK: Rgb = (40, 35, 35)
_WAYS = ("facing left", "facing right")
_ALL_WAYS = ("facing left", "facing right", "facing up", "facing down")
_MOODS = ("happy", "sad", "surprised", "angry")
# Thing: the details it may have ("" for none), and where it may stand.
_DETAILS: Final[dict[str, tuple[str, ...]]] = {
    "house": ("",), "tree": ("",), "pine": ("",), "flower": ("",), "cup": _WAYS, "boat": _WAYS, "fish": _WAYS,
    "car": _WAYS, "face": _MOODS, "arrow": _ALL_WAYS,
}  # fmt: skip
_OUTDOORS: Final = {"house", "tree", "pine", "flower", "boat", "car"}


def _house(canvas: Canvas, colour: Rgb, detail: str, chance: random.Random) -> None:
    del detail
    left, top = 0.24 + chance.uniform(-0.05, 0.05), 0.45 + chance.uniform(-0.03, 0.03)
    canvas.box((left, top, left + 0.5, 0.86), colour)
    canvas.polygon([(left - 0.07, top), (left + 0.25, top - 0.27), (left + 0.57, top)], (90, 60, 50))
    canvas.box((left + 0.2, 0.66, left + 0.31, 0.86), _INK)
    for x in (left + 0.05, left + 0.35):
        canvas.box((x, top + 0.07, x + 0.11, top + 0.18), (235, 235, 190))


def _tree(canvas: Canvas, colour: Rgb, detail: str, chance: random.Random) -> None:
    del detail
    x, radius = 0.5 + chance.uniform(-0.1, 0.1), chance.uniform(0.22, 0.27)
    canvas.box((x - 0.04, 0.5, x + 0.04, 0.88), (100, 65, 35))
    for dx, dy in ((0, -0.06), (-0.13, 0.06), (0.13, 0.06)):
        canvas.ellipse(
            (x + dx - radius * 0.8, 0.38 + dy - radius * 0.8, x + dx + radius * 0.8, 0.38 + dy + radius * 0.8), colour
        )


def _pine(canvas: Canvas, colour: Rgb, detail: str, chance: random.Random) -> None:
    del detail
    x = 0.5 + chance.uniform(-0.1, 0.1)
    canvas.box((x - 0.04, 0.7, x + 0.04, 0.9), (100, 65, 35))
    for level, half in enumerate((0.16, 0.22, 0.28)):
        top = 0.12 + 0.19 * level
        canvas.polygon([(x, top), (x + half, top + 0.26), (x - half, top + 0.26)], colour)


def _flower(canvas: Canvas, colour: Rgb, detail: str, chance: random.Random) -> None:
    del detail
    x, y = 0.5 + chance.uniform(-0.08, 0.08), 0.36 + chance.uniform(-0.04, 0.04)
    canvas.line([(x, y), (x + chance.uniform(-0.05, 0.05), 0.92)], (50, 130, 50), 0.03)
    for dx, dy in circle_points(chance.choice((5, 6, 7)), chance.uniform(0, 60), 0.15):
        canvas.ellipse((x + dx - 0.1, y + dy - 0.1, x + dx + 0.1, y + dy + 0.1), colour)
    canvas.ellipse((x - 0.08, y - 0.08, x + 0.08, y + 0.08), (245, 200, 60))


def _cup(canvas: Canvas, colour: Rgb, detail: str, chance: random.Random) -> None:
    left, top = 0.3 + chance.uniform(-0.04, 0.04), 0.34 + chance.uniform(-0.04, 0.04)
    handle = left - 0.14 if detail == "facing left" else left + 0.3
    canvas.ellipse((handle, top + 0.1, handle + 0.24, top + 0.36), None, colour, 0.045)
    canvas.box((left, top, left + 0.4, top + 0.48), colour, rounding=0.06)
    canvas.ellipse((left, top - 0.05, left + 0.4, top + 0.06), (70, 45, 30))


def _boat(canvas: Canvas, colour: Rgb, detail: str, chance: random.Random) -> None:
    x, side = 0.5 + chance.uniform(-0.06, 0.06), -1 if detail == "facing left" else 1
    canvas.box((0, 0.8, 1, 1), (50, 110, 180))
    canvas.polygon([(x - 0.3, 0.68), (x + 0.3, 0.68), (x + 0.18, 0.84), (x - 0.18, 0.84)], (110, 70, 40))
    canvas.line([(x, 0.16), (x, 0.68)], _INK, 0.02)
    canvas.polygon([(x + side * 0.02, 0.16), (x + side * 0.3, 0.6), (x + side * 0.02, 0.6)], colour)


def _fish(canvas: Canvas, colour: Rgb, detail: str, chance: random.Random) -> None:
    x, y, side = (
        0.5 + chance.uniform(-0.06, 0.06),
        0.5 + chance.uniform(-0.1, 0.1),
        -1 if detail == "facing left" else 1,
    )
    canvas.polygon([(x - side * 0.2, y), (x - side * 0.4, y - 0.15), (x - side * 0.4, y + 0.15)], colour)
    canvas.ellipse((x - 0.28, y - 0.16, x + 0.28, y + 0.16), colour)
    eye = x + side * 0.16
    canvas.ellipse((eye - 0.03, y - 0.07, eye + 0.03, y - 0.01), (255, 255, 255), _INK)


def _car(canvas: Canvas, colour: Rgb, detail: str, chance: random.Random) -> None:
    x, side = 0.5 + chance.uniform(-0.05, 0.05), -1 if detail == "facing left" else 1
    canvas.polygon(
        [(x - side * 0.3, 0.6), (x - side * 0.22, 0.4), (x + side * 0.06, 0.4), (x + side * 0.18, 0.6)], colour
    )
    canvas.box((x - 0.36, 0.58, x + 0.36, 0.74), colour, rounding=0.03)
    canvas.polygon(
        [(x - side * 0.08, 0.58), (x - side * 0.06, 0.44), (x + side * 0.04, 0.44), (x + side * 0.13, 0.58)],
        (200, 225, 240),
    )
    lamp = x + side * 0.33
    canvas.box((lamp - 0.03, 0.61, lamp + 0.03, 0.66), (255, 245, 160))
    for wheel in (x - 0.2, x + 0.2):
        canvas.ellipse((wheel - 0.08, 0.66, wheel + 0.08, 0.82), _INK)


def _face(canvas: Canvas, colour: Rgb, detail: str, chance: random.Random) -> None:
    x, y, radius = 0.5 + chance.uniform(-0.05, 0.05), 0.5 + chance.uniform(-0.05, 0.05), chance.uniform(0.3, 0.38)
    canvas.ellipse((x - radius, y - radius, x + radius, y + radius), colour, _INK)
    for side in (-1, 1):
        eye = x + side * radius * 0.4
        canvas.ellipse((eye - 0.04, y - 0.13, eye + 0.04, y - 0.05), (250, 250, 250), _INK, 0.02)
        if detail == "angry":
            canvas.line([(eye + side * 0.08, y - 0.22), (eye - side * 0.06, y - 0.15)], _INK, 0.03)
    mouth = radius * 0.55
    if detail == "happy":
        canvas.arc((x - mouth, y - 0.08, x + mouth, y + 0.2), 15, 165, _INK, 0.035)
    elif detail == "surprised":
        canvas.ellipse((x - 0.06, y + 0.06, x + 0.06, y + 0.2), _INK)
    else:
        canvas.arc((x - mouth, y + 0.1, x + mouth, y + 0.34), 195, 345, _INK, 0.035)


def _arrow(canvas: Canvas, colour: Rgb, detail: str, chance: random.Random) -> None:
    x, y, length = 0.5 + chance.uniform(-0.06, 0.06), 0.5 + chance.uniform(-0.06, 0.06), chance.uniform(0.28, 0.36)
    points = [(-1, -0.25), (0.1, -0.25), (0.1, -0.65), (1, 0), (0.1, 0.65), (0.1, 0.25), (-1, 0.25)]
    turned: dict[str, Callable[[float, float], Point]] = {
        "facing right": lambda a, b: (a, b), "facing left": lambda a, b: (-a, b),
        "facing down": lambda a, b: (b, a), "facing up": lambda a, b: (b, -a),
    }  # fmt: skip
    tips = [turned[detail](a, b) for a, b in points]
    canvas.polygon([(x + length * a, y + length * b) for a, b in tips], colour)


_DRAW: Final[dict[str, Callable[[Canvas, Rgb, str, random.Random], None]]] = {
    "house": _house, "tree": _tree, "pine": _pine, "flower": _flower, "cup": _cup, "boat": _boat, "fish": _fish,
    "car": _car, "face": _face, "arrow": _arrow,
}  # fmt: skip


def _backdrop(canvas: Canvas, time: str, chance: random.Random) -> None:
    if time == "plain":
        return
    x = chance.uniform(0.1, 0.9)
    if time == "day":
        canvas.ellipse((x - 0.08, 0.03, x + 0.08, 0.19), (255, 225, 90))
    else:
        canvas.ellipse((x - 0.06, 0.04, x + 0.06, 0.16), (240, 240, 215))
        for _ in range(9):
            a, b = chance.random(), chance.uniform(0, 0.5)
            canvas.ellipse((a - 0.008, b - 0.008, a + 0.008, b + 0.008), (255, 255, 230))
    canvas.box((0, 0.82, 1, 1), (95, 165, 80) if time == "day" else (30, 55, 40))


def _invent(chance: random.Random) -> dict[str, str]:
    thing = chance.choice(tuple(_DETAILS))
    time = chance.choice(("day", "night", "plain")) if thing in _OUTDOORS else "plain"
    colour = chance.choice(BRIGHT_NAMES if time == "night" or thing == "face" else COLOUR_NAMES)
    return {"thing": thing, "colour": colour, "detail": chance.choice(_DETAILS[thing]), "time": time}


def _draw(facts: Mapping[str, str], size: Size, chance: random.Random) -> Image.Image:
    skies: dict[str, tuple[Rgb, ...]] = {"day": ((185, 220, 250),), "night": ((20, 25, 60),), "plain": PAPER}
    canvas = Canvas(size, chance.choice(skies[facts["time"]]))
    _backdrop(canvas, facts["time"], chance)
    _DRAW[facts["thing"]](canvas, shade(facts["colour"], chance), facts["detail"], chance)
    return canvas.image


def _describe(facts: Mapping[str, str], speaker: Speaker, full: bool) -> tuple[str, frozenset[str]]:
    colour, thing = speaker.word(facts["colour"]), speaker.word(facts["thing"])
    detail = speaker.word(facts["detail"]) if facts["detail"] else ""
    noun = f"{colour} {thing}"
    mood = facts["thing"] == "face"
    if mood:
        noun = speaker.one_of(f"{detail} {colour} {thing}", f"{colour} {detail} {thing}")
    parts = [with_article(noun) if speaker.maybe(0.75) else noun]
    if detail and not mood:
        parts.append(detail)
    if full and (facts["thing"] in _OUTDOORS):
        parts.append(speaker.word(facts["time"]))
    if full:
        return " ".join(parts), states(facts, *facts)
    return speaker.chance.choice(
        [
            (with_article(thing), states(facts, "thing")),
            (thing, states(facts, "thing")),
            (with_article(f"{colour} {thing}"), states(facts, "thing", "colour")),
            (" ".join(parts), states(facts, "thing", "colour", "detail")),
            (with_article(f"{detail} {thing}") if mood else f"{with_article(thing)} {detail}".strip(),
             states(facts, "thing", "detail")),
            (f"{with_article(thing)} {speaker.word(facts['time'])}", states(facts, "thing", "time")),
        ]
    )  # fmt: skip


def _truths(facts: Mapping[str, str]) -> frozenset[str]:
    return states(facts, *facts)


KINDS = (Kind(name="thing", weight=2.5, invent=_invent, draw=_draw, describe=_describe, truths=_truths),)
