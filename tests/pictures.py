"""Pictures that tests search for: one shape in one colour each, drawn with Pillow alone."""

from pathlib import Path

import PIL.Image
import PIL.ImageDraw

SHAPES = {
    "a red circle": ("red", "ellipse"),
    "a blue square": ("blue", "rectangle"),
    "a green triangle": ("green", "triangle"),
    "a yellow circle": ("yellow", "ellipse"),
}


def draw_shapes(folder: Path) -> dict[str, Path]:
    """Caption and file of each picture."""
    folder.mkdir(parents=True, exist_ok=True)
    return {caption: draw_shape(folder / f"{number}.png", *SHAPES[caption]) for number, caption in enumerate(SHAPES)}


def draw_shape(path: Path, colour: str, shape: str) -> Path:
    picture = PIL.Image.new("RGB", (128, 128), "white")
    pen = PIL.ImageDraw.Draw(picture)
    if shape == "triangle":
        pen.polygon([(64, 20), (108, 104), (20, 104)], fill=colour)
    else:
        getattr(pen, shape)((24, 24, 104, 104), fill=colour)
    picture.save(path)
    return path
