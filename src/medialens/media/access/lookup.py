"""Host names to addresses, in bounded time.

The system's look-up takes no time-out and cannot be interrupted, so it runs on a thread of its own, which is left
behind when it takes too long; so many may hang at a time, and no more.
"""

from __future__ import annotations

import concurrent.futures
import os
import socket
import threading
import time
from typing import Final

_MOST_AT_ONCE: Final = 32


class _Places:
    """How many look-ups are under way. A forked child has none of its parent's threads, and begins anew."""

    def __init__(self) -> None:
        self.free = threading.BoundedSemaphore(_MOST_AT_ONCE)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin_anew)

    def _begin_anew(self) -> None:
        self.free = threading.BoundedSemaphore(_MOST_AT_ONCE)


_places = _Places()


def look_up(host: str, port: int, *, wait_seconds: float) -> list[str]:
    """The IP addresses of a host, in the order in which to try them.

    Raises:
        TimeoutError: Not known within `wait_seconds`.
        OSError, UnicodeError: As `socket.getaddrinfo` raises them: there is no such host, or it cannot be asked for.
    """
    deadline = time.monotonic() + wait_seconds
    free = _places.free
    if not free.acquire(timeout=max(0.0, wait_seconds)):
        raise TimeoutError
    answer: concurrent.futures.Future[list[str]] = concurrent.futures.Future()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answer.set_result([str(entry[4][0]) for entry in found])
        except BaseException as error:  # noqa: BLE001  # raised where it is waited for
            answer.set_exception(error)
        finally:
            free.release()

    threading.Thread(target=ask, name="medialens-lookup", daemon=True).start()
    return answer.result(timeout=max(0.0, deadline - time.monotonic()))
