"""A progress bar on standard error for long work."""

from __future__ import annotations

import contextlib
import os
import threading

from tqdm import tqdm

_DELAY_SECONDS = 2.0


class _Bar(tqdm):  # type: ignore[misc]  # tqdm has no types
    monitor_interval = 0  # tqdm's monitor is a thread that polls


def _renew_lock() -> None:
    # tqdm's own lock is one for all processes and threads, and a child that is forked while another thread holds it
    # would wait for ever, even for a bar that is never shown. Ours is new in every process.
    _Bar.set_lock(threading.RLock())


_renew_lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


class ProgressBar:
    """Counts finished items. Not safe for threads by itself: `Call` holds its lock around it."""

    def __init__(self, n_items: int, label: str, *, show: bool | None) -> None:
        # disable=None lets tqdm look whether standard error is a terminal.
        disable = None if show is None else not show
        delay = _DELAY_SECONDS if show is None else 0
        self._bar = _Bar(total=n_items, desc=label, unit="item", disable=disable, delay=delay)

    def advance(self, *, last: bool) -> None:
        """One more item is done."""
        with contextlib.suppress(OSError, ValueError):  # standard error may be closed; the work is not
            self._bar.update(1)
            if last:
                self._bar.close()

    def close(self) -> None:
        """Leave it as it stands."""
        with contextlib.suppress(OSError, ValueError):
            self._bar.close()
