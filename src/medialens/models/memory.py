"""What a model computed once and may need again: features of media, keys and values of shared beginnings.

    fetch(keys) --known--> near memory, far memory                     near: the device's
          |-----being computed by another thread--> wait for it        far: the host's, page-locked; for devices with
          |-----neither--> claim, compute all of them, publish              memory of their own

A thread computes what it has claimed before it waits for others, so two that need each other's do not lock up; and a
claim is given back when the computation fails, so that the next one tries again.
"""

from __future__ import annotations

import dataclasses
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Generic, Protocol, Self, TypeVar

import torch

from medialens.models.cache import CacheStats


class Storable(Protocol):
    """A value that has a size and can be moved."""

    @property
    def n_bytes(self) -> int:
        """Its memory."""
        ...

    def to(self, device: torch.device) -> Self:
        """The same on `device`; itself if it is there."""
        ...

    def pinned(self) -> Self:
        """The same in the host's page-locked memory."""
        ...


V = TypeVar("V", bound=Storable)


@dataclasses.dataclass(kw_only=True, eq=False)
class _Shelf(Generic[V]):
    """Values by key, at most `max_bytes` of them, the least recently used first."""

    max_bytes: int = 0
    values: OrderedDict[str, V] = dataclasses.field(default_factory=OrderedDict)
    n_bytes: int = 0

    def get(self, key: str) -> V | None:
        value = self.values.get(key)
        if value is not None:
            self.values.move_to_end(key)
        return value

    def put(self, key: str, value: V) -> list[tuple[str, V]]:
        """Keep `value`; what has to go for it, `value` itself where it is larger than the shelf."""
        if value.n_bytes > self.max_bytes:
            return [(key, value)]
        self.take(key)
        self.values[key] = value
        self.n_bytes += value.n_bytes
        return self.trim()

    def take(self, key: str) -> None:
        value = self.values.pop(key, None)
        self.n_bytes -= 0 if value is None else value.n_bytes

    def trim(self) -> list[tuple[str, V]]:
        gone = []
        while self.n_bytes > self.max_bytes:
            key, value = self.values.popitem(last=False)
            self.n_bytes -= value.n_bytes
            gone.append((key, value))
        return gone


class Memory(Generic[V]):
    """Values by key, computed once whoever asks for them; safe for threads.

    Args:
        device: Where they are computed and used.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._lock = threading.Lock()
        self._near: _Shelf[V] = _Shelf()
        self._far: _Shelf[V] = _Shelf()
        self._making: dict[str, Future[V | None]] = {}
        self._n_hits = self._n_misses = self._n_evictions = 0

    def limit(self, near_bytes: int, far_bytes: int = 0) -> None:
        """Keep no more than this from now on; `far_bytes` counts only for devices with memory of their own."""
        with self._lock:
            self._near.max_bytes = near_bytes
            self._far.max_bytes = 0 if self._device.type == "cpu" else far_bytes
            gone = self._near.trim()
            self._n_evictions += len(self._far.trim())
        self._send_far(gone)

    def get(self, key: str) -> V | None:
        """The value, wherever it is kept; None where it would have to be computed. `use` it then."""
        with self._lock:
            return self._near.get(key) or self._far.get(key)

    def use(self, known: Mapping[str, V]) -> dict[str, V]:
        """Values that `get` gave, on the device and counted as hits, whatever has become of them here since."""
        with self._lock:
            self._n_hits += len(known)
        return {key: self._bring_near(key, value) for key, value in known.items()}

    def fetch(self, keys: Sequence[str], compute: Callable[[list[str]], Mapping[str, V]]) -> dict[str, V]:
        """The values of all keys, on the device.

        Args:
            keys: Which.
            compute: Gives the values of the keys that it is called with: those that nobody has or is computing.

        Raises:
            Exception: What `compute` raised.
        """
        found: dict[str, V] = {}
        while missing := [key for key in dict.fromkeys(keys) if key not in found]:
            known, claimed, awaited = self._claim(missing)
            if claimed:
                found |= self._make(claimed, compute)
            found |= {key: self._bring_near(key, value) for key, value in known.items()}
            found |= {key: value for key, future in awaited.items() if (value := future.result()) is not None}
        return found

    def stats(self) -> CacheStats:
        """The counters as they stand; `n_misses` is how many values were computed."""
        with self._lock:
            return CacheStats(
                n_hits=self._n_hits,
                n_misses=self._n_misses,
                n_evictions=self._n_evictions,
                n_entries=len(self._near.values) + len(self._far.values),
                n_bytes=self._near.n_bytes + self._far.n_bytes,
            )

    def _claim(self, keys: Sequence[str]) -> tuple[dict[str, V], list[str], dict[str, Future[V | None]]]:
        """What is known, what the caller has to compute now, what others are computing."""
        known: dict[str, V] = {}
        claimed: list[str] = []
        awaited: dict[str, Future[V | None]] = {}
        with self._lock:
            for key in keys:
                value = self._near.get(key) or self._far.get(key)
                if value is not None:
                    known[key] = value
                elif key in self._making:
                    awaited[key] = self._making[key]
                else:
                    self._making[key] = Future()
                    claimed.append(key)
            self._n_hits += len(known) + len(awaited)
            self._n_misses += len(claimed)
        return known, claimed, awaited

    def _make(self, claimed: list[str], compute: Callable[[list[str]], Mapping[str, V]]) -> Mapping[str, V]:
        made: Mapping[str, V] = {}
        try:
            made = compute(claimed)
            return {key: made[key] for key in claimed}
        finally:
            self._publish(claimed, made)

    def _publish(self, claimed: Sequence[str], made: Mapping[str, V]) -> None:
        with self._lock:
            gone = [each for key in claimed if key in made for each in self._near.put(key, made[key])]
            futures = [(self._making.pop(key), made.get(key)) for key in claimed]
        for future, value in futures:
            future.set_result(value)
        self._send_far(gone)

    def _bring_near(self, key: str, value: V) -> V:
        near = value.to(self._device)
        if near is not value:
            with self._lock:
                self._far.take(key)
                gone = self._near.put(key, near)
            self._send_far(gone)
        return near

    def _send_far(self, gone: Sequence[tuple[str, V]]) -> None:
        """What has no room near goes far, if there is such a place."""
        for key, value in gone:
            fits = value.n_bytes <= self._far.max_bytes
            away = value.pinned() if fits else None
            with self._lock:
                self._n_evictions += 1 if away is None else len(self._far.put(key, away))
