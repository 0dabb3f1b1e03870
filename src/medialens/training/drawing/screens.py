"""Screens of programs: what the screen is for, dark or light, its accent colour, phone or desktop."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Final

from PIL import Image

from medialens.training.drawing.canvas import BRIGHT_NAMES, COLOURS, Box, Canvas, Rgb, shade
from medialens.training.drawing.scene import Kind, Size, states
from medialens.training.language.speaker import Speaker, with_article


class _Look:
    """The colours of one screen, and its place on the canvas."""

    def __init__(self, facts: Mapping[str, str], chance: random.Random) -> None:
        dark = facts["theme"] == "dark"
        self.page: Rgb = (28, 30, 36) if dark else (250, 250, 252)
        self.panel: Rgb = (52, 56, 66) if dark else (226, 229, 235)
        self.text: Rgb = (225, 228, 235) if dark else (45, 48, 55)
        self.soft: Rgb = (120, 125, 140) if dark else (150, 155, 165)
        self.accent = shade(facts["accent"], chance)
        phone = facts["device"] == "phone"
        self.phone = phone
        self.area: Box = (0.27, 0.06, 0.73, 0.94) if phone else (0.04, 0.1, 0.96, 0.9)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """A place on the screen, 0..1 each way, in canvas units."""
        x0, y0, x1, y1 = self.area
        return x0 + (x1 - x0) * x, y0 + (y1 - y0) * y

    def box(self, x0: float, y0: float, x1: float, y1: float) -> Box:
        return (*self.at(x0, y0), *self.at(x1, y1))


def _bar(canvas: Canvas, look: _Look, x: float, y: float, width: float, colour: Rgb) -> None:
    canvas.line([look.at(x, y), look.at(x + width, y)], colour, 0.022)


def _title(canvas: Canvas, look: _Look, text: str) -> None:
    canvas.text(look.at(0.5, 0.06), text, look.text, 0.1, anchor="ma")


def _login(canvas: Canvas, look: _Look, chance: random.Random) -> None:
    _title(canvas, look, chance.choice(("Login", "Sign in")))
    for top in (0.32, 0.48):
        canvas.box(look.box(0.18, top, 0.82, top + 0.11), look.panel, look.soft)
    canvas.box(look.box(0.18, 0.66, 0.82, 0.79), look.accent, rounding=0.03)


def _settings(canvas: Canvas, look: _Look, chance: random.Random) -> None:
    _title(canvas, look, "Settings")
    for index in range(4):
        y = 0.32 + 0.17 * index
        _bar(canvas, look, 0.1, y, chance.uniform(0.3, 0.5), look.soft)
        on = index == 0 or chance.random() < 0.6  # most switches are on
        canvas.box(look.box(0.72, y - 0.045, 0.92, y + 0.045), look.accent if on else look.panel, rounding=0.04)


def _chat(canvas: Canvas, look: _Look, chance: random.Random) -> None:
    canvas.box(look.box(0, 0, 1, 0.13), look.panel)
    for index in range(4):
        mine, width, y = index % 2 == 1, chance.uniform(0.4, 0.6), 0.2 + 0.165 * index
        x = 0.94 - width if mine else 0.06
        canvas.box(look.box(x, y, x + width, y + 0.12), look.accent if mine else look.panel, rounding=0.04)
    canvas.box(look.box(0.05, 0.88, 0.95, 0.96), None, look.soft, rounding=0.03)


def _error(canvas: Canvas, look: _Look, chance: random.Random) -> None:
    del chance
    canvas.box(look.box(0, 0, 1, 1), look.soft)
    canvas.box(look.box(0.1, 0.25, 0.9, 0.78), look.page, look.text)
    canvas.box(look.box(0.1, 0.25, 0.9, 0.35), look.accent)
    canvas.text(look.at(0.5, 0.4), "Error", look.text, 0.11, anchor="ma")
    canvas.box(look.box(0.35, 0.62, 0.65, 0.72), look.accent, rounding=0.02)


def _search(canvas: Canvas, look: _Look, chance: random.Random) -> None:
    canvas.box(look.box(0.06, 0.06, 0.94, 0.17), None, look.soft, rounding=0.05)
    for index in range(4):
        y = 0.28 + 0.18 * index
        _bar(canvas, look, 0.08, y, chance.uniform(0.4, 0.65), look.accent)
        _bar(canvas, look, 0.08, y + 0.06, chance.uniform(0.65, 0.84), look.soft)


def _calendar(canvas: Canvas, look: _Look, chance: random.Random) -> None:
    marked = (chance.randrange(6), chance.randrange(4))
    canvas.box(look.box(0, 0, 1, 0.14), look.accent)
    for column in range(6):
        for row in range(4):
            x, y = 0.05 + 0.152 * column, 0.22 + 0.185 * row
            fill = look.accent if (column, row) == marked else look.panel
            canvas.box(look.box(x, y, x + 0.12, y + 0.14), fill)


def _player(canvas: Canvas, look: _Look, chance: random.Random) -> None:
    canvas.box(look.box(0.27, 0.08, 0.73, 0.5), look.panel)
    _bar(canvas, look, 0.1, 0.62, 0.8, look.soft)
    _bar(canvas, look, 0.1, 0.62, chance.uniform(0.2, 0.6), look.accent)
    x, y = look.at(0.5, 0.81)
    canvas.ellipse((x - 0.075, y - 0.075, x + 0.075, y + 0.075), look.accent)
    canvas.polygon([(x - 0.025, y - 0.04), (x + 0.045, y), (x - 0.025, y + 0.04)], look.page)


def _gallery(canvas: Canvas, look: _Look, chance: random.Random) -> None:
    canvas.box(look.box(0, 0, 1, 0.12), look.accent)
    names = tuple(COLOURS)
    for column in range(3):
        for row in range(3):
            x, y = 0.05 + 0.31 * column, 0.18 + 0.27 * row
            canvas.box(look.box(x, y, x + 0.28, y + 0.23), shade(chance.choice(names), chance, 30))


def _editor(canvas: Canvas, look: _Look, chance: random.Random) -> None:
    canvas.box(look.box(0, 0, 0.12, 1), look.panel)
    for index in range(9):
        y, x = 0.08 + 0.1 * index, 0.17 + 0.08 * chance.randrange(3)
        width = chance.uniform(0.1, 0.22)
        _bar(canvas, look, x, y, width, look.accent)
        _bar(canvas, look, x + width + 0.05, y, chance.uniform(0.08, 0.32), look.soft)


def _keypad(canvas: Canvas, look: _Look, chance: random.Random) -> None:
    canvas.text(look.at(0.9, 0.06), str(chance.randint(10, 999)), look.text, 0.14, anchor="ra")
    for column in range(4):
        for row in range(4):
            x, y = 0.06 + 0.23 * column, 0.28 + 0.175 * row
            canvas.box(look.box(x, y, x + 0.19, y + 0.14), look.accent if column == 3 else look.panel, rounding=0.02)


def _map(canvas: Canvas, look: _Look, chance: random.Random) -> None:
    canvas.box(look.box(0, 0, 1, 1), look.panel)
    for _ in range(3):
        y0, y1, x0, x1 = (chance.uniform(0.1, 0.9) for _ in range(4))
        canvas.line([look.at(0, y0), look.at(1, y1)], look.page, 0.035)
        canvas.line([look.at(x0, 0), look.at(x1, 1)], look.page, 0.035)
    x, y = look.at(chance.uniform(0.3, 0.7), chance.uniform(0.35, 0.6))
    canvas.polygon([(x - 0.06, y), (x + 0.06, y), (x, y + 0.14)], look.accent)
    canvas.ellipse((x - 0.07, y - 0.09, x + 0.07, y + 0.05), look.accent)


def _video(canvas: Canvas, look: _Look, chance: random.Random) -> None:
    canvas.box(look.box(0.05, 0.06, 0.95, 0.62), (10, 10, 12))
    x, y = look.at(0.5, 0.34)
    canvas.polygon([(x - 0.06, y - 0.09), (x + 0.09, y), (x - 0.06, y + 0.09)], look.accent)
    for y_line in (0.72, 0.82, 0.91):
        _bar(canvas, look, 0.06, y_line, chance.uniform(0.4, 0.86), look.soft)


_DRAW: Final[dict[str, Callable[[Canvas, _Look, random.Random], None]]] = {
    "login": _login, "settings": _settings, "chat": _chat, "error": _error, "search": _search,
    "calendar": _calendar, "player": _player, "gallery": _gallery, "editor": _editor, "keypad": _keypad,
    "map": _map, "video": _video,
}  # fmt: skip


def _invent(chance: random.Random) -> dict[str, str]:
    return {
        "screen": chance.choice(tuple(_DRAW)),
        "theme": chance.choice(("dark", "light")),
        "accent": chance.choice(BRIGHT_NAMES),
        "device": chance.choice(("phone", "desktop")),
    }


def _draw(facts: Mapping[str, str], size: Size, chance: random.Random) -> Image.Image:
    look = _Look(facts, chance)
    canvas = Canvas(size, chance.choice(((205, 210, 220), (190, 200, 205), (225, 220, 215))))
    x0, y0, x1, y1 = look.area
    if look.phone:
        canvas.box((x0 - 0.03, y0 - 0.04, x1 + 0.03, y1 + 0.04), (12, 12, 14), rounding=0.05)
    else:
        canvas.box((x0, y0 - 0.07, x1, y0), (110, 115, 125))
        for x in (x0 + 0.03, x0 + 0.08, x0 + 0.13):
            canvas.ellipse((x - 0.015, y0 - 0.05, x + 0.015, y0 - 0.02), (225, 225, 225))
    canvas.box(look.area, look.page)
    _DRAW[facts["screen"]](canvas, look, chance)
    return canvas.image


def _describe(facts: Mapping[str, str], speaker: Speaker, full: bool) -> tuple[str, frozenset[str]]:
    screen, theme, device = (speaker.word(facts[name]) for name in ("screen", "theme", "device"))
    accent = f"{speaker.word(facts['accent'])} {speaker.one_of('accents', 'highlights', 'elements', 'buttons')}"
    in_theme = f"in {theme}" if " " in theme else f"with a {theme} background"
    if full:
        text = speaker.one_of(
            f"{with_article(screen)} {device} {in_theme} with {accent}",
            f"{with_article(f'{theme} {screen}')} {device} with {accent}",
            f"{theme} {screen}, {device}, {accent}",
            f"{with_article(screen)} with {accent}, {theme}, {device}",
            f"{screen} {device}, {theme}, {accent}",
        )
        return text, states(facts, "screen", "theme", "accent", "device")
    return speaker.chance.choice(
        [
            (with_article(screen), states(facts, "screen")),
            (screen, states(facts, "screen")),
            (f"{with_article(screen)} {device}", states(facts, "screen", "device")),
            (f"{with_article(screen)} {in_theme}", states(facts, "screen", "theme")),
            (f"{theme} {screen}", states(facts, "screen", "theme")),
            (f"{with_article(screen)} with {accent}", states(facts, "screen", "accent")),
            (speaker.one_of("a screenshot", "screenshot", "a user interface", "an app"), frozenset({"screen"})),
        ]
    )


def _truths(facts: Mapping[str, str]) -> frozenset[str]:
    return states(facts, *facts) | {"screen"}


KINDS = (
    Kind(
        name="screen",
        weight=2.5,
        invent=_invent,
        draw=_draw,
        describe=_describe,
        truths=_truths,
        free_facts=("screen", "theme", "accent", "device"),
    ),
)
