"""Small files of every medium whose colours and tones are known."""

import wave
from pathlib import Path

import numpy as np
import PIL.Image
from tests.media.clips import film
from tests.media.documents import document, square, words
from tests.pictures import draw_picture

CYAN, YELLOW = (0, 255, 255), (255, 255, 0)


def write_clip(folder: Path, name: str = "talk.mp4", *, colours=(CYAN, YELLOW)) -> Path:
    """Ten seconds of each colour."""
    path = folder / name
    frames = [np.full((48, 64, 3), colour, np.uint8) for colour in colours for _ in range(10)]
    path.write_bytes(film(frames, fps=1, keyframe_every=1))
    return path


def write_tone(folder: Path, name: str = "tone.wav", *, seconds: float = 1.0, hertz: float = 440.0) -> Path:
    path = folder / name
    moments = np.arange(int(16_000 * seconds)) / 16_000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((20_000 * np.sin(2 * np.pi * hertz * moments)).astype("<i2").tobytes())
    return path


def write_report(folder: Path, name: str = "report.pdf") -> Path:
    """A green page and a black one, with a word on each."""
    path = folder / name
    pages = [
        square(colour, (0, 0, 72, 72)) + words(text) for colour, text in (("green", "alpha"), ("black", "revenue"))
    ]
    path.write_bytes(document(pages))
    return path


def write_screenshot(folder: Path, name: str = "screenshot.png") -> Path:
    """White, with a blue part in the middle third."""
    path = folder / name
    screenshot = PIL.Image.new("RGB", (100, 420), "white")
    screenshot.paste("blue", (0, 140, 100, 280))
    screenshot.save(path)
    return path


def write_files(folder: Path) -> Path:
    """One file of each kind, and two that will not stay as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, colour in {"image": "red", "changing": "white", "going": "orange"}.items():
        draw_picture(folder / f"{name}.png", colour)
    for write in (write_screenshot, write_report, write_clip, write_tone):
        write(folder)
    return folder
