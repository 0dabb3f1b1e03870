"""The processes that PDFium runs in, kept from one document to the next: started when needed, ended with this one.

    take() --> Process --> give_back(): kept, or ended where it is not at rest, so that no answer comes late

A forked child leaves its parent's to the parent, and starts its own.
"""

from __future__ import annotations

import atexit
import os
import threading

from medialens.media.pages.processes import Process, everyone

_MOST = min(4, os.cpu_count() or 1)
"""Processes at a time."""


class _Pool:
    """Processes at rest, and how many there are in all."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._resting: list[Process] = []
        self._n_taken = 0

    def take(self) -> Process:
        with self._changed:
            self._changed.wait_for(lambda: self._n_taken < _MOST)
            self._n_taken += 1
            process = self._resting.pop() if self._resting else None
        try:
            if process is not None and process.is_usable:
                return process
            if process is not None:
                process.end()
            return Process()
        except BaseException:
            self._return(None)
            raise

    def give_back(self, process: Process) -> None:
        if process.is_usable:
            self._return(process)
        else:
            process.end()
            self._return(None)

    def end(self) -> None:
        with self._changed:
            resting, self._resting = self._resting, []
        for process in resting:
            process.end()

    def _return(self, process: Process | None) -> None:
        with self._changed:
            self._n_taken -= 1
            if process is not None:
                self._resting.append(process)
            self._changed.notify()


_pool = _Pool()


def take() -> Process:
    """One for the caller alone, to give back. Waits while all are taken: do not take one while holding another.

    Raises:
        MediaError: None can be started.
        MissingExtraError: pypdfium2 is not installed.
    """
    return _pool.take()


def give_back(process: Process) -> None:
    """To be kept for the next document, if it is at rest."""
    if not process.is_of_parent:
        _pool.give_back(process)


def end_all() -> None:
    """End those at rest. The next document starts one anew."""
    _pool.end()


def _begin_anew() -> None:
    global _pool  # noqa: PLW0603  # the parent's lock may be held by a thread that is no more
    _pool = _Pool()
    for process in list(everyone):
        process.leave_to_parent()
    everyone.clear()


atexit.register(end_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
