"""What is computed, and who waits for it.

Call        one `submit`: many positions, one future
Ticket      (call, position): one of them, on its way to become work
Work        one computation; equal ones in flight are one Work with several tickets waiting
Deployment  a model as the engine needs to know it, found out once
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import hashlib
import threading
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

from medialens.engine.progress import ProgressBar
from medialens.engine.request import Priority, Request
from medialens.errors import MedialensError
from medialens.media.decoded import MediaNeeds
from medialens.media.limits import MediaLimits
from medialens.models.abilities import Shrinking
from medialens.models.protocol import Cost, Model, Prepared

Value: TypeAlias = Any
"""A row of a batch: a float32 vector of shape (dim,), or a float32 score."""

Outcome: TypeAlias = Value | MedialensError


class Call:
    """What one caller asked for. `future` completes with the values and errors, aligned with the requests.

    Cancelling it, or the future itself (which is what cancelling an ``await`` of it does), removes this call's own
    work and nobody else's.
    """

    __slots__ = (
        *("active", "deployment", "future", "n_taken", "notes", "priority", "requests"),
        *("_bar", "_left", "_lock", "_outcomes"),
    )

    def __init__(
        self, deployment: Deployment, requests: Sequence[Request], priority: Priority, bar: ProgressBar | None = None
    ) -> None:
        self.future: concurrent.futures.Future[list[Outcome]] = concurrent.futures.Future()
        self.deployment = deployment
        self.priority = priority
        self.requests: list[Request | None] = list(requests)  # each is let go of when it becomes work
        self.active: dict[int, Work] = {}  # by position; like `n_taken`, for whoever holds the scheduler's lock
        self.n_taken = 0
        self.notes: dict[int, tuple[str, ...]] = {}
        """What is to be known of a position beside its value; complete when the future is."""
        self._outcomes: list[Outcome] = [None] * len(requests)
        self._left = len(requests)
        self._lock = threading.Lock()
        self._bar = bar
        if not requests:
            self.future.set_result([])

    def cancel(self) -> bool:
        """Ask for nothing more. False if it was done already."""
        return self.future.cancel()

    def deliver(self, position: int, outcome: Outcome, notes: tuple[str, ...] = ()) -> None:
        """One position is done; the last one completes the future."""
        with self._lock:
            self._outcomes[position] = outcome
            if notes:
                self.notes[position] = notes
            self._left -= 1
            if self._bar is not None:
                self._bar.advance(last=not self._left)
            if self._left:
                return
        self._complete(lambda: self.future.set_result(self._outcomes))

    def fail(self, error: BaseException) -> None:
        """The whole call is over, with this error."""
        self._complete(lambda: self.future.set_exception(error))

    def _complete(self, complete: Callable[[], None]) -> None:
        if self._bar is not None:
            self._bar.close()
        with contextlib.suppress(concurrent.futures.InvalidStateError):  # cancelled, or failed, meanwhile
            complete()


Ticket: TypeAlias = tuple[Call, int]
Flight: TypeAlias = tuple[bytes, MediaLimits]
"""What is one computation while it is on its way: its key, and the limits, since what they refuse to one they may allow
to another."""

Stage: TypeAlias = Literal["preparing", "ready", "running"]


class Work:
    """One computation, changed under the scheduler's lock only."""

    __slots__ = ("cost", "deployment", "flight", "n_bytes", "order", "prepared", "priority", "stage", "waiting")

    def __init__(self, flight: Flight, deployment: Deployment, priority: Priority) -> None:
        self.flight = flight
        self.deployment = deployment
        self.priority = priority
        self.waiting: list[Ticket] = []
        self.prepared: Prepared | None = None
        self.cost = Cost()
        self.n_bytes = 0
        self.order: tuple[int, int, int] = (0, 0, 0)
        """Tokens, patches, age: its place among the ready work of one model."""
        self.stage: Stage = "preparing"

    @property
    def key(self) -> bytes:
        """What its value is kept under."""
        return self.flight[0]

    @property
    def notes(self) -> tuple[str, ...]:
        """What its preparation had to say; nothing for a value that was known before."""
        return self.prepared.notes if self.prepared is not None else ()


class Deployment:
    """A model as the engine needs to know it. Equal only to itself."""

    def __init__(self, model: Model) -> None:
        recipe, placement = model.recipe, model.placement
        self.model = model
        self.device_name = str(placement.device)
        self.task = recipe.task
        self.needs = MediaNeeds(
            modalities=recipe.modalities,
            n_frames=recipe.n_frames,
            frame_rate=recipe.frame_rate,
            shrink=model.shrink if isinstance(model, Shrinking) else None,
            max_pixels=recipe.max_pixels,
            sample_rate_hz=recipe.sample_rate_hz,
        )
        parts = (_NUMBERS_VERSION, model.identity, recipe.fingerprint(), str(placement.dtype))
        self._key = hashlib.sha256("\0".join(parts).encode())

    def key(self, instruction: str, digests: Sequence[str]) -> bytes:
        """The cache key of one computation: all that changes its value, and nothing else."""
        hasher = self._key.copy()
        for text in (instruction, *digests):
            encoded = text.encode("utf-8", "surrogatepass")
            hasher.update(b"%d:" % len(encoded))  # framed: ("ab", "c") is not ("a", "bc")
            hasher.update(encoded)
        return hasher.digest()


_NUMBERS_VERSION = "1"
"""Raised when medialens itself comes to compute other numbers from the same model, so that old cache files miss."""
