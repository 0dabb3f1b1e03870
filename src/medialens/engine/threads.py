"""How many threads torch uses *inside* one of our threads, without touching what the host program sees.

``torch.set_num_threads(1)`` in a lane would do two things: limit the calling thread, which is wanted, and set the
process-wide default that every *new* thread takes over at its first torch call, which would slow down the host
program's own threads. Below that function lie settings that belong to the calling thread alone (OpenMP's
``nthreads-var``, MKL's local thread count), and those are what is set here, through the libraries that torch has
already loaded. Where they cannot be reached (Windows, builds without OpenMP), `torch.set_num_threads` is called and
the default put back at once from a second thread.

Lanes are new threads with one OpenMP thread each also because of fork: GNU OpenMP keeps a team of workers for each
thread that ever ran a parallel region; a child that inherits such a thread waits for workers that do not exist.
A new thread that never asks for more than one has no team.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch

T = TypeVar("T")


def limit_this_thread(n_threads: int) -> None:
    """Let torch use `n_threads` threads in the calling thread; nobody else's setting changes."""
    inherited = torch.get_num_threads()  # makes torch initialise this thread now: later would undo what follows
    for setter in _thread_local_setters():
        setter(n_threads)
    if torch.get_num_threads() != n_threads:
        torch.set_num_threads(n_threads)
        in_new_thread(lambda: torch.set_num_threads(inherited))


def in_new_thread(function: Callable[[], T]) -> T:
    """What `function` returns or raises, called in a thread of its own."""
    results: list[T] = []
    errors: list[BaseException] = []

    def call() -> None:
        try:
            results.append(function())
        except BaseException as error:  # noqa: BLE001  # carried over and raised in the caller's thread
            errors.append(error)

    thread = threading.Thread(target=call, name="medialens-once", daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def usable_cores() -> int:
    """Cores this process may keep busy: its affinity and cgroup quota, and no more than torch would use by default.

    The last one respects the host: whoever sets ``OMP_NUM_THREADS=1`` or `torch.set_num_threads(1)` has other
    plans for the remaining cores. It also counts physical cores instead of hyper-threads.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(affinity, _cgroup_cores(), in_new_thread(torch.get_num_threads)))


def _cgroup_cores(file: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """The container's quota in whole cores, rounded up ("200000 100000" is 2); more than any machine has if none."""
    with contextlib.suppress(OSError, ValueError):
        quota, period = file.read_text().split()
        return -(-int(quota) // int(period))  # "max 100000" is a ValueError: no quota
    return 1 << 16


@functools.cache
def _thread_local_setters() -> tuple[Callable[[int], object], ...]:
    """``omp_set_num_threads`` and, where torch is built with it, MKL's local setter; none where out of reach."""
    for name in ("libtorch_cpu.so", "libtorch_cpu.dylib"):
        with contextlib.suppress(OSError, AttributeError):
            # Already loaded by torch: this is a handle to it, and looks into its dependencies as well.
            library = ctypes.CDLL(str(Path(torch.__file__).parent / "lib" / name))
            setters = [library.omp_set_num_threads]
            with contextlib.suppress(AttributeError):
                setters.append(library.MKL_Set_Num_Threads_Local)
            return tuple(setters)
    return ()
