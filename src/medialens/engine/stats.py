"""What the engine has done so far."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping

from medialens.models.cache import CacheStats


@dataclasses.dataclass(frozen=True, kw_only=True)
class EngineStats:
    """Counters since the engine was made.

    Attributes:
        n_items: Works finished: computed, found in a cache, or failed. Equal items in flight together count once.
        n_failed: Of these, how many failed.
        n_shared: Requests that were served by equal work already in flight.
        n_batches: Forward passes, those that were repeated in halves included.
        n_out_of_memory: How many of them ran out of memory.
        n_models: Models held.
        n_lanes: Lanes running, over all devices.
        vectors, scores, media: The caches in memory: final vectors, rerank scores, decoded media.
        memories: What models themselves keep, ``features`` of pictures and clips and ``prefixes`` of pairs, over all
            models that do.
        disk: The vectors' cache on disk; None if there is none.
    """

    n_items: int
    n_failed: int
    n_shared: int
    n_batches: int
    n_out_of_memory: int
    n_models: int
    n_lanes: int
    vectors: CacheStats
    scores: CacheStats
    media: CacheStats
    memories: Mapping[str, CacheStats]
    disk: CacheStats | None


class Counters:
    """Sums that several threads add to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.n_items = self.n_failed = self.n_batches = self.n_out_of_memory = 0

    def add(self, *, n_items: int = 0, n_failed: int = 0) -> None:
        """Works that are finished."""
        with self._lock:
            self.n_items += n_items
            self.n_failed += n_failed

    def add_batch(self, *, out_of_memory: bool = False) -> None:
        """A forward pass begun, or, with `out_of_memory`, one that failed so."""
        with self._lock:
            self.n_batches += not out_of_memory
            self.n_out_of_memory += out_of_memory
