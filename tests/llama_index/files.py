"""Small files of every medium whose colours and tones are known."""

import wave
from pathlib import Path

import numpy as np
from tests.media.clips import film, grey, levels


def write_clip(folder: Path, name: str = "clip.mp4", frames=None) -> Path:
    path = folder / name
    path.write_bytes(film(frames or [grey(level) for level in levels(8)]))
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
