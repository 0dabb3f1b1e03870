"""The contact sheet as one PNG, drawn with Pillow: the same content as the HTML one, for places that show pictures."""

from __future__ import annotations

import functools
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from medialens.demo.gathering import Picture
from medialens.demo.searching import Answer, Finding, Hit
from medialens.demo.summary import Summary

_N_SHOWN = 5
_WIDTH, _MARGIN, _GAP = 1480, 28, 10
_TILE = 88
_STRIP = _TILE + 24
_CARD = 2 * _STRIP + 70
_COLUMNS = (_MARGIN + 250, _MARGIN + 250 + 598)
_PAGE, _CARD_FILL, _TEXT, _SOFT, _LINE = "#f4f5f7", "#ffffff", "#1b1f27", "#667085", "#e2e5ea"
_GOOD, _BAD = "#12824c", "#b3402a"


def write_png(path: Path, findings: Sequence[Finding], pictures: Sequence[Picture], summary: Summary) -> None:
    """Writes the sheet; same arguments as `sheet_html.write_html`."""
    thumbnails = {picture.path: Image.open(io.BytesIO(picture.thumbnail)).convert("RGB") for picture in pictures}
    top = 96 + 26 * len(summary.lines)
    sheet = Image.new("RGB", (_WIDTH, top + len(findings) * (_CARD + _GAP) + _MARGIN), _PAGE)
    draw = ImageDraw.Draw(sheet)
    draw.text((_MARGIN, 24), "medialens contact sheet", _TEXT, _font(34))
    for index, line in enumerate(summary.lines):
        draw.text((_MARGIN, 76 + 26 * index), line, _SOFT, _font(19))
    for index, finding in enumerate(findings):
        _draw_card(sheet, draw, top + index * (_CARD + _GAP), (index + 1, finding), thumbnails)
    sheet.save(path, optimize=True)


def _draw_card(
    sheet: Image.Image,
    draw: ImageDraw.ImageDraw,
    y: int,
    numbered: tuple[int, Finding],
    thumbnails: Mapping[Path, Image.Image],
) -> None:
    number, finding = numbered
    draw.rounded_rectangle((_MARGIN - 12, y, _WIDTH - _MARGIN + 12, y + _CARD), 10, _CARD_FILL, _LINE)
    below = _draw_question(draw, y + 16, number, finding)
    if finding.question.picture:
        _draw_tile(sheet, draw, (_MARGIN, below + 6), thumbnails[finding.question.picture], _LINE)
    for x, (name, answer) in zip(_COLUMNS, finding.answers.items(), strict=True):
        draw.text((x + 74, y + 12), name, _TEXT, _font(16))
        _draw_answer(sheet, draw, (x, y + 38), (answer, finding), thumbnails)


def _draw_question(draw: ImageDraw.ImageDraw, y: int, number: int, finding: Finding) -> int:
    """The question and the verdict in the card's left column; the height where they end."""
    draw.text((_MARGIN, y), f"{number}", _SOFT, _font(16))
    for line in _wrap(finding.question.text, 205):
        draw.text((_MARGIN + 30, y), line, _TEXT, _font(19))
        y += 25
    if finding.question.answer:
        draw.text(
            (_MARGIN + 30, y + 6),
            "right picture first" if finding.right else "right picture not first",
            _GOOD if finding.right else _BAD,
            _font(16),
        )
        y += 24
    draw.text((_MARGIN + 30, y + 6), "frameworks agree" if finding.agree else "frameworks differ", _SOFT, _font(16))
    return y + 30


def _draw_answer(
    sheet: Image.Image,
    draw: ImageDraw.ImageDraw,
    at: tuple[int, int],
    found: tuple[Answer, Finding],
    thumbnails: Mapping[Path, Image.Image],
) -> None:
    answer, finding = found
    x, y = at
    for stage, hits in (("retrieved", answer.retrieved), ("reranked", answer.reranked)):
        draw.text((x, y + _TILE // 2 - 8), stage, _SOFT, _font(14))
        for index, hit in enumerate(hits[:_N_SHOWN]):
            _draw_hit(sheet, draw, (x + 74 + index * (_TILE + 12), y), (hit, finding), thumbnails)
        y += _STRIP + 6


def _draw_hit(
    sheet: Image.Image,
    draw: ImageDraw.ImageDraw,
    at: tuple[int, int],
    found: tuple[Hit, Finding],
    thumbnails: Mapping[Path, Image.Image],
) -> None:
    hit, finding = found
    right = hit.path == finding.question.answer
    _draw_tile(sheet, draw, at, thumbnails[hit.path], _GOOD if right else _LINE)
    draw.text((at[0] + _TILE // 2, at[1] + _TILE + 4), f"{hit.score:.3f}", _GOOD if right else _SOFT, _font(14), "ma")


def _draw_tile(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, at: tuple[int, int], thumbnail: Image.Image, frame: str
) -> None:
    x, y = at
    small = thumbnail.copy()
    small.thumbnail((_TILE - 6, _TILE - 6))
    draw.rounded_rectangle((x, y, x + _TILE, y + _TILE), 6, "#ffffff", frame, 3 if frame == _GOOD else 1)
    sheet.paste(small, (x + (_TILE - small.width) // 2, y + (_TILE - small.height) // 2))


def _wrap(text: str, width: int) -> Iterable[str]:
    """Lines of at most `width` pixels; a single longer word stands alone."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and _font(19).getlength(longer) > width:
            yield line
            longer = word
        line = longer
    yield line


@functools.cache
def _font(pixels: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(pixels)
