"""The engine itself: the stages put together, started when first needed, and closed cleanly.

There is one for each process, `get_engine`; handles and adapters look it up at every call, which is what makes them
plain values that can be pickled, copied and used after a fork. A forked child inherits no threads, so its engine
begins anew, empty: models are loaded again at their first use.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import Self

from medialens.engine.config import EngineConfig
from medialens.engine.crew import Crew
from medialens.engine.decoding import MediaDecoder
from medialens.engine.disk_cache import DiskCache
from medialens.engine.finish import Finisher, ValueCache
from medialens.engine.models import Loader, Models
from medialens.engine.prepare import Preparer
from medialens.engine.progress import ProgressBar
from medialens.engine.request import Priority, Request
from medialens.engine.scheduler import Scheduler
from medialens.engine.stats import Counters, EngineStats
from medialens.engine.work import Call
from medialens.errors import EngineClosedError
from medialens.models.protocol import Model, Task
from medialens.models.spec import ModelSpec


class Engine:
    """Runs models for all callers of a process at once. Safe for any number of threads and event loops.

    Args:
        config: Its settings; None reads the environment over the defaults.
        loader: Turns a spec into a model; None is `medialens.models.loading.load_model`.

    Raises:
        EngineError: The folder of the vector cache cannot be used.
    """

    def __init__(self, config: EngineConfig | None = None, *, loader: Loader | None = None) -> None:
        self.config = config or EngineConfig.from_environment()
        self._loader = loader or _load_model
        self._begin()
        if self._disk is not None:
            self._disk.check()
        with _lock:
            _engines.add(self)

    def _begin(self) -> None:
        """Everything that changes while the engine lives: made here, and made again in a forked child."""
        config, folder = self.config, self.config.vector_cache_folder
        self._closed = False
        self._counters = Counters()
        self._models = Models(self._loader, config.memories)
        self._media = MediaDecoder(config.media_cache_bytes)
        self._values: dict[Task, ValueCache] = {
            "embed": ValueCache(config.vector_cache_bytes, _array_bytes),
            "score": ValueCache(config.score_cache_bytes, _array_bytes),
        }
        self._disk = DiskCache(folder, max_bytes=config.vector_cache_disk_bytes) if folder else None
        self._scheduler = Scheduler(
            max_prepared_bytes=config.max_prepared_bytes, max_prepared_items=config.max_prepared_items
        )
        finisher = Finisher(self._scheduler, self._values, self._disk, self._counters)
        preparer = Preparer(self._scheduler, finisher, self._media)
        self._crew = Crew(config, self._scheduler, preparer, finisher, self._counters)

    @property
    def closed(self) -> bool:
        """Whether `close` was called, or a thread of the engine died of a fault of its own."""
        return self._closed or self._scheduler.closed

    def begin_load(self, spec: ModelSpec) -> Future[Model]:
        """A future of the model; the same model for equal specs."""
        if self.closed:
            raise _closed_error()
        return self._models.begin_load(spec)

    def load(self, spec: ModelSpec) -> Model:
        """The model that `spec` asks for, loaded once; who asks meanwhile waits for the same load.

        Raises:
            RepositoryError, InputError: It cannot be loaded. That is not remembered: the next call tries again.
        """
        return self.begin_load(spec).result()

    def loaded(self, spec: ModelSpec) -> Model | None:
        """The model if it is loaded already; loads nothing."""
        return self._models.loaded(spec)

    def submit(
        self,
        model: Model,
        requests: Sequence[Request],
        *,
        priority: Priority = "bulk",
        progress: str | None = None,
        show_progress: bool | None = False,
    ) -> Call:
        """Ask for work. Returns at once; the call's future completes with the values, in the order of `requests`.

        Args:
            model: What computes it.
            requests: One for each value.
            priority: ``interactive`` overtakes ``bulk``.
            progress: Label of the progress bar.
            show_progress: True shows it, False does not, None shows it on a terminal after two seconds.

        Raises:
            EngineClosedError: The engine was closed.
        """
        deployment = self._models.deployment(model)
        self._crew.serve(deployment)
        # Not while False: a bar that is never shown still costs a little for each item.
        bar = (
            None if show_progress is False else ProgressBar(len(requests), progress or "medialens", show=show_progress)
        )
        call = Call(deployment, requests, priority, bar)
        if not self._scheduler.add_call(call):
            raise _closed_error()
        return call

    def stats(self) -> EngineStats:
        """The counters as they stand."""
        return EngineStats(
            n_items=self._counters.n_items,
            n_failed=self._counters.n_failed,
            n_shared=self._scheduler.n_shared,
            n_batches=self._counters.n_batches,
            n_out_of_memory=self._counters.n_out_of_memory,
            n_models=self._models.n_loaded(),
            n_lanes=self._crew.n_lanes,
            vectors=self._values["embed"].stats(),
            scores=self._values["score"].stats(),
            media=self._media.cache.stats(),
            memories=self._models.memory_stats(),
            disk=self._disk.stats() if self._disk else None,
        )

    def close(self) -> None:
        """Stop. Open calls fail with `EngineClosedError`, threads end after the batch they are at. Idempotent."""
        self._closed = True
        for call in self._scheduler.close():
            call.fail(_closed_error())
        self._crew.end()
        if self._disk is not None:
            self._disk.close()
        self._models = Models(self._loader, self.config.memories)  # lets go of the weights

    def _restart(self) -> None:
        """In a forked child: the same engine, with nothing in it."""
        closed = self._closed
        self._begin()
        self._closed = closed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_lock = threading.Lock()
_making = threading.Lock()
_engines: weakref.WeakSet[Engine] = weakref.WeakSet()
_left_behind: list[object] = []
_current: Engine | None = None
_config: EngineConfig | None = None


def get_engine() -> Engine:
    """The engine of this process: made at the first call, and made again after it was closed."""
    global _current  # noqa: PLW0603  # one for each process is what it is for
    engine = _current
    if engine is None or engine.closed:
        with _making:
            engine = _current
            if engine is None or engine.closed:
                engine = _current = Engine(_config)
    return engine


@contextlib.contextmanager
def use_engine(engine: Engine) -> Iterator[Engine]:
    """Within the block, `engine` is the engine of this process: for tests, with a loader of fakes."""
    global _current  # noqa: PLW0603  # see `get_engine`
    before, _current = _current, engine
    try:
        yield engine
    finally:
        _current = before


def configure(config: EngineConfig | None) -> None:
    """Give the engine of this process other settings, before or between work; None are those of the environment.

    An engine that is running is closed: calls that are under way fail with `EngineClosedError`, models are loaded
    again at their next use.
    """
    global _config  # noqa: PLW0603  # see `get_engine`
    _config = config
    close_engine()


def close_engine() -> None:
    """Close the engine of this process, if there is one. The next call of any handle makes a new one."""
    if _current is not None:
        _current.close()


def _load_model(spec: ModelSpec) -> Model:
    from medialens.models.loading import load_model  # noqa: PLC0415  # brings every family and transformers

    return load_model(spec)


def _array_bytes(value: object) -> int:
    return int(getattr(value, "nbytes", 0))


def _closed_error() -> EngineClosedError:
    return EngineClosedError("the engine was closed; a new call on a handle starts a new one")


def _close_all() -> None:
    with _lock:
        engines = list(_engines)
    for engine in engines:
        engine.close()


def _begin_anew_in_child() -> None:
    """Locks may be held by threads that are not here, and sqlite's files must be let alone: all is left and remade."""
    global _lock, _making  # they may be held, too
    _lock, _making = threading.Lock(), threading.Lock()
    for engine in list(_engines):
        _left_behind.append(dict(vars(engine)))  # never freed: closing inherited connections would harm the parent's
        engine._restart()  # noqa: SLF001  # this module's own


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew_in_child)
