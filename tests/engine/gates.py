"""A model that can be held up, and knows what it was asked to compute."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from medialens.engine.engine import Engine
from medialens.engine.request import Request, Source
from medialens.testing.fake_model import FakeModel

PATIENCE_SECONDS = 60


class Gate:
    """Batches in which the word "hold" stands wait here until it is opened; all batches are recorded."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, ...]] = []
        self.reached = threading.Event()
        self._open = threading.Event()

    def __call__(self, texts: tuple[str, ...]) -> None:
        self.batches.append(texts)
        if any("hold" in text.split() for text in texts):
            self.reached.set()
            assert self._open.wait(PATIENCE_SECONDS)

    def open(self) -> None:
        self._open.set()

    @property
    def computed(self) -> list[str]:
        return [text for batch in self.batches for text in batch]

    def model(self, **settings: Any) -> FakeModel:
        return FakeModel(on_batch=self, **settings)


def requests(*values: Any, instruction: str = "") -> list[Request]:
    return [Request((Source(value),), instruction) for value in values]


def run(engine: Engine, model: Any, values: Sequence[Any], **options: Any) -> list[Any]:
    return engine.submit(model, requests(*values), **options).future.result(PATIENCE_SECONDS)


def settle(engine: Engine, model: Any) -> None:
    """Wait until all bulk tickets submitted so far are prepared; for engines with one prepare thread.

    Tickets are served in order, and a failure in `prepare` needs no lane.
    """
    run(engine, model, [f"!prepare-fails {id(object())}"], priority="bulk")
