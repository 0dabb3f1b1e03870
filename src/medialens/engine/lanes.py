"""The second stage: a thread that feeds one device, or one core of the CPU.

A lane cuts a batch from the ready work, collates it, runs the model, and hands the rows on. On CUDA it does not wait
for the device: the copy back is queued behind the computation, and the finish thread waits for it, while this thread
collates the next batch. Lanes of a CPU share the weights; `forward` writes nothing to the model.
"""

from __future__ import annotations

import dataclasses
import queue
from collections.abc import Sequence
from typing import TypeAlias

import torch

from medialens.engine.batching import Budget, batch_cost
from medialens.engine.isolation import Done, run_isolated
from medialens.engine.scheduler import LaneRole, Scheduler
from medialens.engine.stats import Counters
from medialens.engine.threads import limit_this_thread
from medialens.engine.work import Deployment, Work
from medialens.media.threads.fork_gate import gate
from medialens.models.protocol import Prepared


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """What `forward` gave, on its way to the host."""

    tensor: torch.Tensor
    copied: torch.cuda.Event | None = None

    def wait(self) -> torch.Tensor:
        """The rows on the CPU."""
        if self.copied is not None:
            self.copied.synchronize()
        return self.tensor


LaneResult: TypeAlias = Done[Work, Rows]


class Lane:
    """One lane's loop and what it has learned about memory.

    Args:
        role: Which device, and with how many other lanes.
        n_threads: What torch may use inside this thread.
        budget: For models that have not run out of memory here.
        scheduler: Where batches come from.
        results: Where rows and errors go; bounded, so that a slow end slows the lane.
        counters: Told of each attempt.
    """

    def __init__(  # noqa: PLR0913  # the six things a lane is made of, keyword-only
        self,
        *,
        role: LaneRole,
        n_threads: int,
        budget: Budget,
        scheduler: Scheduler,
        results: queue.Queue[LaneResult | None],
        counters: Counters,
    ) -> None:
        self._role = role
        self._n_threads = n_threads
        self._budget = budget
        self._learned: dict[Deployment, Budget] = {}
        self._scheduler = scheduler
        self._results = results
        self._counters = counters

    def run(self) -> None:
        """Work until the scheduler closes."""
        limit_this_thread(self._n_threads)
        with torch.inference_mode():
            while (works := self._scheduler.next_batch(self._role, self.budget_of)) is not None:
                for done in run_isolated(works, self._run_batch, self._shrink):
                    self._results.put(done)
                del works

    def budget_of(self, deployment: Deployment) -> Budget:
        """What one batch of this model may cost here."""
        return self._learned.get(deployment, self._budget)

    def _run_batch(self, works: Sequence[Work]) -> Rows:
        with gate:
            return self._forward(works)

    def _forward(self, works: Sequence[Work]) -> Rows:
        self._counters.add_batch()
        model = works[0].deployment.model
        batch = model.collate([_prepared(work) for work in works])
        device = model.placement.device
        on_cuda = device.type == "cuda"
        rows = model.forward((batch.pinned() if on_cuda else batch).to(device))
        if len(rows) != len(works):
            msg = f"forward gave {len(rows)} rows for {len(works)} items"
            raise RuntimeError(msg)
        return _copy_back(rows.float()) if on_cuda else Rows(tensor=rows.float().cpu())

    def _shrink(self, works: Sequence[Work]) -> None:
        self._counters.add_batch(out_of_memory=True)
        deployment = works[0].deployment
        cost = batch_cost([work.cost for work in works])
        self._learned[deployment] = self.budget_of(deployment).below(cost)
        if deployment.model.placement.device.type == "cuda":
            torch.cuda.empty_cache()  # the pieces left behind may be of the wrong size for the halves


def _prepared(work: Work) -> Prepared:
    if work.prepared is None:
        msg = "work reached a lane unprepared"
        raise RuntimeError(msg)
    return work.prepared


def _copy_back(rows: torch.Tensor) -> Rows:
    host = torch.empty(rows.shape, dtype=rows.dtype, pin_memory=True)
    host.copy_(rows, non_blocking=True)
    copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
    copied.record(torch.cuda.current_stream(rows.device))
    return Rows(tensor=host, copied=copied)
