"""Clips: a shape that moves, grows, shrinks, comes or goes, at times beside another that stands still."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from PIL import Image

from medialens.media.moments import moments
from medialens.models.layers.clip_sheet import ClipSheet
from medialens.training.drawing.canvas import COLOUR_NAMES, Canvas, Point, shade
from medialens.training.drawing.scene import Kind, Size, states
from medialens.training.drawing.shapes import SHAPES, ground, put
from medialens.training.language.speaker import Speaker, with_article

Film = Callable[[float], Image.Image]
"""The frame at a time between 0, where the clip begins, and 1."""

SHEET = ClipSheet()
"""How the embedded models look at clips."""

_WAYS: Final[dict[str, Point]] = {
    "moves left": (-1.0, 0.0), "moves right": (1.0, 0.0), "moves up": (0.0, -1.0), "moves down": (0.0, 1.0),
}  # fmt: skip
MOTIONS: Final = (*_WAYS, "grows", "shrinks", "appears", "disappears")
OPPOSITES: Final[dict[str, str]] = {
    "moves left": "moves right", "moves right": "moves left", "moves up": "moves down", "moves down": "moves up",
    "grows": "shrinks", "shrinks": "grows", "appears": "disappears", "disappears": "appears",
}  # fmt: skip
_COMPANY_SHARE = 0.3


def _invent(chance: random.Random) -> dict[str, str]:
    colour, shape = chance.choice(COLOUR_NAMES), chance.choice(SHAPES)
    other_colour, other_shape = "", ""
    if chance.random() < _COMPANY_SHARE:
        other_colour, other_shape = chance.choice(COLOUR_NAMES), chance.choice(SHAPES)
    return {
        "colour": colour, "shape": shape, "motion": chance.choice(MOTIONS),
        "second colour": other_colour, "second shape": other_shape,
    }  # fmt: skip


def film(facts: Mapping[str, str], size: Size, chance: random.Random) -> Film:
    """The clip of the facts as a function of time; all chance is spent before the first frame."""
    background = ground({facts["colour"], facts["second colour"] or facts["colour"]}, chance)
    colour = shade(facts["colour"], chance)
    place, radius = _path(facts["motion"], chance)
    company = _company(facts, chance)
    hidden = _hidden(facts["motion"], chance.uniform(0.2, 0.8))

    def frame(time: float) -> Image.Image:
        canvas = Canvas(size, background)
        if company is not None:
            put(canvas, facts["second shape"], company[0], 0.13, company[1], background)
        if not hidden(time):
            put(canvas, facts["shape"], place(time), radius(time), colour, background)
        return canvas.image

    return frame


def _path(motion: str, chance: random.Random) -> tuple[Callable[[float], Point], Callable[[float], float]]:
    """Where the shape is and how large, by time; it keeps to the upper part or the left, out of its company's way."""
    if motion in _WAYS:
        dx, dy = _WAYS[motion]
        reach, size, aside = chance.uniform(0.25, 0.33), chance.uniform(0.14, 0.21), chance.uniform(-0.12, 0.04)
        middle = (0.5 + aside * abs(dy), 0.42 + aside * abs(dx))
        return lambda time: (middle[0] + dx * reach * (2 * time - 1), middle[1] + dy * reach * (2 * time - 1)), (
            lambda _: size
        )
    at = (0.45 + chance.uniform(-0.08, 0.08), 0.42 + chance.uniform(-0.06, 0.06))
    if motion in {"grows", "shrinks"}:
        small, large = chance.uniform(0.06, 0.1), chance.uniform(0.3, 0.38)
        first, last = (small, large) if motion == "grows" else (large, small)
        return lambda _: at, lambda time: first + (last - first) * time
    size = chance.uniform(0.18, 0.28)
    return lambda _: at, lambda _: size


def _hidden(motion: str, turning: float) -> Callable[[float], bool]:
    """Whether the shape is not there (yet, or any more), by time."""
    if motion == "appears":
        return lambda time: time < turning
    if motion == "disappears":
        return lambda time: time >= turning
    return lambda _: False


def _company(facts: Mapping[str, str], chance: random.Random) -> tuple[Point, tuple[int, int, int]] | None:
    if not facts["second shape"]:
        return None
    at = (0.82 + chance.uniform(-0.03, 0.03), 0.82 + chance.uniform(-0.03, 0.03))
    return at, shade(facts["second colour"], chance)


def on_sheet(shown: Film, size: Size, sheet: ClipSheet = SHEET) -> Image.Image:
    """The film as the embedded models look at it, (width, height) pixels."""
    frames = [np.asarray(shown(time)) for time in moments(sheet.n_frames)]
    return Image.fromarray(sheet.compose(frames, (size[1], size[0])))


def _draw(facts: Mapping[str, str], size: Size, chance: random.Random) -> Image.Image:
    return on_sheet(film(facts, size, chance), size)


def _describe(facts: Mapping[str, str], speaker: Speaker, full: bool) -> tuple[str, frozenset[str]]:
    subject = with_article(f"{speaker.word(facts['colour'])} {speaker.word(facts['shape'])}")
    motion = speaker.word(facts["motion"])
    clip = speaker.one_of("a clip", "a video", "an animation", "a short film")
    if full:
        company = ""
        if facts["second shape"]:
            other = f"{speaker.word(facts['second colour'])} {speaker.word(facts['second shape'])}"
            company = speaker.one_of(
                f" next to {with_article(other)}",
                f" beside {with_article(other)}",
                f" while {with_article(other)} stands still",
                f", with {with_article(other)} standing still",
            )
        text = speaker.one_of(
            f"{subject} {motion}{company}",
            f"{subject} {motion}{company}",
            f"{subject} {motion}{company}",
            f"{clip} of {subject} {motion}{company}",
            f"{clip} where {subject} is {motion}{company}",
            f"{clip} with {subject} {motion}{company}",
        )
        return text, frozenset({_statement(facts)})
    has = frozenset({f"has={facts['colour']} {facts['shape']}"})
    return speaker.chance.choice(
        [
            (f"{clip} of {subject}", has | {"clip"}),
            (f"{clip} with {subject}", has | {"clip"}),
            (f"{subject} {motion}", frozenset({f"moving={_subject(facts)}"})),
            (f"something {motion}", states(facts, "motion")),
            (f"{with_article(speaker.word(facts['shape']))} {motion}", states(facts, "shape", "motion")),
            (f"something {speaker.word(facts['colour'])} {motion}", states(facts, "colour", "motion")),
            (speaker.one_of(clip, clip.split()[-1]), frozenset({"clip"})),
        ]
    )


def _rearrange(facts: Mapping[str, str]) -> list[dict[str, str]]:
    parts: list[dict[str, str]] = [{}]
    if facts["second shape"]:
        names = ("colour", "shape")
        parts.append(
            {name: facts[f"second {name}"] for name in names} | {f"second {name}": facts[name] for name in names}
        )
    return [{**part, "motion": motion} for part in parts for motion in MOTIONS]


def _subject(facts: Mapping[str, str]) -> str:
    return f"{facts['colour']} {facts['shape']} {facts['motion']}"


def _statement(facts: Mapping[str, str]) -> str:
    return f"clip={_subject(facts)} beside {facts['second colour']} {facts['second shape']}".rstrip()


def _truths(facts: Mapping[str, str]) -> frozenset[str]:
    own = states(facts, "colour", "shape", "motion")
    truths = own | {"clip", _statement(facts), f"moving={_subject(facts)}", f"has={facts['colour']} {facts['shape']}"}
    if facts["second shape"]:
        truths |= {f"has={facts['second colour']} {facts['second shape']}"}
    return frozenset(truths)


KINDS = (
    Kind(
        name="clip",
        weight=2.5,
        invent=_invent,
        draw=_draw,
        describe=_describe,
        truths=_truths,
        free_facts=("shape", "colour", "motion", "motion"),
        film=film,
        rearrange=_rearrange,
    ),
)
