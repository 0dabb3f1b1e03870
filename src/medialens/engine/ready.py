"""Prepared work that waits for a device, kept in the order in which batches are cut from it. No locks here."""

from __future__ import annotations

import bisect
import itertools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import overload

from medialens.engine.batching import Budget, take_batch
from medialens.engine.request import Priority
from medialens.engine.work import Deployment, Work
from medialens.models.protocol import Cost

PRIORITIES: tuple[Priority, ...] = ("interactive", "bulk")
"""In the order in which they are served."""


class Ready:
    """The ready work of one device: for each priority and model, by length and by age."""

    def __init__(self) -> None:
        self._age = itertools.count()
        self._shelves: dict[tuple[Priority, Deployment], _Shelf] = {}

    def add(self, work: Work) -> None:
        """Put `work` behind the work that is there already."""
        work.order = (work.cost.n_tokens, work.cost.n_patches, next(self._age))
        self._shelf(work).add(work)

    def discard(self, work: Work) -> None:
        """Take `work` out: nobody waits for it any more."""
        self._shelf(work).remove(work)

    def has(self, priority: Priority) -> bool:
        """Whether any work of this priority is ready."""
        return any(shelf.by_length for (kind, _), shelf in self._shelves.items() if kind == priority)

    def take(self, budget_of: Callable[[Deployment], Budget], *, n_lanes: int = 1) -> list[Work]:
        """The next batch, taken out: interactive before bulk, then around the oldest; [] if nothing is ready.

        Args:
            budget_of: The budget of a model on this lane.
            n_lanes: How many lanes share the work; each takes a fair part of what is there.
        """
        for priority in PRIORITIES:
            shelves = [shelf for (kind, _), shelf in self._shelves.items() if kind == priority and shelf.by_length]
            if shelves:
                shelf = min(shelves, key=_Shelf.oldest_age)
                return shelf.cut(budget_of(shelf.deployment).shared(shelf.cost(), n_lanes))
        return []

    def _shelf(self, work: Work) -> _Shelf:
        key = work.priority, work.deployment
        if key not in self._shelves:
            self._shelves[key] = _Shelf(work.deployment)
        return self._shelves[key]


class _Shelf:
    """Ready work of one model and priority."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.by_length: list[Work] = []
        self._by_age: OrderedDict[int, Work] = OrderedDict()  # finding the first of a dict is slow after deletions
        self._n_tokens = self._n_patches = 0

    def oldest_age(self) -> int:
        return next(iter(self._by_age))

    def cost(self) -> Cost:
        return Cost(n_tokens=self._n_tokens, n_patches=self._n_patches)

    def add(self, work: Work) -> None:
        bisect.insort(self.by_length, work, key=_order)
        self._by_age[work.order[2]] = work
        self._n_tokens += work.cost.n_tokens
        self._n_patches += work.cost.n_patches

    def remove(self, work: Work) -> None:
        at = self._position(work)
        self._forget(self.by_length[at : at + 1])
        del self.by_length[at]

    def cut(self, budget: Budget) -> list[Work]:
        """The batch around the oldest work, oldest first."""
        oldest = self._position(next(iter(self._by_age.values())))
        run = take_batch(_Costs(self.by_length), oldest, budget)
        batch = self.by_length[run.start : run.stop]
        del self.by_length[run.start : run.stop]
        self._forget(batch)
        return sorted(batch, key=_age)

    def _position(self, work: Work) -> int:
        return bisect.bisect_left(self.by_length, work.order, key=_order)

    def _forget(self, batch: list[Work]) -> None:
        for work in batch:
            del self._by_age[work.order[2]]
            self._n_tokens -= work.cost.n_tokens
            self._n_patches -= work.cost.n_patches


class _Costs(Sequence[Cost]):
    """The costs of works, without copying them."""

    def __init__(self, works: Sequence[Work]) -> None:
        self._works = works

    def __len__(self) -> int:
        return len(self._works)

    @overload
    def __getitem__(self, at: int) -> Cost: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Cost]: ...
    def __getitem__(self, at: int | slice) -> Cost | Sequence[Cost]:
        return _Costs(self._works[at]) if isinstance(at, slice) else self._works[at].cost


def _order(work: Work) -> tuple[int, int, int]:
    return work.order


def _age(work: Work) -> int:
    return work.order[2]
