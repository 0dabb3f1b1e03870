"""The models that an engine holds: each loaded once, however many callers ask for it at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

from medialens.engine.threads import limit_this_thread
from medialens.engine.work import Deployment
from medialens.models.abilities import MemoryLimits, Remembering
from medialens.models.cache import CacheStats
from medialens.models.protocol import Model
from medialens.models.spec import ModelSpec

Loader = Callable[[ModelSpec], Model]


class Models:
    """Models by spec, and what the engine knows about each.

    Args:
        loader: Turns a spec into a model.
        memories: How much a model may keep of what it computed, by the kind of its device.
    """

    def __init__(self, loader: Loader, memories: Callable[[str], MemoryLimits]) -> None:
        self._loader = loader
        self._memories = memories
        self._lock = threading.Lock()
        self._loads: dict[ModelSpec, Future[Model]] = {}
        self._deployments: dict[int, Deployment] = {}

    def begin_load(self, spec: ModelSpec) -> Future[Model]:
        """The model, or the load that is under way. A load that fails is not kept: the next one tries again."""
        with self._lock:
            load = self._loads.get(spec)
            if load is None:
                load = self._loads[spec] = Future()
                load.set_running_or_notify_cancel()  # one impatient caller must not cancel it for the others
                # A thread of its own: weights are cast and copied by torch, which in a forked child must not happen
                # in a thread that ever used OpenMP (see `threads`); and an event loop must not wait for a disk.
                threading.Thread(target=self._load, args=(spec, load), name="medialens-load", daemon=True).start()
            return load

    def loaded(self, spec: ModelSpec) -> Model | None:
        """The model if its load has succeeded."""
        with self._lock:
            load = self._loads.get(spec)
        return load.result() if load is not None and load.done() and load.exception() is None else None

    def _load(self, spec: ModelSpec, load: Future[Model]) -> None:
        try:
            limit_this_thread(1)
            model = self._loader(spec)
        except BaseException as error:  # noqa: BLE001  # raised in the threads that wait for it
            with self._lock:
                del self._loads[spec]
            load.set_exception(error)
        else:
            load.set_result(model)

    def deployment(self, model: Model) -> Deployment:
        """What the engine knows about `model`, found out at its first use."""
        with self._lock:
            deployment = self._deployments.get(id(model))
            if deployment is None:
                if isinstance(model, Remembering):
                    model.remember_within(self._memories(model.placement.device.type))
                deployment = self._deployments[id(model)] = Deployment(model)  # holds the model: its id stays its own
            return deployment

    def memory_stats(self) -> dict[str, CacheStats]:
        """The counters of what models keep, by name, over all of them."""
        with self._lock:
            models = [deployment.model for deployment in self._deployments.values()]
        total: dict[str, CacheStats] = {}
        for model in models:
            if isinstance(model, Remembering):
                for name, stats in model.memory_stats().items():
                    total[name] = total.get(name, CacheStats()) + stats
        return total

    def n_loaded(self) -> int:
        """How many are ready for use."""
        with self._lock:
            done = [load for load in self._loads.values() if load.done() and load.exception() is None]
            loaded = {id(load.result()) for load in done}
            return len(loaded | set(self._deployments))
