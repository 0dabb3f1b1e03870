"""Written things: one word to read, and short documents with a heading."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Mapping
from typing import Final

from PIL import Image

from medialens.training.drawing.canvas import COLOURS, PAPER, Canvas, Rgb, shade
from medialens.training.drawing.scene import Kind, Size, states
from medialens.training.language.speaker import Speaker, with_article
from medialens.training.language.words import READABLE, TOPICS

_INK: Rgb = (50, 50, 55)
_GREY: Rgb = (165, 165, 170)
_GROUNDS = ("white", "black", "yellow", "blue")
_GROUND_COLOURS: dict[str, Rgb] = {
    "white": (252, 252, 252), "black": (15, 15, 18), "yellow": COLOURS["yellow"], "blue": (30, 60, 150),
}  # fmt: skip
_LETTERS_ON: Final[dict[str, tuple[str, ...]]] = {
    "white": ("red", "green", "blue", "purple", "black", "orange", "pink", "brown"),
    "black": ("red", "yellow", "green", "turquoise", "orange", "pink", "white"),
    "yellow": ("red", "blue", "purple", "black", "brown", "green"),
    "blue": ("yellow", "orange", "pink", "white", "turquoise"),
}
_PSEUDO_SHARE = 0.1


def _pseudo_word(chance: random.Random) -> str:
    """Letters that can be spoken: no model can know the word, it has to read it."""
    consonants = [letter for letter in string.ascii_lowercase if letter not in "aeiou"]
    syllables = chance.randint(2, 3)
    return "".join(chance.choice(consonants) + chance.choice("aeiou") for _ in range(syllables))


def _invent_word(chance: random.Random) -> dict[str, str]:
    word = _pseudo_word(chance) if chance.random() < _PSEUDO_SHARE else chance.choice(READABLE)
    background = chance.choice(_GROUNDS)
    return {"word": word, "letters": chance.choice(_LETTERS_ON[background]), "ground": background}


def _other_words(facts: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"word": word} for word in READABLE if word != facts["word"]]


def _draw_word(facts: Mapping[str, str], size: Size, chance: random.Random) -> Image.Image:
    canvas = Canvas(size, _GROUND_COLOURS[facts["ground"]])
    word = facts["word"]
    written = chance.choice((word, word.upper(), word.capitalize()))
    colour: Rgb = (250, 250, 250) if facts["letters"] == "white" else shade(facts["letters"], chance, 8)
    height = chance.uniform(0.24, 0.34)
    height *= min(1.0, 0.9 / max(canvas.text_width(written, height), 0.01))
    at = (0.5 + chance.uniform(-0.02, 0.02), 0.5 + chance.uniform(-0.15, 0.15))
    canvas.text(at, written, colour, height, anchor="mm", bold=chance.random() < 0.5)  # half are bold
    return canvas.image


def _describe_word(facts: Mapping[str, str], speaker: Speaker, full: bool) -> tuple[str, frozenset[str]]:
    word, letters, ground = facts["word"], speaker.word(facts["letters"]), speaker.word(facts["ground"])
    quoted = speaker.one_of(f'"{word}"', word)
    if full:
        text = speaker.one_of(
            f"the word {quoted} in {letters} letters on {ground}",
            f"the word {quoted} in {letters} on {with_article(f'{ground} background')}",
            f"{letters} text saying {quoted} on {ground}",
            f"{letters} letters that spell {quoted} on {with_article(f'{ground} background')}",
            f"{with_article(f'{ground} sign')} that says {quoted} in {letters}",
            f"{quoted} written in {letters} on {ground}",
        )
        return text, states(facts, "word", "letters", "ground")
    return speaker.chance.choice(
        [
            (word, states(facts, "word")),
            (f"the word {quoted}", states(facts, "word")),
            (f"{with_article('sign')} that says {quoted}", states(facts, "word")),
            (f"text saying {quoted}", states(facts, "word")),
            (f"{letters} text on {ground}", states(facts, "letters", "ground")),
        ]
    )


def _lines(canvas: Canvas, chance: random.Random, left: float, right: float, top: float, bottom: float) -> None:
    y = top
    while y < bottom:
        canvas.line([(left, y), (left + (right - left) * chance.uniform(0.7, 1.0), y)], _GREY, 0.014)
        y += 0.055


def _letter(canvas: Canvas, chance: random.Random) -> None:
    _lines(canvas, chance, 0.6, 0.85, 0.24, 0.33)
    _lines(canvas, chance, 0.2, 0.8, 0.42, 0.78)
    canvas.line([(0.22, 0.88), (0.28, 0.83), (0.32, 0.89), (0.38, 0.84), (0.46, 0.87)], (40, 60, 140), 0.015)


def _invoice(canvas: Canvas, chance: random.Random) -> None:
    for row in range(4):
        y = 0.4 + 0.09 * row
        canvas.line([(0.2, y), (0.2 + chance.uniform(0.2, 0.35), y)], _GREY)
        canvas.text((0.8, y), f"{chance.randint(10, 99)}.00", _INK, 0.07, anchor="rm")
    canvas.box((0.5, 0.76, 0.82, 0.88), (225, 228, 235), _INK)


def _receipt(canvas: Canvas, chance: random.Random) -> None:
    for row in range(7):
        y = 0.3 + 0.075 * row
        canvas.line([(0.36, y), (0.36 + chance.uniform(0.08, 0.14), y)], _INK)
        canvas.line([(0.58, y), (0.64, y)], _INK)
    for bar in range(12):
        x = 0.36 + 0.024 * bar
        canvas.line([(x, 0.84), (x, 0.92)], _INK, chance.choice((0.008, 0.02)))


def _newspaper(canvas: Canvas, chance: random.Random) -> None:
    canvas.line([(0.16, 0.25), (0.84, 0.25)], _INK)
    for left in (0.17, 0.4, 0.63):
        _lines(canvas, chance, left, left + 0.19, 0.31, 0.92)


def _form(canvas: Canvas, chance: random.Random) -> None:
    for row in range(4):
        y = 0.32 + 0.15 * row
        canvas.line([(0.2, y), (0.2 + chance.uniform(0.12, 0.2), y)], _GREY)
        canvas.box((0.46, y - 0.045, 0.82, y + 0.045), None, _INK)


def _poem(canvas: Canvas, chance: random.Random) -> None:
    for verse in range(3):
        for row in range(3):
            half, y = chance.uniform(0.12, 0.22), 0.34 + 0.21 * verse + 0.05 * row
            canvas.line([(0.5 - half, y), (0.5 + half, y)], _GREY)


def _certificate(canvas: Canvas, chance: random.Random) -> None:
    canvas.box((0.06, 0.06, 0.94, 0.94), None, (190, 150, 60))
    canvas.box((0.09, 0.09, 0.91, 0.91), None, (190, 150, 60))
    _lines(canvas, chance, 0.25, 0.75, 0.42, 0.56)
    canvas.ellipse((0.41, 0.66, 0.59, 0.84), (205, 50, 50), (150, 30, 30))


def _list(canvas: Canvas, chance: random.Random) -> None:
    for row in range(5):
        y = 0.32 + 0.125 * row
        canvas.box((0.2, y - 0.035, 0.27, y + 0.035), None, _INK)
        canvas.line([(0.33, y), (0.33 + chance.uniform(0.2, 0.45), y)], _GREY)
        if chance.random() < 0.5:  # half of it is done
            canvas.line([(0.21, y), (0.235, y + 0.025), (0.275, y - 0.04)], (40, 150, 60), 0.02)


_DRAW: Final[dict[str, Callable[[Canvas, random.Random], None]]] = {
    "letter": _letter, "invoice": _invoice, "receipt": _receipt, "newspaper": _newspaper, "form": _form,
    "poem": _poem, "certificate": _certificate, "list": _list,
}  # fmt: skip


def _invent_document(chance: random.Random) -> dict[str, str]:
    picture = chance.choice(("with picture", "without picture"))
    return {"document": chance.choice(tuple(_DRAW)), "heading": chance.choice(TOPICS), "picture": picture}


def _draw_document(facts: Mapping[str, str], size: Size, chance: random.Random) -> Image.Image:
    canvas = Canvas(size, chance.choice(((120, 125, 135), (175, 160, 140), (200, 205, 215))))
    narrow = facts["document"] == "receipt"
    canvas.box((0.3, 0.02, 0.7, 0.98) if narrow else (0.1, 0.02, 0.9, 0.98), chance.choice(PAPER))
    heading = facts["heading"].title()
    height = min(0.14, 0.14 * (0.36 if narrow else 0.7) / canvas.text_width(heading, 0.14))
    canvas.text((0.5, 0.2), heading, _INK, height, anchor="ms", bold=chance.random() < 0.5)
    _DRAW[facts["document"]](canvas, chance)
    if facts["picture"] == "with picture":
        left, top = (0.52, 0.56) if not narrow else (0.36, 0.5)
        canvas.box((left, top, left + 0.28, top + 0.28), (150, 195, 235), _INK)
        canvas.polygon([(left + 0.02, top + 0.26), (left + 0.12, top + 0.1), (left + 0.25, top + 0.26)], (70, 120, 70))
    return canvas.image


def _describe_document(facts: Mapping[str, str], speaker: Speaker, full: bool) -> tuple[str, frozenset[str]]:
    document, heading, picture = speaker.word(facts["document"]), facts["heading"], speaker.word(facts["picture"])
    if full:
        text = speaker.one_of(
            f"{with_article(document)} about {heading} {picture}",
            f"{with_article(document)} with the heading {heading}, {picture}",
            f"{document} titled {heading}, {picture}",
            f"{heading} {document} {picture}",
        )
        return text, states(facts, "document", "heading", "picture")
    return speaker.chance.choice(
        [
            (with_article(document), states(facts, "document")),
            (document, states(facts, "document")),
            (f"{with_article(document)} about {heading}", states(facts, "document", "heading")),
            (f"{with_article(document)} {picture}", states(facts, "document", "picture")),
            (f"{with_article('document')} about {heading}", states(facts, "heading")),
        ]
    )


def _truths(facts: Mapping[str, str]) -> frozenset[str]:
    return states(facts, *facts)


KINDS = (
    Kind(
        name="word",
        weight=1.6,
        invent=_invent_word,
        draw=_draw_word,
        describe=_describe_word,
        truths=_truths,
        rearrange=_other_words,
    ),
    Kind(
        name="document",
        weight=1.5,
        invent=_invent_document,
        draw=_draw_document,
        describe=_describe_document,
        truths=_truths,
        free_facts=("document", "heading", "picture"),
    ),
)
