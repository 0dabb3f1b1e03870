"""A memory of a few results that are expensive: the same thing is worked out once, also by many threads at a time."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_MISSING: Any = object()


class Memo(Generic[K, V]):
    """The results of the keys that were asked for last. A forked child starts with an empty one.

    Args:
        max_entries: How many are kept.
    """

    def __init__(self, max_entries: int) -> None:
        self._max_entries = max_entries
        self.clear()
        _memos.add(self)

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The result of `key`: that of an earlier call, of one that is under way in another thread, or a new one.

        What `make` raises is raised here, and not remembered.
        """
        entry = self._entry(key)
        with entry.lock:
            if entry.value is _MISSING:
                entry.value = make()
            value: V = entry.value
        return value

    def forget(self, key: K) -> None:
        """Have the next call work it out anew."""
        with self._lock:
            self._entries.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        self._lock = threading.Lock()
        self._entries: dict[K, _Entry] = {}

    def _entry(self, key: K) -> _Entry:
        with self._lock:
            entry = self._entries.pop(key, None) or _Entry()
            self._entries[key] = entry  # the one asked for last is the last to go
            while len(self._entries) > self._max_entries:
                del self._entries[next(iter(self._entries))]
        return entry


class _Entry:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.value: Any = _MISSING


_memos: weakref.WeakSet[Memo[Any, Any]] = weakref.WeakSet()


def _clear_all() -> None:
    for memo in list(_memos):
        memo.clear()


if hasattr(os, "register_at_fork"):
    # A lock that another thread held at the moment of a fork would stay locked in the child for ever.
    os.register_at_fork(after_in_child=_clear_all)
