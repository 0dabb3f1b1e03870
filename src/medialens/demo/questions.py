"""What the demonstration asks: like a newcomer would, with one right answer each."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Final

from medialens.demo.drawing import draw_file
from medialens.demo.scenes import SCENES

TYPED: Final[dict[str, str]] = {
    "a red circle above a green square": "circle-above-square.png",
    "find me a red circle under a green square": "square-above-circle.png",
    "three blue stars": "three-stars.png",
    "show me four blue stars": "four-stars.png",
    "a tiny green triangle in the bottom right corner": "triangle-bottom-right.png",
    "a smiling yellow face": "face-happy.png",
    "i am looking for a sad emoji": "face-sad.png",
    "a red car by day": "car-day.jpg",
    "do you have a blue car at night?": "car-night.jpg",
    "an image showing sales going up": "chart-sales-up.png",
    "a bar chart of falling sales": "chart-sales-down.png",
    "a table with five rows and two columns": "table-salaries.png",
    "sign in page on a phone, dark mode": "screen-login-dark.png",
    "error message": "screen-error.jpg",
    'a sign that says "exit"': "word-exit.jpg",
    "the word coffee": "word-coffee.png",
    "please find a newspaper page with a photo": "document-newspaper.jpg",
    "a red circle moving to the left": "circle-moves-left.gif",
    "a green star that is getting bigger": "star-grows.gif",
    "video of a blue square that disappears": "square-disappears.gif",
}
"""Questions in words, and the name of the file that each is about."""

SHOWN: Final = ("three-stars.png", "car-day.jpg", "screen-error.jpg", "chart-sales-up.png", "circle-moves-right.gif")
"""Scenes that are drawn a second time, at another size and with other chances, to search with."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Question:
    """A query and what should come first.

    Attributes:
        text: What is typed; for an example, what it is called on the sheet.
        example: The picture or clip to search with, instead of the text.
        answer: The file that should come first; None where nobody knows.
    """

    text: str
    example: Path | None = None
    answer: Path | None = None


def make_questions(drawn: list[Path], examples: Path) -> list[Question]:
    """The questions about the files that were drawn: typed ones, then those asked with an example.

    Args:
        drawn: The files; a question about any other is left out.
        examples: The folder that the pictures and clips to search with are drawn into.
    """
    examples.mkdir(parents=True, exist_ok=True)
    files = {path.name: path for path in drawn}
    asked = [Question(text=text, answer=files[name]) for text, name in TYPED.items() if name in files]
    for name in SHOWN:
        if name in files:
            path = draw_file(SCENES[name], examples / f"another-{name}", f"question/{name}")
            asked.append(Question(text=f"like this one: {path.name}", example=path, answer=files[name]))
    return asked
