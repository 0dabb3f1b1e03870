"""A watch on work that may hang: calls a function when a block takes longer than it may."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator


class Watch:
    """``with watch.over(seconds):`` calls `expire`, on another thread, if the block is not over by then.

    The thread of one block stays for the next ones, up to the time that it was started for: starting one takes longer
    than most blocks.

    Args:
        expire: Called once; has the block end somehow.
    """

    def __init__(self, expire: Callable[[], None]) -> None:
        self._expire = expire
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._rings_at = 0.0
        self._deadline: float | None = None

    @contextlib.contextmanager
    def over(self, seconds: float) -> Iterator[None]:
        """The block has so many seconds by the clock; infinity is any. One block at a time."""
        with self._lock:
            self._deadline = time.monotonic() + seconds
            if self._timer is None or self._rings_at > self._deadline:
                self._set(seconds)
        try:
            yield
        finally:
            with self._lock:
                self._deadline = None

    def end(self) -> None:
        """Watch no more."""
        with self._lock:
            self._deadline = None
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def _set(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings_at = time.monotonic() + seconds
        self._timer = threading.Timer(min(seconds, threading.TIMEOUT_MAX), self._look)
        self._timer.daemon = True
        self._timer.start()

    def _look(self) -> None:
        with self._lock:
            self._timer = None
            if self._deadline is None:
                return
            left = self._deadline - time.monotonic()
            if left > 0:
                self._set(left)
                return
        self._expire()
