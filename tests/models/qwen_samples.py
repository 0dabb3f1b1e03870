"""Inputs for Qwen3-VL in the form of Sentence Transformers, which medialens reads as it is: both get the same objects.

Recorded values are about these; changing one means recording anew (tests/reference/record.py).
"""

from __future__ import annotations

from typing import Any

import PIL.Image
import torch
from tests.running import picture


def photo(height: int, width: int, seed: int = 0) -> PIL.Image.Image:
    return PIL.Image.fromarray(picture(height, width, seed).pixels)


def film(n_frames: int, height: int = 64, width: int = 96, fps: float = 6.0, seed: int = 0) -> dict[str, Any]:
    """A clip as frames with their rate; none like another."""
    frames = [torch.from_numpy(picture(height, width, 1000 * seed + at).pixels) for at in range(n_frames)]
    metadata = {"fps": fps, "total_num_frames": n_frames, "duration": n_frames / fps}
    return {"array": torch.stack(frames).permute(0, 3, 1, 2), "video_metadata": metadata}


LONG = "the page of the photo is on the left, and the cat of the dog " * 20
WIDE, TALL, DOT, LARGE = photo(33, 200), photo(300, 40), photo(1, 1), photo(400, 600)
SMALL = photo(64, 96, 7)

INPUTS: dict[str, Any] = {
    "text": "a red circle",
    "punctuation": "Two CATS, and a dog!",
    "empty": "",
    "long": LONG,
    "other letters": "naïve café 図 🙂\n\n  indented",
    "wide": WIDE,
    "tall": TALL,
    "one pixel": DOT,
    "over the bound": LARGE,
    "text and image": {"text": "a red circle ", "image": WIDE},
    "image and text": {"image": WIDE, "text": "a red circle "},
    "several images": {"image": [WIDE, SMALL, DOT], "text": "these three"},
    "the same image twice": {"image": [SMALL, SMALL]},
    "clip": film(12),
    "odd clip": film(9, 40, 50, fps=4.0, seed=1),
    "short clip": film(2, seed=2),
    "many frames": film(40, 32, 48, fps=3.0, seed=3),
    "clip and text": {"video": film(12), "text": "what happens?"},
    "all three": {"image": SMALL, "video": film(5, seed=4), "text": "both of them"},
}
"""By name; one of each kind, and of the sizes at which rules change."""

MESSAGES: dict[str, Any] = {
    "user": [{"role": "user", "content": [{"type": "text", "text": "a red circle"}]}],
    "system": [
        {"role": "system", "content": [{"type": "text", "text": "Find the picture."}]},
        {"role": "user", "content": [{"type": "image", "image": WIDE}, {"type": "text", "text": "a red circle"}]},
    ],
    "answered": [
        {"role": "user", "content": [{"type": "text", "text": "a cat"}, {"type": "image", "image": SMALL}]},
        {"role": "assistant", "content": [{"type": "text", "text": "a dog"}]},
        {"role": "user", "content": [{"type": "text", "text": "no, a cat"}]},
    ],
}
"""Conversations; a turn of the assistant stays in its place."""

PAIRS: dict[str, tuple[Any, Any]] = {
    "texts": ("a red circle", "the red circle is on the left"),
    "empty document": ("a red circle", ""),
    "long document": ("is the dog big?", LONG),
    "long query": (LONG, "a cat"),
    "image document": ("a red circle", WIDE),
    "clip document": ("what happens?", film(12, fps=24.0)),
    "mixed document": ("a red circle", {"text": "its caption ", "image": TALL}),
    "document of several images": ("two of them", {"image": [SMALL, DOT], "text": "a page"}),
    "image query": (SMALL, "a dog on the left"),
    "images on both sides": (SMALL, WIDE),
    "the same image on both sides": (SMALL, SMALL),
    "mixed query": ({"image": TALL, "text": "like this"}, {"image": SMALL, "text": "a note"}),
    "clip query": (film(30, fps=24.0, seed=4), "a cat"),
}
"""Queries and documents, media on either side. Clips at the rate that Sentence Transformers takes for granted in pairs,
where it reads frames without metadata only."""

INSTRUCTION = "Find what is meant."
