"""What the demonstration draws, and what it asks: like a newcomer would, with one right answer each."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path
from typing import Final

from medialens.training.drawing import Scene, draw

_SIZES = ((480, 320), (300, 300), (240, 360), (640, 420), (200, 200), (360, 300), (512, 512), (150, 110))


def _relation(first: str, relation: str, second: str) -> Scene:
    (colour, shape), (other_colour, other_shape) = first.split(), second.split()
    return Scene("relation", {
        "first colour": colour, "first shape": shape, "relation": relation,
        "second colour": other_colour, "second shape": other_shape,
    })  # fmt: skip


def _shape(size: str, colour: str, shape: str, position: str) -> Scene:
    return Scene("shape", {"shape": shape, "colour": colour, "size": size, "position": position})


def _count(count: int, colour: str, shape: str) -> Scene:
    return Scene("count", {"count": str(count), "colour": colour, "shape": shape})


def _thing(thing: str, colour: str, detail: str = "", time: str = "plain") -> Scene:
    return Scene("thing", {"thing": thing, "colour": colour, "detail": detail, "time": time})


def _chart(chart: str, colour: str, trend: str, topic: str) -> Scene:
    return Scene("chart", {"chart": chart, "trend": trend, "slices": "", "colour": colour, "topic": topic})


def _pie(slices: int, topic: str) -> Scene:
    return Scene("chart", {"chart": "pie", "trend": "", "slices": str(slices), "colour": "", "topic": topic})


def _table(rows: int, columns: int, header: str, topic: str) -> Scene:
    return Scene("table", {"rows": str(rows), "columns": str(columns), "header": header, "topic": topic})


def _screen(screen: str, theme: str, accent: str, device: str) -> Scene:
    return Scene("screen", {"screen": screen, "theme": theme, "accent": accent, "device": device})


def _word(word: str, letters: str, ground: str) -> Scene:
    return Scene("word", {"word": word, "letters": letters, "ground": ground})


def _document(document: str, heading: str, picture: str) -> Scene:
    return Scene("document", {"document": document, "heading": heading, "picture": f"{picture} picture"})


SCENES: Final[dict[str, Scene]] = {
    "circle-above-square.png": _relation("red circle", "above", "green square"),
    "square-above-circle.png": _relation("green square", "above", "red circle"),
    "star-inside-circle.jpg": _relation("yellow star", "inside", "blue circle"),
    "cross-left-of-ring.png": _relation("black cross", "left of", "pink ring"),
    "ring-left-of-cross.png": _relation("pink ring", "left of", "black cross"),
    "small-triangle.png": _shape("small", "green", "triangle", "bottom right"),
    "big-heart.jpg": _shape("large", "red", "heart", "center"),
    "moon.png": _shape("large", "yellow", "moon", "top left"),
    "three-stars.png": _count(3, "blue", "star"),
    "four-stars.png": _count(4, "blue", "star"),
    "five-circles.jpg": _count(5, "orange", "circle"),
    "two-hearts.png": _count(2, "pink", "heart"),
    "face-happy.png": _thing("face", "yellow", "happy"),
    "face-sad.png": _thing("face", "yellow", "sad"),
    "face-angry.jpg": _thing("face", "red", "angry"),
    "car-day.jpg": _thing("car", "red", "facing left", "day"),
    "car-night.jpg": _thing("car", "blue", "facing right", "night"),
    "tree.png": _thing("tree", "green", "", "day"),
    "house.jpg": _thing("house", "orange", "", "night"),
    "flower.png": _thing("flower", "purple", "", "day"),
    "boat.png": _thing("boat", "red", "facing right", "day"),
    "fish.png": _thing("fish", "orange", "facing right"),
    "cup.jpg": _thing("cup", "brown", "facing right"),
    "arrow-up.png": _thing("arrow", "green", "facing up"),
    "arrow-left.png": _thing("arrow", "green", "facing left"),
    "chart-sales-up.png": _chart("bar", "blue", "rising", "sales"),
    "chart-sales-down.png": _chart("bar", "red", "falling", "sales"),
    "chart-visitors.jpg": _chart("line", "green", "peak", "visitors"),
    "chart-prices.png": _chart("scatter", "purple", "rising", "prices"),
    "chart-budget.png": _pie(4, "budget"),
    "table-orders.png": _table(3, 4, "blue", "orders"),
    "table-salaries.png": _table(5, 2, "green", "salaries"),
    "screen-login-dark.png": _screen("login", "dark", "green", "phone"),
    "screen-login-light.png": _screen("login", "light", "blue", "desktop"),
    "screen-error.jpg": _screen("error", "light", "red", "desktop"),
    "screen-chat.png": _screen("chat", "dark", "purple", "phone"),
    "screen-calculator.png": _screen("keypad", "light", "orange", "phone"),
    "screen-calendar.png": _screen("calendar", "light", "pink", "desktop"),
    "word-coffee.png": _word("coffee", "brown", "white"),
    "word-exit.jpg": _word("exit", "red", "white"),
    "word-welcome.png": _word("welcome", "yellow", "blue"),
    "word-pizza.png": _word("pizza", "green", "black"),
    "document-invoice.png": _document("invoice", "energy", "without"),
    "document-newspaper.jpg": _document("newspaper", "weather", "with"),
    "document-todo.png": _document("list", "traffic", "without"),
}

TEXT_QUESTIONS: Final[dict[str, str]] = {
    "a red circle above a green square": "circle-above-square.png",
    "find me a red circle under a green square": "square-above-circle.png",
    "three blue stars": "three-stars.png",
    "show me four blue stars": "four-stars.png",
    "a yellow star inside a blue disc": "star-inside-circle.jpg",
    "where is the tiny green triangle?": "small-triangle.png",
    "a smiling yellow face": "face-happy.png",
    "i am looking for a sad emoji": "face-sad.png",
    "a red car by day": "car-day.jpg",
    "do you have a blue car at night?": "car-night.jpg",
    "picture of a boat": "boat.png",
    "an image showing sales going up": "chart-sales-up.png",
    "a bar chart of falling sales": "chart-sales-down.png",
    "pie chart of the budget": "chart-budget.png",
    "a table with five rows and two columns": "table-salaries.png",
    "sign in page on a phone, dark mode": "screen-login-dark.png",
    "error message": "screen-error.jpg",
    'a sign that says "exit"': "word-exit.jpg",
    "the word coffee": "word-coffee.png",
    "please find a newspaper page with a photo": "document-newspaper.jpg",
}

IMAGE_QUESTIONS: Final = ("three-stars.png", "car-day.jpg", "screen-error.jpg", "chart-sales-up.png")
"""Scenes that are drawn a second time, at another size and with other chances, to search with."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Question:
    """A query and what should come first.

    Attributes:
        text: What is typed; for a picture, what it is called on the sheet.
        picture: The file to search with, instead of the text.
        answer: The file that should come first; None where nobody knows.
    """

    text: str
    picture: Path | None = None
    answer: Path | None = None


def draw_pictures(folder: Path) -> list[Path]:
    """Draws every scene into `folder`, PNG and JPEG of different sizes; the same files each time."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_save(scene, folder / name, f"demo/{name}") for name, scene in SCENES.items()]


def make_questions(pictures: Path, queries: Path) -> list[Question]:
    """The text questions, and those asked with a picture, which are drawn into `queries`."""
    queries.mkdir(parents=True, exist_ok=True)
    asked = [Question(text=text, answer=pictures / name) for text, name in TEXT_QUESTIONS.items()]
    for name in IMAGE_QUESTIONS:
        path = _save(SCENES[name], queries / f"another-{name}", f"question/{name}")
        asked.append(Question(text=f"like this picture: {path.name}", picture=path, answer=pictures / name))
    return asked


def _save(scene: Scene, path: Path, seed: str) -> Path:
    chance = random.Random(seed)
    draw(scene, chance.choice(_SIZES), chance).save(path, quality=90)
    return path
