"""A failure stays with the item it belongs to: run a batch, and on failure run its halves.

                [a b c d]  fails
              [a b]    [c d]  fails          a, b: done in the second run
                      [c]  [d]  fails        c: done; d: its own error

Out of memory is met the same way, and remembered, so that the next batch is planned smaller.
"""

from __future__ import annotations

import dataclasses
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

import torch

from medialens.errors import DeviceMemoryError, ItemFailedError, MedialensError

W = TypeVar("W")
R = TypeVar("R")

_MEMORY_MESSAGES = (
    "out of memory",
    "can't allocate memory",  # torch's CPU allocator
    "not enough memory",  # ... on Windows
    "CUBLAS_STATUS_ALLOC_FAILED",
)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Done(Generic[W, R]):
    """What became of some works: `rows` for all of them, or the `error` of the one."""

    works: Sequence[W]
    rows: R | None = None
    error: MedialensError | None = None


def run_isolated(
    works: Sequence[W], run: Callable[[Sequence[W]], R], on_out_of_memory: Callable[[Sequence[W]], None]
) -> Iterator[Done[W, R]]:
    """Run `works` in as few batches as can be done, in order; every work is in exactly one of the results."""
    groups = [works]
    while groups:
        group = groups.pop()
        rows, error = _attempt(run, group)
        # The failed attempt's tensors are gone by now: the error keeps no frame of it alive.
        if error is None:
            yield Done(works=group, rows=rows)
            continue
        if is_out_of_memory(error):
            on_out_of_memory(group)
        if len(group) == 1:
            yield Done(works=group, error=item_error(error))
        else:
            middle = len(group) // 2
            groups += [group[middle:], group[:middle]]


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a device or the machine had no memory left."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in _MEMORY_MESSAGES)


def item_error(error: BaseException) -> MedialensError:
    """`error` as one of ours, the original in ``__cause__``.

    No thread of an engine is ever interrupted or asked to exit, so `SystemExit`, a panic in compiled code, and all
    else that is no `Exception` comes from the item like any other failure.
    """
    if isinstance(error, MedialensError):
        return error
    said = f"{type(error).__name__}: {error}"
    ours: MedialensError
    if is_out_of_memory(error):
        msg = (
            f"this item alone does not fit the device ({said:.200}); "
            "make it smaller, or load the model on another device"
        )
        ours = DeviceMemoryError(msg)
    else:
        ours = ItemFailedError(f"this item failed unexpectedly, other items did not: {said}")
    ours.__cause__ = error
    return ours


def _attempt(run: Callable[[Sequence[W]], R], group: Sequence[W]) -> tuple[R | None, BaseException | None]:
    try:
        return run(group), None
    except BaseException as error:  # noqa: BLE001  # whatever a model raises belongs to an item, not to the lane
        traceback.clear_frames(error.__traceback__)  # their locals hold activations
        return None, error
