"""What a piece of work takes: time by the clock, processor time, and memory on top of what was there before."""

from __future__ import annotations

import ctypes
import dataclasses
import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

_STATUS = Path("/proc/self/status")
_RESET = Path("/proc/self/clear_refs")
_MIB = 1024**2


@dataclasses.dataclass(frozen=True, kw_only=True)
class Taken:
    """What one run took.

    Attributes:
        seconds: By the clock.
        processor_seconds: Of all threads of the process; other load sways it less.
        peak_mib: The most memory at once, on top of what was held before: of the device where there is one, else of
            the process. NaN where neither says it.
        result: Whatever the work gave.
    """

    seconds: float
    processor_seconds: float
    peak_mib: float
    result: Any


def measure(work: Callable[[], Any], *, device: str) -> Taken:
    """Runs it once."""
    before = _start(device)
    start, processor = time.perf_counter(), time.process_time()
    result = work()
    if device != "cpu":
        torch.cuda.synchronize()
    seconds, spent = time.perf_counter() - start, time.process_time() - processor
    peak = (_peak(device) - before) / _MIB
    return Taken(seconds=seconds, processor_seconds=spent, peak_mib=round(peak, 1), result=result)


def _start(device: str) -> float:
    """Forgets the peak so far; the bytes that are held now."""
    gc.collect()
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats()
        return float(torch.cuda.memory_allocated())
    ctypes.CDLL(None).malloc_trim(0)  # what was freed before is no memory that the next run finds
    try:
        _RESET.write_text("5")
    except OSError:
        return float("nan")
    return _kept("VmRSS")


def _peak(device: str) -> float:
    return _kept("VmHWM") if device == "cpu" else float(torch.cuda.max_memory_allocated())


def _kept(name: str) -> float:
    lines = (line.split() for line in _STATUS.read_text().splitlines())
    return next(int(line[1]) * 1024.0 for line in lines if line[:1] == [f"{name}:"])
