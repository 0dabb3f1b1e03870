"""Pictures that tests search for: one colour each, which is what `FakeModel` sees and names stand for."""

from pathlib import Path

import PIL.Image

COLOURS = {"a red picture": "red", "a blue picture": "blue", "a green picture": "lime", "a yellow picture": "yellow"}


def draw_pictures(folder: Path) -> dict[str, Path]:
    """Name and file of each picture."""
    folder.mkdir(parents=True, exist_ok=True)
    return {name: draw_picture(folder / f"{number}.png", COLOURS[name]) for number, name in enumerate(COLOURS)}


def draw_picture(path: Path, colour: str) -> Path:
    PIL.Image.new("RGB", (128, 96), colour).save(path)
    return path
