"""Flat shapes: one of them somewhere, several alike, or two that stand in a relation."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping

from PIL import Image

from medialens.training.drawing.canvas import COLOUR_NAMES, PAPER, Canvas, Point, Rgb, circle_points, shade
from medialens.training.drawing.scene import Kind, Size, states
from medialens.training.language.speaker import Speaker, plural, with_article


def _star() -> tuple[Point, ...]:
    outer, inner = circle_points(5, -90), circle_points(5, -54, 0.42)
    return tuple(point for pair in zip(outer, inner, strict=True) for point in pair)


def _heart() -> tuple[Point, ...]:
    # The usual heart curve, brought to the unit square.
    turns = [2 * math.pi * index / 28 for index in range(28)]
    return tuple(
        (math.sin(t) ** 3, -(13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)) / 15)
        for t in turns
    )


def _moon() -> tuple[Point, ...]:
    outer = [(math.cos(math.radians(a)), math.sin(math.radians(a))) for a in range(50, 311, 12)]
    inner = [(0.35 + 0.8 * math.cos(math.radians(a)), 0.8 * math.sin(math.radians(a))) for a in range(290, 69, -12)]
    return tuple(outer + inner)


OUTLINES: dict[str, tuple[Point, ...]] = {
    "square": ((-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)),
    "triangle": ((0.0, -0.95), (0.95, 0.8), (-0.95, 0.8)),
    "star": _star(),
    "heart": _heart(),
    "diamond": ((0.0, -1.0), (0.7, 0.0), (0.0, 1.0), (-0.7, 0.0)),
    "hexagon": circle_points(6, 0),
    "cross": (
        (-0.3, -0.95), (0.3, -0.95), (0.3, -0.3), (0.95, -0.3), (0.95, 0.3), (0.3, 0.3),
        (0.3, 0.95), (-0.3, 0.95), (-0.3, 0.3), (-0.95, 0.3), (-0.95, -0.3), (-0.3, -0.3),
    ),
    "moon": _moon(),
}  # fmt: skip
SHAPES = ("circle", "ring", *OUTLINES)
POSITIONS: dict[str, Point] = {
    "top left": (0.22, 0.22), "top": (0.5, 0.2), "top right": (0.78, 0.22),
    "left": (0.2, 0.5), "center": (0.5, 0.5), "right": (0.8, 0.5),
    "bottom left": (0.22, 0.78), "bottom": (0.5, 0.8), "bottom right": (0.78, 0.78),
}  # fmt: skip
_DARK: tuple[Rgb, ...] = ((25, 28, 40), (45, 45, 50))
_ROOMY = ("circle", "square", "hexagon", "diamond")
_INVERSE = {"above": "below", "left of": "right of", "inside": "around"}


def put(canvas: Canvas, shape: str, at: Point, radius: float, colour: Rgb, hole: Rgb) -> None:
    """Draws one shape around `at`; `hole` is the colour inside a ring."""
    x, y = at
    if shape in {"circle", "ring"}:
        canvas.ellipse((x - radius, y - radius, x + radius, y + radius), colour)
        if shape == "ring":
            inner = radius * 0.58
            canvas.ellipse((x - inner, y - inner, x + inner, y + inner), hole)
    else:
        canvas.polygon([(x + radius * dx, y + radius * dy) for dx, dy in OUTLINES[shape]], colour)


def ground(colours: set[str], chance: random.Random) -> Rgb:
    """A background on which these colours can be seen."""
    return chance.choice(_DARK) if "black" not in colours and chance.random() < 0.15 else chance.choice(PAPER)


def _invent_shape(chance: random.Random) -> dict[str, str]:
    return {
        "shape": chance.choice(SHAPES),
        "colour": chance.choice(COLOUR_NAMES),
        "size": chance.choice(("small", "large")),
        "position": chance.choice(tuple(POSITIONS)),
    }


def _draw_shape(facts: Mapping[str, str], size: Size, chance: random.Random) -> Image.Image:
    background = ground({facts["colour"]}, chance)
    canvas = Canvas(size, background)
    x, y = POSITIONS[facts["position"]]
    # In the middle there is room: what people draw first fills most of the picture.
    largest = 0.42 if facts["position"] == "center" else 0.22
    radius = chance.uniform(0.06, 0.11) if facts["size"] == "small" else chance.uniform(0.16, largest)
    at = (x + chance.uniform(-0.04, 0.04), y + chance.uniform(-0.04, 0.04))
    put(canvas, facts["shape"], at, radius, shade(facts["colour"], chance), background)
    return canvas.image


def _describe_shape(facts: Mapping[str, str], speaker: Speaker, full: bool) -> tuple[str, frozenset[str]]:
    size, colour, shape = (speaker.word(facts[name]) for name in ("size", "colour", "shape"))
    place = speaker.word(facts["position"])
    if full:
        text = speaker.one_of(
            with_article(f"{size} {colour} {shape} {place}"),
            with_article(f"{size} {colour} {shape} {place}"),
            f"{size} {colour} {shape} {place}",
            f"{with_article(f'{colour} {shape}')}, {size}, {place}",
            f"{place}, {with_article(f'{size} {colour} {shape}')}",
            f"{with_article(shape)} that is {size} and {colour}, {place}",
        )
        return text, states(facts, "shape", "colour", "size", "position")
    return speaker.chance.choice(
        [
            (shape, states(facts, "shape")),
            (with_article(shape), states(facts, "shape")),
            (plural(shape), states(facts, "shape")),
            (f"something {colour}", states(facts, "colour")),
            (colour, states(facts, "colour")),
            (with_article(f"{colour} {shape}"), frozenset({f"has={facts['colour']} {facts['shape']}"})),
            (f"{colour} {shape}", frozenset({f"has={facts['colour']} {facts['shape']}"})),
            (with_article(f"{size} {shape}"), states(facts, "size", "shape")),
            (f"{with_article(f'{colour} {shape}')} {place}", states(facts, "colour", "shape", "position")),
        ]
    )


def _shape_truths(facts: Mapping[str, str]) -> frozenset[str]:
    return states(facts, *facts) | {f"has={facts['colour']} {facts['shape']}"}


def _invent_count(chance: random.Random) -> dict[str, str]:
    count = str(chance.randint(2, 6))
    return {"count": count, "colour": chance.choice(COLOUR_NAMES), "shape": chance.choice(SHAPES)}


def _draw_count(facts: Mapping[str, str], size: Size, chance: random.Random) -> Image.Image:
    background = ground({facts["colour"]}, chance)
    canvas = Canvas(size, background)
    radius = chance.uniform(0.08, 0.135)
    cells = [(column, row) for column in range(3) for row in range(3)]
    for column, row in chance.sample(cells, int(facts["count"])):
        at = (0.18 + 0.32 * column + chance.uniform(-0.03, 0.03), 0.18 + 0.32 * row + chance.uniform(-0.03, 0.03))
        put(canvas, facts["shape"], at, radius, shade(facts["colour"], chance), background)
    return canvas.image


def _describe_count(facts: Mapping[str, str], speaker: Speaker, full: bool) -> tuple[str, frozenset[str]]:
    count, colour = speaker.word(facts["count"]), speaker.word(facts["colour"])
    shapes = plural(speaker.word(facts["shape"]))
    if full:
        text = speaker.one_of(
            f"{count} {colour} {shapes}",
            f"{count} {colour} {shapes}",
            f"{count} {shapes} in {colour}",
            f"exactly {count} {colour} {shapes}",
            f"{colour} {shapes}, {count} of them" if " " not in count else f"{count} {colour} {shapes}",
            f"{count} {shapes} that are {colour}",
        )
        return text, states(facts, "count", "colour", "shape")
    return speaker.chance.choice(
        [
            (f"{count} {shapes}", states(facts, "count", "shape")),
            (f"{colour} {shapes}", frozenset({f"has={facts['colour']} {facts['shape']}"})),
            (f"several {colour} {shapes}", states(facts, "colour", "shape") | {"many"}),
            (shapes, states(facts, "shape")),
        ]
    )


def _count_truths(facts: Mapping[str, str]) -> frozenset[str]:
    return _shape_truths(facts) | {"many"}


def _invent_relation(chance: random.Random) -> dict[str, str]:
    first, second = chance.sample([(colour, shape) for colour in COLOUR_NAMES for shape in SHAPES], 2)
    relation = chance.choice(tuple(_INVERSE))
    if relation == "inside":
        second = (second[0], chance.choice(_ROOMY))
        if first[0] == second[0]:
            first = (COLOUR_NAMES[(COLOUR_NAMES.index(first[0]) + 3) % len(COLOUR_NAMES)], first[1])
    return {
        "first colour": first[0], "first shape": first[1], "relation": relation,
        "second colour": second[0], "second shape": second[1],
    }  # fmt: skip


def _rearrange_relation(facts: Mapping[str, str]) -> list[dict[str, str]]:
    colours, shapes = ((facts[f"first {what}"], facts[f"second {what}"]) for what in ("colour", "shape"))
    return [
        {"first colour": one, "second colour": two, "first shape": three, "second shape": four, "relation": relation}
        for one, two in (colours, colours[::-1])
        for three, four in (shapes, shapes[::-1])
        for relation in _INVERSE
    ]


def _recount(facts: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"count": str(count)} for count in range(2, 7) if str(count) != facts["count"]]


def can_be_seen(facts: Mapping[str, str]) -> bool:
    """Whether both things of a relation are visible: the outer one has room for the inner, in another colour."""
    roomy = facts["second shape"] in _ROOMY and facts["first colour"] != facts["second colour"]
    return roomy or facts["relation"] != "inside"


def _draw_relation(facts: Mapping[str, str], size: Size, chance: random.Random) -> Image.Image:
    background = ground({facts["first colour"], facts["second colour"]}, chance)
    canvas = Canvas(size, background)
    first, second = shade(facts["first colour"], chance), shade(facts["second colour"], chance)
    if facts["relation"] == "inside":
        at = (0.5 + chance.uniform(-0.08, 0.08), 0.5 + chance.uniform(-0.08, 0.08))
        put(canvas, facts["second shape"], at, chance.uniform(0.33, 0.42), second, background)
        put(canvas, facts["first shape"], at, chance.uniform(0.12, 0.17), first, second)
        return canvas.image
    radius = chance.uniform(0.11, 0.19)
    near, far, side = 0.26 + chance.uniform(-0.04, 0.04), 0.74 + chance.uniform(-0.04, 0.04), chance.uniform(0.3, 0.7)
    upright = facts["relation"] == "above"
    put(canvas, facts["first shape"], (side, near) if upright else (near, side), radius, first, background)
    side += chance.uniform(-0.1, 0.1)
    put(canvas, facts["second shape"], (side, far) if upright else (far, side), radius, second, background)
    return canvas.image


def _describe_relation(facts: Mapping[str, str], speaker: Speaker, full: bool) -> tuple[str, frozenset[str]]:
    first = with_article(f"{speaker.word(facts['first colour'])} {speaker.word(facts['first shape'])}")
    second = with_article(f"{speaker.word(facts['second colour'])} {speaker.word(facts['second shape'])}")
    if full:
        forward = f"{first} {speaker.word(facts['relation'])} {second}"
        text = speaker.one_of(
            forward,
            f"{second} {speaker.word(_INVERSE[facts['relation']])} {first}" if speaker.maybe(0.8) else forward,
            f"{second} with {first} {speaker.word(facts['relation'])} it",
        )
        return text, frozenset({_relation_statement(facts)})
    owns = [f"has={facts[f'{which} colour']} {facts[f'{which} shape']}" for which in ("first", "second")]
    both = speaker.one_of(f"{first} and {second}", f"{second} and {first}", f"{first} next to {second}")
    return speaker.chance.choice(
        [(both, frozenset(owns)), (both, frozenset(owns)), (first, frozenset(owns[:1])), (second, frozenset(owns[1:]))]
    )


def _relation_statement(facts: Mapping[str, str]) -> str:
    return " ".join(facts[n] for n in ("first colour", "first shape", "relation", "second colour", "second shape"))


def _relation_truths(facts: Mapping[str, str]) -> frozenset[str]:
    truths = {_relation_statement(facts)}
    for which in ("first", "second"):
        colour, shape = facts[f"{which} colour"], facts[f"{which} shape"]
        truths |= {f"has={colour} {shape}", f"colour={colour}", f"shape={shape}"}
    return frozenset(truths)


KINDS = (
    Kind(
        name="shape",
        weight=2.0,
        invent=_invent_shape,
        draw=_draw_shape,
        describe=_describe_shape,
        truths=_shape_truths,
        free_facts=("shape", "shape", "colour", "size", "position"),
    ),
    Kind(
        name="count",
        weight=2.0,
        invent=_invent_count,
        draw=_draw_count,
        describe=_describe_count,
        truths=_count_truths,
        free_facts=("shape", "count", "count", "colour"),
        rearrange=_recount,
    ),
    Kind(
        name="relation",
        weight=3.0,
        invent=_invent_relation,
        draw=_draw_relation,
        describe=_describe_relation,
        truths=_relation_truths,
        free_facts=("first shape", "second shape", "first colour", "second colour"),
        rearrange=_rearrange_relation,
    ),
)
