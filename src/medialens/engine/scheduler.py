"""Who does what next: the one place where callers and the three stages meet, under one lock.

    add_call -> [calls] -> next_ticket -> join -> (prepare) -> add_ready -> [ready] -> next_batch -> (run) -> finish

Everything waits on conditions, nothing polls. Bulk and interactive work have a bound each for what may lie prepared,
so that a full bulk queue never stands in the way of a query.
"""

from __future__ import annotations

import dataclasses
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from medialens.engine.batching import Budget
from medialens.engine.ready import PRIORITIES, Ready
from medialens.engine.request import Priority
from medialens.engine.work import Call, Deployment, Flight, Ticket, Work
from medialens.models.protocol import Prepared

_WORK_BYTES = 512  # of Python objects around a prepared item

DeviceName: TypeAlias = str


@dataclasses.dataclass(frozen=True, kw_only=True)
class LaneRole:
    """What a lane may take.

    Attributes:
        device: Whose ready work.
        n_lanes: How many lanes share it.
        spare: Steps in for interactive work while all the other lanes of the device are busy.
    """

    device: DeviceName
    n_lanes: int = 1
    spare: bool = False


class Scheduler:
    """Calls, tickets, work in flight, ready work. Every method may be called from any thread."""

    def __init__(self, *, max_prepared_bytes: int, max_prepared_items: int) -> None:
        self._lock = threading.RLock()  # its methods call each other
        self._may_prepare = threading.Condition(self._lock)
        self._closed = False
        self._open_calls: set[Call] = set()
        self._calls: dict[Priority, OrderedDict[Call, None]] = {kind: OrderedDict() for kind in PRIORITIES}
        self._in_flight: dict[Flight, Work] = {}
        self._devices: dict[DeviceName, _Device] = {}
        self._room = {kind: _Room(max_prepared_bytes, max_prepared_items) for kind in PRIORITIES}
        self.n_shared = 0

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    # -- callers

    def add_call(self, call: Call) -> bool:
        """Take `call` in. False if the scheduler is closed."""
        with self._lock:
            if self._closed:
                return False
            if call.requests:
                self._open_calls.add(call)
                self._calls[call.priority][call] = None
                self._may_prepare.notify_all()
        call.future.add_done_callback(lambda _: self._drop(call))
        return True

    def _drop(self, call: Call) -> None:
        """`call` is done or cancelled: whatever only it waited for is not computed."""
        with self._lock:
            self._open_calls.discard(call)
            if not call.future.cancelled():
                return
            self._calls[call.priority].pop(call, None)
            for work in set(call.active.values()):
                work.waiting = [ticket for ticket in work.waiting if ticket[0] is not call]
                if not work.waiting and work.stage == "ready":
                    self._unready(work)
                    del self._in_flight[work.flight]
            call.active.clear()
            self._may_prepare.notify_all()

    def close(self) -> list[Call]:
        """Let every waiting thread go; the calls that are still open."""
        with self._lock:
            self._closed = True
            self._may_prepare.notify_all()
            for device in self._devices.values():
                device.may_run.notify_all()
                device.may_help.notify_all()
            return list(self._open_calls)

    # -- prepare threads

    def next_ticket(self, priorities: Sequence[Priority] = PRIORITIES) -> Ticket | None:
        """The next position to prepare, waiting for one if need be; None when closed."""
        with self._lock:
            while not self._closed:
                for kind in priorities:
                    if self._calls[kind] and not self._room[kind].is_full():
                        return self._pop_ticket(self._calls[kind])
                self._may_prepare.wait()
            return None

    def join(self, flight: Flight, ticket: Ticket) -> Work | None:
        """New work to do for `ticket`, or None: equal work is in flight, and `ticket` now waits for that."""
        call, position = ticket
        with self._lock:
            work = self._in_flight.get(flight)
            is_new = work is None
            if work is None:
                work = self._in_flight[flight] = Work(flight, call.deployment, call.priority)
            else:
                self.n_shared += 1
                self._raise_priority(work, call.priority)
            if not call.future.cancelled():
                work.waiting.append(ticket)
                call.active[position] = work
            return work if is_new else None

    def is_wanted(self, work: Work) -> bool:
        """Whether anybody still waits for `work`; if not, it is forgotten."""
        with self._lock:
            if not work.waiting:
                self._in_flight.pop(work.flight, None)
            return bool(work.waiting)

    def add_ready(self, work: Work, prepared: Prepared) -> None:
        """`work` is prepared: a lane may take it."""
        with self._lock:
            if not self.is_wanted(work):
                return
            work.prepared, work.cost, work.n_bytes = prepared, prepared.cost, prepared.n_bytes + _WORK_BYTES
            device = self._device(work.deployment.device_name)
            device.ready.add(work)  # first: a model's impossible cost must not leave the room half filled
            work.stage = "ready"
            self._room[work.priority].fill(work)
            device.may_run.notify()
            if work.priority == "interactive":
                device.may_help.notify()

    # -- lanes

    def next_batch(self, role: LaneRole, budget_of: Callable[[Deployment], Budget]) -> list[Work] | None:
        """The next work for a lane, waiting for it if need be; None when closed."""
        with self._lock:
            device = self._device(role.device)
            turn = device.may_help if role.spare else device.may_run
            device.n_idle += not role.spare
            batch: list[Work] = []
            while not self._closed and not batch:
                if not role.spare or device.needs_help():
                    batch = device.ready.take(budget_of, n_lanes=role.n_lanes)
                if not batch:
                    turn.wait()
            device.n_idle -= not role.spare
            self._start(batch, device)
            return batch or None

    # -- the finish thread

    def finish(self, works: Iterable[Work]) -> list[list[Ticket]]:
        """Who waits for each of them. From now on equal work is new work."""
        with self._lock:
            waiting = []
            for work in works:
                self._in_flight.pop(work.flight, None)
                for call, position in work.waiting:
                    call.active.pop(position, None)
                waiting.append(work.waiting)
            return waiting

    # -- inside, the lock held

    def _pop_ticket(self, calls: OrderedDict[Call, None]) -> Ticket:
        call = next(iter(calls))
        position = call.n_taken
        call.n_taken += 1
        if call.n_taken == len(call.requests):
            del calls[call]
        return call, position

    def _raise_priority(self, work: Work, priority: Priority) -> None:
        if PRIORITIES.index(priority) >= PRIORITIES.index(work.priority):
            return
        if work.stage != "ready":
            work.priority = priority
            return
        self._unready(work)
        work.priority = priority
        self._room[priority].fill(work)
        device = self._device(work.deployment.device_name)
        device.ready.add(work)
        device.may_help.notify()

    def _unready(self, work: Work) -> None:
        self._device(work.deployment.device_name).ready.discard(work)
        self._room[work.priority].free(work)

    def _start(self, batch: list[Work], device: _Device) -> None:
        for work in batch:
            work.stage = "running"
            self._room[work.priority].free(work)
        self._may_prepare.notify_all()
        device.may_help.notify()  # one lane fewer is idle

    def _device(self, name: DeviceName) -> _Device:
        if name not in self._devices:
            self._devices[name] = _Device(self._lock)
        return self._devices[name]


class _Device:
    """What waits for one device, and who waits for it to wait."""

    def __init__(self, lock: threading.RLock) -> None:
        self.ready = Ready()
        self.n_idle = 0
        self.may_run = threading.Condition(lock)
        self.may_help = threading.Condition(lock)

    def needs_help(self) -> bool:
        """Whether interactive work waits while every lane is busy."""
        return self.n_idle == 0 and self.ready.has("interactive")


class _Room:
    """How much of one priority lies prepared, and whether that is enough."""

    def __init__(self, max_bytes: int, max_items: int) -> None:
        self._max_bytes, self._max_items = max_bytes, max_items
        self._n_bytes = self._n_items = 0

    def is_full(self) -> bool:
        return self._n_bytes >= self._max_bytes or self._n_items >= self._max_items

    def fill(self, work: Work) -> None:
        self._n_bytes += work.n_bytes
        self._n_items += 1

    def free(self, work: Work) -> None:
        self._n_bytes -= work.n_bytes
        self._n_items -= 1
