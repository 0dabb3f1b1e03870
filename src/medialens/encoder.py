"""The public handle that turns inputs into vectors."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack, overload

import numpy as np
import numpy.typing as npt

from medialens.engine.conversation import instruction_of
from medialens.engine.engine import Engine
from medialens.engine.handle import (
    Handle,
    Steps,
    as_model,
    check_options,
    check_policy,
    is_whole,
    looking_at,
    raise_first,
    wait,
    wait_async,
    warn_of,
)
from medialens.engine.request import Priority, Request, Source
from medialens.errors import InputError, MedialensError
from medialens.inputs import Input, Role, as_inputs
from medialens.media.limits import MediaLimits
from medialens.media.store import MediaStore
from medialens.models.protocol import Model, Recipe
from medialens.outputs import EncodeResult, Precision
from medialens.scoring.quantization import dequantize, quantize
from medialens.scoring.similarity import similarity, truncate

Vectors = npt.NDArray[Any]

_PRIORITIES: dict[Role | None, Priority] = {"query": "interactive", "document": "bulk", None: "bulk"}


class EncodeOptions(TypedDict, total=False):
    """What every method that encodes takes beside its inputs, as keywords.

    Attributes:
        instruction: The prompt to use instead of the repository's; "" for none.
        truncate_dim: Keep this many leading dimensions; None is the handle's own setting.
        precision: Quantise to this; None is the handle's own setting.
        priority: ``interactive`` overtakes ``bulk``. Queries are interactive, everything else is bulk.
        max_pixels, max_visual_tokens: Look at no more of a picture or a clip, for models that choose how closely they
            look; None is what the repository says.
        show_progress: True and False say so; None shows a bar on a terminal, for work of more than two seconds.
    """

    instruction: str | None
    truncate_dim: int | None
    precision: Precision | None
    max_pixels: int | None
    max_visual_tokens: int | None
    priority: Priority | None
    show_progress: bool | None


class Encoder(Handle):
    """Turns text, pictures and their mixtures into vectors.

    Example:
        >>> encoder = Encoder("demo")
        >>> documents = encoder.encode_documents([Image("a.jpg"), "some text", Item(Image("b.png"), "caption")])
        >>> encoder.similarity(encoder.encode_queries(["a red circle"]), documents)

    Every method that encodes takes a list and gives an array (n, dim) aligned with it, or a single input (a `str`, a
    part, an `Item`) and gives a vector (dim,). ``errors="raise"`` raises the error of the first input that failed,
    with its position in ``.index`` and everything that did work in ``.result``; ``errors="return"`` gives an
    `EncodeResult`. The further keywords are `EncodeOptions`.

    The constructor loads nothing: see `Handle`.

    Args:
        model: ``demo``, a folder, a repository of the hub, or a `Model` object.
        revision, token, cache_folder, local_files_only: For the hub.
        trust_remote_code: Whether code from the repository may run.
        device: ``cpu``, ``cuda:0`` ...; None decides by the machine.
        dtype: In which numbers the model computes: ``float32``, ``bfloat16``, ``float16``; None decides by the
            device. What comes out is float32 either way.
        attention: A transformers attention implementation; None is ``sdpa``.
        fusion: ``sum`` lets a dual encoder take items of text and image; None is what the repository says.
        max_tokens: Cut text here.
        model_kwargs, processor_kwargs: For transformers.
        prompts: Added to those of the repository, and stronger: ``{"query": "search: "}``.
        truncate_dim: Keep this many leading dimensions, at unit length again where cosine is the model's measure; None
            is what the repository says, which is mostly all.
        precision: ``float32``, or ``int8``, ``uint8``, ``binary``, ``ubinary``; see `medialens.scoring.quantization`.
        calibration_ranges: Shape (2, dim), for ``int8`` and ``uint8`` on Sentence Transformers' scale.
        limits: What may be read: sizes, URLs, folders.
        store: Where media references were issued, a `MediaStore` or its URL; None is the default store.
        engine: Another engine than that of the process.

    Raises:
        InputError: An argument is not usable.
        RepositoryNotFoundError: `model` is a path, and no folder is there.
    """

    def __init__(  # noqa: PLR0913  # all that can be chosen, keyword-only
        self,
        model: str | os.PathLike[str] | Model = "demo",
        *,
        revision: str | None = None,
        token: str | bool | None = None,
        cache_folder: str | Path | None = None,
        local_files_only: bool = False,
        trust_remote_code: bool = False,
        device: Any = None,
        dtype: Any = None,
        attention: str | None = None,
        fusion: Literal["sum"] | None = None,
        max_tokens: int | None = None,
        model_kwargs: Mapping[str, Any] | None = None,
        processor_kwargs: Mapping[str, Any] | None = None,
        prompts: Mapping[str, str] | None = None,
        truncate_dim: int | None = None,
        precision: Precision = "float32",
        calibration_ranges: npt.ArrayLike | None = None,
        limits: MediaLimits | None = None,
        store: MediaStore | str | Path | None = None,
        engine: Engine | None = None,
    ) -> None:
        chosen = as_model(
            model,
            task="embed",
            revision=revision,
            token=token,
            cache_folder=None if cache_folder is None else str(cache_folder),
            local_files_only=local_files_only,
            trust_remote_code=trust_remote_code,
            device=device,
            dtype=dtype,
            attention=attention,
            fusion=fusion,
            max_tokens=max_tokens,
            model_kwargs=model_kwargs or {},
            processor_kwargs=processor_kwargs or {},
        )
        super().__init__(chosen, limits=limits, store=store, engine=engine)
        self._prompts = dict(prompts or {})
        self._truncate_dim = _checked(truncate_dim)
        self._precision = precision
        self._ranges = None if calibration_ranges is None else np.asarray(calibration_ranges, dtype=np.float32)
        quantize(np.zeros((0, 1), np.float32), precision)  # raises if there is no such precision

    @property
    def dimension(self) -> int:
        """Length of the vectors, before they are packed into bits. Loads the model."""
        recipe = self.recipe
        kept = self._truncate_dim or _own_truncation(recipe)
        return recipe.dimension if kept is None else min(recipe.dimension, kept)

    def supports(self, modality: str | tuple[str, ...]) -> bool:
        """Whether an input may be of this kind, or mix these kinds: ``supports(("text", "image"))``."""
        return self.recipe.supports(modality)

    def similarity(self, a: npt.ArrayLike, b: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """How alike each vector of `a` is to each of `b`, by the model's own measure: float32 (n, m).

        Takes vectors as this encoder gives them, quantised ones too. Distances are negative: larger is more alike.
        """
        left, right = (dequantize(side, self._precision, ranges=self._ranges) for side in (a, b))
        return similarity(left, right, kind=self.recipe.similarity)

    @overload
    def encode_queries(
        self, inputs: Input, *, errors: Literal["return"], **options: Unpack[EncodeOptions]
    ) -> EncodeResult: ...
    @overload
    def encode_queries(
        self, inputs: Input, *, errors: Literal["raise"] = ..., **options: Unpack[EncodeOptions]
    ) -> Vectors: ...
    def encode_queries(
        self, inputs: Input, *, errors: Literal["raise", "return"] = "raise", **options: Unpack[EncodeOptions]
    ) -> Vectors | EncodeResult:
        """Vectors to search with: the repository's prompt named ``query`` is applied, if it has one.

        Raises:
            MedialensError: An input cannot be used, or the model cannot be loaded.
        """
        return wait(self._encode(inputs, "query", errors, **options))

    @overload
    def encode_documents(
        self, inputs: Input, *, errors: Literal["return"], **options: Unpack[EncodeOptions]
    ) -> EncodeResult: ...
    @overload
    def encode_documents(
        self, inputs: Input, *, errors: Literal["raise"] = ..., **options: Unpack[EncodeOptions]
    ) -> Vectors: ...
    def encode_documents(
        self, inputs: Input, *, errors: Literal["raise", "return"] = "raise", **options: Unpack[EncodeOptions]
    ) -> Vectors | EncodeResult:
        """Vectors to be found: the first prompt of ``document``, ``passage`` and ``corpus`` that there is is applied.

        Raises:
            MedialensError: An input cannot be used, or the model cannot be loaded.
        """
        return wait(self._encode(inputs, "document", errors, **options))

    @overload
    def encode(self, inputs: Input, *, errors: Literal["return"], **options: Unpack[EncodeOptions]) -> EncodeResult: ...
    @overload
    def encode(self, inputs: Input, *, errors: Literal["raise"] = ..., **options: Unpack[EncodeOptions]) -> Vectors: ...
    def encode(
        self, inputs: Input, *, errors: Literal["raise", "return"] = "raise", **options: Unpack[EncodeOptions]
    ) -> Vectors | EncodeResult:
        """Vectors for neither role: the repository's default prompt is applied, if it names one.

        Raises:
            MedialensError: An input cannot be used, or the model cannot be loaded.
        """
        return wait(self._encode(inputs, None, errors, **options))

    @overload
    async def aencode_queries(
        self, inputs: Input, *, errors: Literal["return"], **options: Unpack[EncodeOptions]
    ) -> EncodeResult: ...
    @overload
    async def aencode_queries(
        self, inputs: Input, *, errors: Literal["raise"] = ..., **options: Unpack[EncodeOptions]
    ) -> Vectors: ...
    async def aencode_queries(
        self, inputs: Input, *, errors: Literal["raise", "return"] = "raise", **options: Unpack[EncodeOptions]
    ) -> Vectors | EncodeResult:
        """`encode_queries`, awaited on the engine; no thread is occupied."""
        return await wait_async(self._encode(inputs, "query", errors, **options))

    @overload
    async def aencode_documents(
        self, inputs: Input, *, errors: Literal["return"], **options: Unpack[EncodeOptions]
    ) -> EncodeResult: ...
    @overload
    async def aencode_documents(
        self, inputs: Input, *, errors: Literal["raise"] = ..., **options: Unpack[EncodeOptions]
    ) -> Vectors: ...
    async def aencode_documents(
        self, inputs: Input, *, errors: Literal["raise", "return"] = "raise", **options: Unpack[EncodeOptions]
    ) -> Vectors | EncodeResult:
        """`encode_documents`, awaited on the engine; no thread is occupied."""
        return await wait_async(self._encode(inputs, "document", errors, **options))

    @overload
    async def aencode(
        self, inputs: Input, *, errors: Literal["return"], **options: Unpack[EncodeOptions]
    ) -> EncodeResult: ...
    @overload
    async def aencode(
        self, inputs: Input, *, errors: Literal["raise"] = ..., **options: Unpack[EncodeOptions]
    ) -> Vectors: ...
    async def aencode(
        self, inputs: Input, *, errors: Literal["raise", "return"] = "raise", **options: Unpack[EncodeOptions]
    ) -> Vectors | EncodeResult:
        """`encode`, awaited on the engine; no thread is occupied."""
        return await wait_async(self._encode(inputs, None, errors, **options))

    def _encode(  # noqa: PLR0913  # the options, under their own names
        self,
        inputs: Input,
        role: Role | None,
        errors: str,
        *,
        instruction: str | None = None,
        truncate_dim: int | None = None,
        precision: Precision | None = None,
        max_pixels: int | None = None,
        max_visual_tokens: int | None = None,
        priority: Priority | None = None,
        show_progress: bool | None = None,
    ) -> Steps[Vectors | EncodeResult]:
        check_policy(errors)
        kept = _checked(truncate_dim) or self._truncate_dim
        kind = self._precision if precision is None else precision
        check_options(instruction, priority)
        values, is_single = as_inputs(inputs)
        model = yield from self._load()
        model = looking_at(model, max_pixels=max_pixels, max_visual_tokens=max_visual_tokens)
        recipe = model.recipe
        if instruction is None:
            instruction = dataclasses.replace(recipe, prompts={**recipe.prompts, **self._prompts}).prompt(role)
        call = self._engine.submit(
            model,
            [self._request(one, instruction, reads_messages=recipe.reads_messages) for one in values],
            priority=priority or _PRIORITIES[role],
            progress=f"encoding {role or 'input'}s",
            show_progress=show_progress,
        )
        outcomes: list[Any] = yield call.future
        failed = {at: outcome for at, outcome in enumerate(outcomes) if isinstance(outcome, MedialensError)}
        vectors = _stack(outcomes, recipe.dimension)
        vectors = truncate(vectors, kept or _own_truncation(recipe), renormalize=recipe.similarity == "cosine")
        vectors = quantize(vectors, kind, ranges=self._ranges)
        result = EncodeResult(
            vectors=vectors[0] if is_single else vectors,
            errors={at: error if is_single else error.at(at) for at, error in failed.items()},
            notes=call.notes,
        )
        if errors == "return":
            return result
        warn_of(result.notes)
        raise_first(result.errors, result)
        return result.vectors

    def _request(self, value: Input, instruction: str, *, reads_messages: bool) -> Request:
        source = Source(value, reads_messages=reads_messages)
        told = instruction_of(value, instruction, reads_messages=reads_messages)
        return Request((source,), told, self._limits, self._store)


def _stack(outcomes: Sequence[Any], dimension: int) -> npt.NDArray[np.float32]:
    """(n, dim), with NaN where an outcome is an error."""
    vectors = np.empty((len(outcomes), dimension), dtype=np.float32)
    for at, outcome in enumerate(outcomes):
        vectors[at] = np.nan if isinstance(outcome, MedialensError) else outcome
    return vectors


def _own_truncation(recipe: Recipe) -> int | None:
    """How many dimensions the repository itself says to keep, as Sentence Transformers writes it."""
    kept: int | None = recipe.settings.get("truncate_dim")
    return kept


def _checked(truncate_dim: int | None) -> int | None:
    if truncate_dim is not None and not (is_whole(truncate_dim) and truncate_dim >= 1):
        msg = f"truncate_dim={truncate_dim!r} must be a whole number of at least 1, or None to keep all dimensions"
        raise InputError(msg, value=truncate_dim)
    return truncate_dim
