"""What the demonstration draws: something of every kind, and near-duplicates that are easily taken for each other."""

from __future__ import annotations

from typing import Final

from medialens.training.drawing import Scene


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


def _clip(colour: str, shape: str, motion: str) -> Scene:
    return Scene("clip", {
        "colour": colour, "shape": shape, "motion": motion, "second colour": "", "second shape": "",
    })  # fmt: skip


SCENES: Final[dict[str, Scene]] = {
    "circle-above-square.png": _relation("red circle", "above", "green square"),
    "square-above-circle.png": _relation("green square", "above", "red circle"),
    "star-inside-circle.jpg": _relation("yellow star", "inside", "blue circle"),
    "cross-left-of-ring.png": _relation("black cross", "left of", "pink ring"),
    "ring-left-of-cross.png": _relation("pink ring", "left of", "black cross"),
    "triangle-bottom-right.png": _shape("small", "green", "triangle", "bottom right"),
    "triangle-top-left.png": _shape("small", "green", "triangle", "top left"),
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
    "circle-moves-left.gif": _clip("red", "circle", "moves left"),
    "circle-moves-right.gif": _clip("red", "circle", "moves right"),
    "star-grows.gif": _clip("green", "star", "grows"),
    "square-disappears.gif": _clip("blue", "square", "disappears"),
}
"""By the name of the file. The kind of file is told by its suffix; clips are animated GIFs."""
