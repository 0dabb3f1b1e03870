"""The contact sheet as one PNG, drawn with Pillow: the same content as the HTML one, for places that show pictures."""

from __future__ import annotations

import functools
import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from medialens.demo.gathering import Medium
from medialens.demo.searching import Answer, Finding, Hit
from medialens.demo.summary import EXPLANATION, Summary

_N_SHOWN, _N_COLUMNS = 5, 2
_MARGIN, _GAP, _TILE = 28, 14, 80
_STEP = _TILE + 8  # from tile to tile
_STRIP = _TILE + 26  # a row of tiles with their scores
_LABEL = 76  # room for "retrieved" and "reranked"
_FRAMEWORK = _LABEL + _N_SHOWN * _STEP + 14
_CARD = (2 * _FRAMEWORK + 28, 2 * _STRIP + 82)
_PAGE, _FILL, _TEXT, _SOFT, _LINE = "#f4f5f7", "#ffffff", "#1b1f27", "#667085", "#dfe2e8"
_GOOD, _BAD = "#12824c", "#b3402a"
_CLIPS = "Of a clip, four frames are shown, in reading order."


def write_png(path: Path, findings: Sequence[Finding], media: Sequence[Medium], summary: Summary) -> None:
    """Writes the sheet; same arguments as `sheet_html.write_html`."""
    lines = [*summary.lines, EXPLANATION, *([_CLIPS] if any(one.is_clip for one in media) else [])]
    top = 100 + 26 * len(lines)
    n_rows = -(-len(findings) // _N_COLUMNS)
    width = 2 * _MARGIN + _N_COLUMNS * _CARD[0] + (_N_COLUMNS - 1) * _GAP
    sheet = _Sheet((width, top + n_rows * (_CARD[1] + _GAP) + _MARGIN), media)
    sheet.write((_MARGIN, 24), "medialens contact sheet", 34)
    for index, line in enumerate(lines):
        sheet.write((_MARGIN, 76 + 26 * index), line, 19, _SOFT)
    for index, finding in enumerate(findings):
        row, column = divmod(index, _N_COLUMNS)
        x, y = _MARGIN + column * (_CARD[0] + _GAP), top + row * (_CARD[1] + _GAP)
        sheet.draw_card((x, y), index + 1, finding)
    sheet.image.save(path, optimize=True)


class _Sheet:
    """The picture under way, and the thumbnails to put on it."""

    def __init__(self, size: tuple[int, int], media: Sequence[Medium]) -> None:
        self.image = Image.new("RGB", size, _PAGE)
        self._draw = ImageDraw.Draw(self.image)
        self._thumbnails = {one.path: Image.open(io.BytesIO(one.thumbnail.still)).convert("RGB") for one in media}

    def write(self, at: tuple[int, int], text: str, pixels: int, colour: str = _TEXT, anchor: str = "la") -> None:
        self._draw.text(at, text, colour, _font(pixels), anchor)

    def draw_card(self, at: tuple[int, int], number: int, finding: Finding) -> None:
        x, y = at
        self._draw.rounded_rectangle((x, y, x + _CARD[0], y + _CARD[1]), 10, _FILL, _LINE)
        self._draw_question((x + 14, y + 12), number, finding)
        for index, (name, answer) in enumerate(finding.answers.items()):
            left = x + 14 + index * _FRAMEWORK
            self.write((left + _LABEL, y + 48), name, 15, _SOFT)
            self._draw_answer((left, y + 72), answer, finding)

    def _draw_question(self, at: tuple[int, int], number: int, finding: Finding) -> None:
        (x, y), question = at, finding.question
        self.write((x, y + 3), str(number), 16, _SOFT)
        text_at = x + 32
        if question.example:
            self._draw_tile((text_at, y - 5), question.example, 40, _LINE)
            text_at += 50
        self.write((text_at, y), _cut(question.text, _CARD[0] - 340), 20)
        agree = "frameworks agree" if finding.agree else "frameworks differ"
        right = x + _CARD[0] - 28
        self.write((right, y + 3), agree, 15, _SOFT if finding.agree else _BAD, "ra")
        if question.answer:
            first = ("right file first", _GOOD) if finding.right else ("right file not first", _BAD)
            self.write((right - 140, y + 3), first[0], 15, first[1], "ra")

    def _draw_answer(self, at: tuple[int, int], answer: Answer, finding: Finding) -> None:
        x, y = at
        for stage, hits in (("retrieved", answer.retrieved), ("reranked", answer.reranked)):
            self.write((x, y + _TILE // 2 - 8), stage, 14, _SOFT)
            for index, hit in enumerate(hits[:_N_SHOWN]):
                self._draw_hit((x + _LABEL + index * _STEP, y), hit, right=hit.path == finding.question.answer)
            y += _STRIP

    def _draw_hit(self, at: tuple[int, int], hit: Hit, *, right: bool) -> None:
        self._draw_tile(at, hit.path, _TILE, _GOOD if right else _LINE)
        below = (at[0] + _TILE // 2, at[1] + _TILE + 3)
        self.write(below, f"{hit.score:.3f}", 14, _GOOD if right else _SOFT, "ma")

    def _draw_tile(self, at: tuple[int, int], path: Path, side: int, frame: str) -> None:
        small = self._thumbnails[path].copy()
        small.thumbnail((side - 6, side - 6))
        x, y = at
        self._draw.rounded_rectangle((x, y, x + side, y + side), 6, _FILL, frame, 3 if frame == _GOOD else 1)
        self.image.paste(small, (x + (side - small.width) // 2, y + (side - small.height) // 2))


def _cut(text: str, width: int) -> str:
    """The text on one line, shortened to `width` pixels."""
    line = " ".join(text.split())
    if _font(20).getlength(line) <= width:
        return line
    while line and _font(20).getlength(f"{line} ...") > width:
        line = line[:-1]
    return f"{line} ..."


@functools.cache
def _font(pixels: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(pixels)
