"""Reading without looking: prompts of items whose pictures are as large as a test says."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tests.models.architectures.qwen3_vl.prompts.prompt_cases import Case, Part
from tests.running import decoded
from transformers import AutoTokenizer

from medialens.hub.manifest import read_manifest
from medialens.hub.repository import open_repository
from medialens.inputs import Text, Turn
from medialens.media.decoded import DecodedItem, DecodedPart, DecodedVideo
from medialens.models.architectures.qwen3_vl.payload import Grid, Visual
from medialens.models.architectures.qwen3_vl.prompts.flow import Look, Seen
from medialens.models.architectures.qwen3_vl.prompts.reading import PromptReader

PIXEL = decoded(np.zeros((1, 1, 3), np.uint8))


@functools.lru_cache(maxsize=4)
def tokenizer_of(folder: Path) -> Any:
    return AutoTokenizer.from_pretrained(folder)


def reader_of(folder: Path, task: str, *, max_tokens: int = 4096, **more: Any) -> PromptReader:
    """The reader of a repository."""
    manifest = read_manifest(open_repository(folder))
    return PromptReader.of(manifest, task, tokenizer_of(folder), max_tokens=max_tokens, **more)


def items(case: Case) -> tuple[DecodedItem, ...]:
    """An item, or a query and a document, their media decoded to a pixel each."""
    if not case.roles:
        return tuple(DecodedItem(tuple(map(_part, side))) for side in case.sides)
    messages = list(zip(case.roles, case.sides, strict=True))
    is_pair = "document" in case.roles
    sides = [messages[:-1], messages[-1:]] if is_pair else [messages]
    return tuple(map(_conversation, sides))


def _conversation(messages: Sequence[tuple[str, Sequence[Part]]]) -> DecodedItem:
    parts = tuple(_part(part) for _, said in messages for part in said)
    return DecodedItem(parts, tuple(Turn(role, len(said)) for role, said in messages))


def _part(part: Part) -> DecodedPart:
    if isinstance(part, str):
        return Text(part)
    digest = hashlib.sha256(repr(part).encode()).hexdigest()
    if part[0] == "image":
        return type(PIXEL)(pixels=PIXEL.pixels, digest=digest)
    return DecodedVideo(frames=(PIXEL.pixels,), times_seconds=(0.0,), digest=digest)


def looking(images: Iterable[Grid] = (), clips: Iterable[tuple[Grid, Sequence[float]]] = ()) -> Look:
    """Sees the pictures and the clips in their order, in these sizes; smaller ones as squares."""
    stills, films = iter(images), iter(clips)

    def look(part: DecodedPart, max_tokens: int | None) -> Seen:
        if part.modality == "image":
            grid, times = next(stills) if max_tokens is None else _square(max_tokens), ()
        else:
            grid, times = next(films)
        return Visual(key=part.digest, grid=tuple(grid)), tuple(times)

    return look


def _square(max_tokens: int) -> Grid:
    side = 2 * int(max_tokens**0.5)
    return (1, side, side)
