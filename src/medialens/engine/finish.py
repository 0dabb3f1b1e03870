"""The third stage: rows become numpy float32, go into the caches, and complete the callers' futures."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from medialens.engine.disk_cache import DiskCache
from medialens.engine.isolation import item_error
from medialens.engine.lanes import LaneResult
from medialens.engine.scheduler import Scheduler
from medialens.engine.stats import Counters
from medialens.engine.work import Outcome, Value, Work
from medialens.errors import ItemFailedError, MedialensError
from medialens.models.cache import Cache
from medialens.models.protocol import Task

ValueCache = Cache[bytes, Any]


class Finisher:
    """What the finish thread does, and what delivers values that need no lane.

    Args:
        scheduler: Knows who waits.
        memory: The cache of each task's values.
        disk: The second level of the vectors' cache, if there is one.
        counters: Told what was done.
    """

    def __init__(
        self, scheduler: Scheduler, memory: dict[Task, ValueCache], disk: DiskCache | None, counters: Counters
    ) -> None:
        self._scheduler = scheduler
        self._memory = memory
        self._disk = disk
        self._counters = counters

    def run(self, results: queue.Queue[LaneResult | None]) -> None:
        """Finish until the queue gives None."""
        while (done := results.get()) is not None:
            try:
                self._finish(done)
            except Exception as error:  # noqa: BLE001  # CUDA reports late; and whatever it is, nobody may wait forever
                self.deliver(done.works, [item_error(error)] * len(done.works))
            del done

    def look_up(self, work: Work) -> Value | None:
        """The value, if a cache has it."""
        memory = self._memory[work.deployment.task]
        value = memory.get(work.key)
        if value is None and self._disk is not None and work.deployment.task == "embed":
            value = self._disk.get(work.key)
            if value is not None:
                memory.put(work.key, value)
        return value

    def deliver(self, works: Sequence[Work], outcomes: Sequence[Outcome]) -> None:
        """Hand each outcome to everyone who waits for its work."""
        n_failed = sum(isinstance(outcome, MedialensError) for outcome in outcomes)
        self._counters.add(n_items=len(works), n_failed=n_failed)
        for work, waiting, outcome in zip(works, self._scheduler.finish(works), outcomes, strict=True):
            for call, position in waiting:
                call.deliver(position, outcome, work.notes)

    def _finish(self, done: LaneResult) -> None:
        if done.rows is None:
            self.deliver(done.works, [done.error] * len(done.works))
            return
        outcomes = _outcomes(done.rows.wait().numpy())
        kept = [
            (work.key, np.array(row))  # a copy: a view would keep the whole batch in memory
            for work, row in zip(done.works, outcomes, strict=True)
            if not isinstance(row, MedialensError)
        ]
        task = done.works[0].deployment.task
        for key, row in kept:  # before `deliver`, after which equal work is new work and looks here
            self._memory[task].put(key, row)
        self.deliver(done.works, outcomes)
        if self._disk is not None and task == "embed":
            self._disk.put_many(kept)


def _outcomes(rows: npt.NDArray[np.float32]) -> list[Outcome]:
    rows.flags.writeable = False
    if np.isfinite(rows).all():
        return list(rows)
    return [row if np.isfinite(row).all() else _not_finite() for row in rows]


def _not_finite() -> ItemFailedError:
    return ItemFailedError("the model gave numbers that are not finite; if it runs in float16, try dtype='float32'")
