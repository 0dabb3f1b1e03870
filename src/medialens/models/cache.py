"""A cache in memory, bounded in bytes: the least recently used go first.

The engine keeps media, vectors and scores in such caches, families what they need not compute again.
"""

from __future__ import annotations

import dataclasses
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_ENTRY_BYTES = 200  # of Python objects around a value


@dataclasses.dataclass(frozen=True, kw_only=True)
class CacheStats:
    """What a cache has done so far, and what it holds."""

    n_hits: int = 0
    n_misses: int = 0
    n_evictions: int = 0
    n_entries: int = 0
    n_bytes: int = 0

    def __add__(self, other: CacheStats) -> CacheStats:
        """Two caches counted as one."""
        mine, theirs = dataclasses.asdict(self), dataclasses.asdict(other)
        return CacheStats(**{name: mine[name] + theirs[name] for name in mine})


class Cache(Generic[K, V]):
    """Values by key, at most `max_bytes` of them; safe for threads. 0 bytes keep nothing.

    Args:
        max_bytes: The bound, Python's own overhead included by estimate.
        size_of: Bytes of one value.
    """

    def __init__(self, max_bytes: int, size_of: Callable[[V], int]) -> None:
        self.max_bytes = max_bytes
        self._size_of = size_of
        self._lock = threading.Lock()
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._n_bytes = self._n_hits = self._n_misses = self._n_evictions = 0

    def get(self, key: K) -> V | None:
        """The value, now the most recently used; None if it is not there."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                self._n_misses += 1
                return None
            self._n_hits += 1
            self._entries.move_to_end(key)
            return entry[0]

    def put(self, key: K, value: V) -> None:
        """Keep `value`, unless it alone is larger than the cache."""
        n_bytes = self._size_of(value) + _ENTRY_BYTES
        with self._lock:
            self._remove(key)
            if n_bytes > self.max_bytes:
                return
            self._entries[key] = value, n_bytes
            self._n_bytes += n_bytes
            while self._n_bytes > self.max_bytes:
                self._remove(next(iter(self._entries)))
                self._n_evictions += 1

    def stats(self) -> CacheStats:
        """The counters as they stand."""
        with self._lock:
            return CacheStats(
                n_hits=self._n_hits,
                n_misses=self._n_misses,
                n_evictions=self._n_evictions,
                n_entries=len(self._entries),
                n_bytes=self._n_bytes,
            )

    def _remove(self, key: K) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._n_bytes -= entry[1]


class OnceCache(Cache[K, V]):
    """A cache whose values are made at most once at a time: who asks meanwhile waits for the maker."""

    def __init__(self, max_bytes: int, size_of: Callable[[V], int]) -> None:
        super().__init__(max_bytes, size_of)
        self._making: dict[K, Future[V]] = {}

    def get_or_make(self, key: K, make: Callable[[], V]) -> V:
        """The value, from the cache, from the thread that makes it just now, or from `make`.

        Raises:
            Exception: What `make` raised, for all who waited for it. It is not kept: the next one tries again.
        """
        value = self.get(key)
        if value is not None:
            return value
        with self._lock:
            making = self._making.get(key)
            if making is None:
                mine = self._making[key] = Future()
        if making is not None:
            return making.result()
        try:
            mine.set_result(make())
            self.put(key, mine.result())
        except BaseException as error:
            mine.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._making[key]
        return mine.result()
