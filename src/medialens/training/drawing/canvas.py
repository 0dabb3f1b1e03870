"""Pillow helpers in relative units: a canvas is 1 wide and 1 high, whatever its pixels."""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Iterable

from PIL import Image, ImageDraw, ImageFont

Rgb = tuple[int, int, int]
Point = tuple[float, float]
Box = tuple[float, float, float, float]

COLOURS: dict[str, Rgb] = {
    "red": (220, 30, 35),
    "orange": (250, 140, 20),
    "yellow": (250, 220, 40),
    "green": (40, 160, 60),
    "turquoise": (40, 200, 200),
    "blue": (35, 80, 215),
    "purple": (130, 50, 170),
    "pink": (245, 120, 185),
    "brown": (125, 75, 35),
    "black": (15, 15, 15),
    "grey": (130, 130, 135),
}
COLOUR_NAMES = tuple(COLOURS)
BRIGHT_NAMES = tuple(name for name in COLOUR_NAMES if name not in {"black", "grey", "brown"})
PAPER: tuple[Rgb, ...] = ((255, 255, 255), (250, 248, 240), (240, 244, 250), (246, 240, 228))


def shade(name: str, chance: random.Random, spread: int = 14) -> Rgb:
    """The colour, a little lighter or darker each time, and hardly tinted."""
    lighter = chance.randint(-spread, spread)
    red, green, blue = (_channel(part + lighter + chance.randint(-4, 4)) for part in COLOURS[name])
    return red, green, blue


def _channel(value: int) -> int:
    return min(255, max(0, value))


@functools.lru_cache(maxsize=256)
def font(pixels: int) -> ImageFont.FreeTypeFont:
    """Pillow's own typeface, so that pictures do not depend on the fonts of a machine."""
    return ImageFont.load_default(max(6, pixels))  # type: ignore[return-value]


class Canvas:
    """A picture under way; all coordinates between 0 and 1."""

    def __init__(self, size: tuple[int, int], background: Rgb) -> None:
        self.image = Image.new("RGB", size, background)
        self._draw = ImageDraw.Draw(self.image)
        self._width, self._height = size
        self.unit = min(size)

    def polygon(self, points: Iterable[Point], fill: Rgb) -> None:
        """A filled polygon."""
        self._draw.polygon([(x * self._width, y * self._height) for x, y in points], fill=fill)

    def line(self, points: Iterable[Point], colour: Rgb, width: float = 0.015) -> None:
        """A line through the points; `width` relative to the shorter side, as all widths."""
        scaled = [(x * self._width, y * self._height) for x, y in points]
        self._draw.line(scaled, fill=colour, width=self._pixels(width), joint="curve")

    def box(self, box: Box, fill: Rgb | None = None, outline: Rgb | None = None, *, rounding: float = 0.0) -> None:
        """A rectangle, filled, outlined or both; `rounding` is the radius of its corners."""
        width = self._pixels(0.012) if outline else 0
        self._draw.rounded_rectangle(self._scale(box), rounding * self.unit, fill, outline, width)

    def ellipse(self, box: Box, fill: Rgb | None = None, outline: Rgb | None = None, width: float = 0.015) -> None:
        """The ellipse that touches the box."""
        self._draw.ellipse(self._scale(box), fill, outline, self._pixels(width) if outline else 0)

    def slice(self, box: Box, start: float, end: float, fill: Rgb) -> None:
        """A piece of pie, degrees clockwise from three o'clock."""
        self._draw.pieslice(self._scale(box), start, end, fill)

    def arc(self, box: Box, start: float, end: float, colour: Rgb, width: float = 0.02) -> None:
        """A piece of an outline, degrees as in `slice`."""
        self._draw.arc(self._scale(box), start, end, colour, self._pixels(width))

    def text(self, at: Point, text: str, colour: Rgb, height: float, *, anchor: str = "la", bold: bool = False) -> None:
        """Text with its anchor, in Pillow's notation, at a point; `height` is the size of the font."""
        place = (at[0] * self._width, at[1] * self._height)
        pixels = round(height * self._height)
        stroke = round(pixels / 22) if bold else 0  # none where it would close the letters
        self._draw.text(place, text, colour, font(pixels), anchor, stroke_width=stroke, stroke_fill=colour)

    def text_width(self, text: str, height: float) -> float:
        """How wide the text would be at that height."""
        return font(round(height * self._height)).getlength(text) / self._width

    def _scale(self, box: Box) -> Box:
        x0, y0, x1, y1 = box
        return x0 * self._width, y0 * self._height, max(x0, x1) * self._width, max(y0, y1) * self._height

    def _pixels(self, width: float) -> int:
        return max(1, round(width * self.unit))


@functools.lru_cache(maxsize=512)
def circle_points(n_points: int, start_degrees: float, radius: float = 1.0) -> tuple[Point, ...]:
    """Points on a circle around (0, 0), clockwise on the canvas."""
    angles = [math.radians(start_degrees + 360 * index / n_points) for index in range(n_points)]
    return tuple((radius * math.cos(angle), radius * math.sin(angle)) for angle in angles)
