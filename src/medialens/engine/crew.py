"""The threads of an engine: started when first needed, watched, and joined at the end."""

from __future__ import annotations

import functools
import queue
import threading
from collections.abc import Callable, Sequence

from medialens.engine.config import EngineConfig
from medialens.engine.finish import Finisher
from medialens.engine.lanes import Lane, LaneResult
from medialens.engine.prepare import Preparer
from medialens.engine.ready import PRIORITIES
from medialens.engine.scheduler import LaneRole, Scheduler
from medialens.engine.stats import Counters
from medialens.engine.threads import usable_cores
from medialens.engine.work import Deployment
from medialens.errors import EngineError

_RESULTS_IN_HAND = 4  # batches between lanes and the finish thread; more would only hold memory


class Crew:
    """Prepare threads, lanes and the finish thread of one engine."""

    def __init__(
        self, config: EngineConfig, scheduler: Scheduler, preparer: Preparer, finisher: Finisher, counters: Counters
    ) -> None:
        self._config = config
        self._scheduler = scheduler
        self._preparer = preparer
        self._finisher = finisher
        self._counters = counters
        self._results: queue.Queue[LaneResult | None] = queue.Queue(maxsize=_RESULTS_IN_HAND)
        self._lock = threading.Lock()
        self._ended = False
        self._threads: list[threading.Thread] = []
        self._finish_thread: threading.Thread | None = None
        self._lanes: dict[str, int] = {}

    @property
    def n_lanes(self) -> int:
        """Lanes running, over all devices."""
        return sum(self._lanes.values())

    def serve(self, deployment: Deployment) -> None:
        """Start whatever this model needs and is not running yet."""
        if deployment.device_name in self._lanes:
            return
        with self._lock:
            if self._ended:
                return
            if self._finish_thread is None:
                self._finish_thread = self._start("finish", lambda: self._finisher.run(self._results))
                self._start_preparing()
            if deployment.device_name not in self._lanes:
                self._lanes[deployment.device_name] = self._start_lanes(deployment)

    def end(self) -> None:
        """Join all threads; the scheduler has been closed."""
        with self._lock:
            self._ended = True
            threads, self._threads = self._threads, []
            finish_thread, self._finish_thread = self._finish_thread, None
        if finish_thread is None:
            return
        join = functools.partial(self._join, threads, finish_thread)
        if threading.current_thread() in (*threads, finish_thread):
            # Called back by a future, in a thread that cannot wait for itself.
            threading.Thread(target=join, name="medialens-close").start()
        else:
            join()

    def _join(self, threads: Sequence[threading.Thread], finish_thread: threading.Thread) -> None:
        for thread in threads:
            thread.join()
        self._results.put(None)
        finish_thread.join()

    def _start_preparing(self) -> None:
        n_threads = self._config.prepare_threads or min(8, max(2, usable_cores()))
        # The last one leaves bulk work alone: a query never waits until a large picture is decoded.
        for at, priorities in enumerate([PRIORITIES] * n_threads + [PRIORITIES[:1]]):
            self._threads.append(self._start(f"prepare-{at}", functools.partial(self._preparer.run, priorities)))

    def _start_lanes(self, deployment: Deployment) -> int:
        name, kind = deployment.device_name, deployment.model.placement.device.type
        n_lanes = (self._config.cpu_lanes or usable_cores()) if kind == "cpu" else 1
        roles = [LaneRole(device=name, n_lanes=n_lanes)] * n_lanes
        if kind == "cpu":  # one more steps in when a query finds all of them at work on long batches
            roles.append(LaneRole(device=name, spare=True))
        for at, role in enumerate(roles):
            lane = Lane(
                role=role,
                n_threads=self._config.cpu_threads_per_lane,
                budget=self._config.budget(kind),
                scheduler=self._scheduler,
                results=self._results,
                counters=self._counters,
            )
            self._threads.append(self._start(f"{name}-{at}", lane.run))
        return len(roles)

    def _start(self, name: str, run: Callable[[], None]) -> threading.Thread:
        # Daemons, joined by `end` at exit: others would keep the interpreter from getting there.
        thread = threading.Thread(target=self._watch, args=(run,), name=f"medialens-{name}", daemon=True)
        thread.start()
        return thread

    def _watch(self, run: Callable[[], None]) -> None:
        """Failures of items never get here. Should one of our own do, callers must hear of it instead of waiting."""
        try:
            run()
        except BaseException as error:
            for call in self._scheduler.close():
                failure = EngineError(f"the engine stopped: {type(error).__name__}: {error}; the next call starts anew")
                failure.__cause__ = error
                call.fail(failure)
            raise
