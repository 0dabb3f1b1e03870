"""The README's quick start, as a script: run by the wheel's test, where `src` is out of sight."""

from __future__ import annotations

import tempfile
from pathlib import Path

import PIL.Image
import PIL.ImageDraw

import medialens
from medialens import Encoder, Image, Reranker


def draw(folder: Path) -> list[Path]:
    """A red circle, a blue square and a green triangle."""
    paths = []
    for name, color in {"circle": "red", "square": "blue", "triangle": "green"}.items():
        picture = PIL.Image.new("RGB", (120, 120), "white")
        pen = PIL.ImageDraw.Draw(picture)
        if name == "circle":
            pen.ellipse((20, 20, 100, 100), fill=color)
        elif name == "square":
            pen.rectangle((20, 20, 100, 100), fill=color)
        else:
            pen.polygon(((60, 15), (105, 100), (15, 100)), fill=color)
        paths.append(folder / f"{name}.png")
        picture.save(paths[-1])
    return paths


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = draw(Path(folder))
        documents = [Image(path) for path in paths]
        encoder = Encoder("demo")
        vectors = encoder.encode_documents(documents)
        scores = encoder.similarity(
            encoder.encode_queries(["a red circle", "a blue square", "a green triangle"]), vectors
        )
        best = scores.argmax(axis=1).tolist()
        ranking = Reranker("demo").rank("a green triangle", documents)
    where = Path(medialens.__file__).parent
    print(f"medialens {medialens.__version__} from {where}: best {best}, first after reranking {ranking[0].index}")
    if best != [0, 1, 2] or ranking[0].index != 2:
        raise SystemExit("the quick start found the wrong pictures")


if __name__ == "__main__":
    main()
