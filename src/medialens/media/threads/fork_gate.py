"""No thread of ours is inside a C library while the process forks.

sqlite, torch and tokenizers have locks or states of their own. A child that is forked while another thread
holds one inherits it locked, with nobody to release it, and hangs at its first use. So our threads enter a gate around
such calls, and a fork waits until it is empty: as long as a batch takes at most, and never longer than five seconds,
since a fork that is late is better than none.
"""

from __future__ import annotations

import os
import threading

_PATIENCE_SECONDS = 5.0


class ForkGate:
    """``with gate:`` around calls into C libraries. May be entered again by a thread that is inside."""

    def __init__(self) -> None:
        self._mine = threading.local()
        self._begin(n_inside=0)

    def _begin(self, *, n_inside: int) -> None:
        self._changed = threading.Condition()
        self._n_inside = n_inside
        self._n_forking = 0

    def __enter__(self) -> None:
        depth = self._depth()
        if depth == 0:
            with self._changed:
                while self._n_forking:
                    self._changed.wait()
                self._n_inside += 1
        self._mine.depth = depth + 1

    def __exit__(self, *_: object) -> None:
        self._mine.depth -= 1
        if self._mine.depth == 0:
            with self._changed:
                self._n_inside -= 1
                if self._n_forking:
                    self._changed.notify_all()

    def hold(self) -> None:
        """Before a fork: let nobody in, and wait until all others are out."""
        with self._changed:
            self._n_forking += 1
            own = int(self._depth() > 0)
            self._changed.wait_for(lambda: self._n_inside <= own, _PATIENCE_SECONDS)

    def release(self) -> None:
        """In the parent, after the fork."""
        with self._changed:
            self._n_forking -= 1
            self._changed.notify_all()

    def begin_anew(self) -> None:
        """In the child: only the thread that forked is there."""
        self._begin(n_inside=int(self._depth() > 0))

    def _depth(self) -> int:
        depth: int = getattr(self._mine, "depth", 0)
        return depth


gate = ForkGate()
"""The one of this process."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=gate.hold, after_in_parent=gate.release, after_in_child=gate.begin_anew)
