"""Pictures, texts and comparisons that the contracts share."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import PIL.Image

from medialens.media.reference import MediaReference
from medialens.retrieval.description import describe
from medialens.retrieval.references import compose

_Error = TypeVar("_Error", bound=Exception)

STORE = "memory://medialens-contract"
EMPTY_STORE = "memory://medialens-contract-empty"
ABSENT = MediaReference(digest="0" * 64, mime_type="image/png")
TEXTS = ("a red square", "two blue circles beside a tall green tree", "night")
CLOSE = 1e-4
"""How far two roads to one vector may lie apart: float32 noise of different batches, in unit vectors."""


def draw(folder: Path, *colours: str) -> list[str]:
    """Paths of new pictures of one colour each, in sizes that differ."""
    paths = []
    for index, colour in enumerate(colours):
        path = folder / f"{index}-{colour}.png"
        PIL.Image.new("RGB", (48 + 8 * index, 40), colour).save(path)
        paths.append(str(path))
    return paths


def reference_texts(paths: Sequence[str], store: str = STORE) -> list[str]:
    """The strings that stand for picture files which `store` now knows."""
    return [compose("", describe(path, store=store).reference) for path in paths]


def copies(adapter: Any) -> list[Any]:
    """The adapter after pickling and after deep copying."""
    return [pickle.loads(pickle.dumps(adapter)), copy.deepcopy(adapter)]  # noqa: S301  # written one call before


def wait(awaitable: Awaitable[Any]) -> Any:
    """The result, on an event loop of its own."""

    async def run() -> Any:
        return await awaitable

    return asyncio.run(run())


def raised(kind: type[_Error], work: Callable[[], Any]) -> _Error:
    """The error of that kind which `work` must raise."""
    try:
        result = work()
    except kind as error:
        return error
    msg = f"expected {kind.__name__}, got {result!r:.200}"
    raise AssertionError(msg)


def normalised(vectors: Any) -> Any:
    """Each row at length one."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def assert_close(got: Any, expected: Any) -> None:
    """All values within the noise of float32."""
    np.testing.assert_allclose(np.array(got), np.array(expected), atol=CLOSE)
