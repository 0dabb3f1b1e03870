"""What the public handles have in common: which model, which engine, and two ways to wait.

A call of a handle is written once, as *steps*: a generator that yields each future it needs and receives its value.
`wait` drives steps from a thread, `wait_async` from an event loop; there is nothing else to a sync method and its
async twin. Giving up, by Ctrl-C or by cancelling the task, cancels the future that is being waited for.
"""

from __future__ import annotations

import asyncio
import copy
import os
import warnings
from collections.abc import Generator, Mapping
from concurrent.futures import Future
from numbers import Integral
from pathlib import Path
from typing import Any, Self, TypeAlias, TypeVar

from medialens.engine.engine import Engine, get_engine
from medialens.engine.ready import PRIORITIES
from medialens.errors import InputError, InputWarning, MedialensError
from medialens.inputs import Modality
from medialens.media.decode import check_text
from medialens.media.limits import MediaLimits
from medialens.media.store import MediaStore, open_store
from medialens.models.abilities import Resizable
from medialens.models.protocol import Model, Recipe
from medialens.models.spec import ModelSpec
from medialens.outputs import Notes

T = TypeVar("T")

_TO_THE_CALLER = 5  # frames between the warning and the caller of a public method

Steps: TypeAlias = Generator[Future[Any], Any, T]


def wait(steps: Steps[T]) -> T:
    """What `steps` return, the calling thread blocked until then."""
    value, future = None, None
    try:
        while True:
            future = steps.send(value)
            value = future.result()
    except StopIteration as done:
        result: T = done.value
        return result
    except BaseException:
        if future is not None:
            future.cancel()
        raise


async def wait_async(steps: Steps[T]) -> T:
    """What `steps` return; the event loop runs on until then, and no thread is occupied."""
    value, future = None, None
    try:
        while True:
            future = steps.send(value)
            value = await asyncio.wrap_future(future)
    except StopIteration as done:
        result: T = done.value
        return result
    except BaseException:
        if future is not None:
            future.cancel()  # now, not in the loop's next turn
        raise


class Handle:
    """A model by name, and how to read media for it. Holds no weights: the engine does.

    Making one loads nothing. What can be checked without the network is checked at once: the arguments, and a
    folder that is not there. The model is loaded at the first use, or by `load`; once for the whole process.
    Handles are plain values: pickled and copied without weights, used from any thread, event loop or forked child.
    """

    def __init__(
        self,
        model: ModelSpec | Model,
        *,
        limits: MediaLimits | None,
        store: MediaStore | str | Path | None,
        engine: Engine | None,
    ) -> None:
        given: Any = limits
        if given is not None and not isinstance(given, MediaLimits):
            msg = f"limits={limits!r:.80} must be a MediaLimits, or None for the default ones"
            raise InputError(msg, value=limits)
        self._model = model
        self._limits = limits or MediaLimits()
        self._store = None if store is None else open_store(store)
        self._own_engine = engine
        if isinstance(model, ModelSpec):
            _check_folder(model.repository)

    def load(self) -> Self:
        """Load the model now, if it is not loaded yet; the handle itself.

        Raises:
            RepositoryError: It cannot be found, is incomplete, of no known family, or needs code that is not trusted.
        """
        wait(self._load())
        return self

    async def aload(self) -> Self:
        """`load`, without blocking the event loop."""
        await wait_async(self._load())
        return self

    @property
    def recipe(self) -> Recipe:
        """How the model wants to be used: prompts, modalities, similarity ... Loads the model."""
        return wait(self._load()).recipe

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """What a single item may be. Loads the model."""
        return self.recipe.modalities

    def __repr__(self) -> str:
        model = self._model if not isinstance(self._model, ModelSpec) else self._engine.loaded(self._model)
        name = self._model.repository if isinstance(self._model, ModelSpec) else type(self._model).__name__
        if model is None:
            return f"{type(self).__name__}({name!r}, not loaded)"
        return f"{type(self).__name__}({name!r}, {model.recipe}, {model.placement.because!r})"

    def __copy__(self) -> Self:
        return self  # nothing in it changes

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_own_engine": None}  # threads do not travel; the other process has its own engine

    @property
    def _engine(self) -> Engine:
        return self._own_engine or get_engine()

    def _load(self) -> Steps[Model]:
        if isinstance(self._model, ModelSpec):
            model: Model = yield self._engine.begin_load(self._model)
            return model
        return self._model


def as_model(model: str | os.PathLike[str] | Model, **spec: Any) -> ModelSpec | Model:
    """A spec for a name, made of the other arguments of a handle; a `Model` object as it is.

    Raises:
        InputError: `model` is neither, or an argument is not usable.
    """
    if isinstance(model, os.PathLike):
        model = str(Path(model).expanduser().absolute())  # a path object is never the name of a repository
    if isinstance(model, str):
        return ModelSpec(repository=model, **spec)
    if not all(hasattr(model, name) for name in ("recipe", "placement", "prepare", "collate", "forward")):
        msg = f"model={model!r:.80} is neither the name of a repository, nor a folder, nor a Model"
        raise InputError(msg, value=model)
    return model


def raise_first(errors: Mapping[int, MedialensError], result: object) -> None:
    """Raise the error of the first item that failed, if one did, with everything that worked in ``.result``."""
    if errors:
        error = errors[min(errors)]
        raised = copy.copy(error)
        raised.result = result  # type: ignore[attr-defined]  # documented at the methods that raise it
        raise raised from error.__cause__


def warn_of(notes: Notes) -> None:
    """Warn once for all items that were not used as they came."""
    if notes:
        first = min(notes)
        others = f" (and {len(notes) - 1} other items; see .notes with errors='return')" if len(notes) > 1 else ""
        warnings.warn(f"item {first}: {'; '.join(notes[first])}{others}", InputWarning, stacklevel=_TO_THE_CALLER)


def looking_at(model: Model, *, max_pixels: Any, max_visual_tokens: Any) -> Model:
    """The model, looking at no more of a picture than a call allows.

    Raises:
        InputError: A bound is no whole number of at least 1, or the model's pictures have one size.
    """
    given = {"max_pixels": max_pixels, "max_visual_tokens": max_visual_tokens}
    bounds = {name: value for name, value in given.items() if value is not None}
    for name, value in bounds.items():
        if not (is_whole(value) and value >= 1):
            msg = f"{name}={value!r:.80} must be a whole number of at least 1, or None for the repository's own"
            raise InputError(msg, value=value)
    if not bounds:
        return model
    if not isinstance(model, Resizable):
        msg = f"{next(iter(bounds))}= is for models that choose how closely they look; {model.recipe.family} does not"
        raise InputError(msg, value=next(iter(bounds.values())))
    return model.looking_at(**bounds)


def is_whole(value: Any) -> bool:
    """Whether `value` is a whole number, numpy's included; truth values are none."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def check_options(instruction: Any, priority: Any) -> None:
    """Raise unless these are what every method takes: said once, not for each item."""
    if not isinstance(instruction, str | None):
        msg = f"instruction={instruction!r:.80} must be text, '' for none, or None for the repository's own"
        raise InputError(msg, value=instruction)
    if instruction is not None:
        check_text(instruction, "the instruction")
    if priority is not None and priority not in PRIORITIES:
        msg = f"priority={priority!r} is neither of {', '.join(PRIORITIES)}"
        raise InputError(msg, value=priority)


def check_policy(errors: str) -> None:
    """Raise unless `errors` is an error policy."""
    if errors not in ("raise", "return"):  # a list is no error policy either, and cannot be hashed
        msg = f"errors={errors!r} is neither 'raise' nor 'return'"
        raise InputError(msg, value=errors)


def _check_folder(name: str) -> None:
    """Raise at once for what is spelled like a path and is no folder; anything else is for the hub to say."""
    if name.startswith((os.sep, ".", "~")):
        from medialens.hub.repository import open_repository  # noqa: PLC0415  # brings the hub's client

        open_repository(name)
