"""Locks for the caller's own objects, which may turn up in several threads at once.

Reading an open file moves its position, and the first use of a PIL image reads its file: neither may happen twice
at the same time. An object always meets the same lock, found by its identity; unrelated ones rarely do. And a lock for
those who take turns.
"""

from __future__ import annotations

import os
import threading
from contextlib import AbstractContextManager, nullcontext

_N_LOCKS = 64
_locks = [threading.Lock() for _ in range(_N_LOCKS)]


_turn = threading.Lock()


def turn(*, is_large: bool) -> AbstractContextManager[object]:
    """While this is held, no other thread works on something large: several at once would fill the memory."""
    return _turn if is_large else nullcontext()


def lock_of(value: object) -> threading.Lock:
    """The lock that guards `value`, an object of the caller."""
    return _locks[id(value) // 16 % _N_LOCKS]  # CPython aligns objects to 16 bytes


def _renew() -> None:
    global _turn  # noqa: PLW0603  # the lock of this process
    _turn = threading.Lock()
    _locks[:] = [threading.Lock() for _ in range(_N_LOCKS)]


if hasattr(os, "register_at_fork"):
    # A lock that another thread held at the moment of a fork would stay locked in the child for ever.
    os.register_at_fork(after_in_child=_renew)
