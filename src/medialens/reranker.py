"""The public handle that scores (query, document) pairs and ranks documents."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack, overload

import numpy as np
import numpy.typing as npt

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
from medialens.engine.pairs import Errors, Pair, plan_pairs
from medialens.engine.request import Priority
from medialens.errors import InputError, MedialensError
from medialens.inputs import Input, as_inputs
from medialens.media.limits import MediaLimits
from medialens.media.store import MediaStore
from medialens.models.protocol import Model, Recipe
from medialens.outputs import Notes, Ranked, RankResult, ScoreKind, ScoreResult
from medialens.scoring.ranking import rank_order, sigmoid

Scores = npt.NDArray[np.float64]


class ScoreOptions(TypedDict, total=False):
    """What every method that scores takes beside its inputs, as keywords.

    Attributes:
        instruction: The prompt to use instead of the repository's; "" for none.
        priority: ``interactive``, which is the default, overtakes ``bulk``.
        max_pixels, max_visual_tokens: Look at no more of a picture or a clip, for models that choose how closely they
            look; None is what the repository says.
        show_progress: True and False say so; None shows a bar on a terminal, for work of more than two seconds.
    """

    instruction: str | None
    max_pixels: int | None
    max_visual_tokens: int | None
    priority: Priority
    show_progress: bool | None


class Reranker(Handle):
    """Scores documents against a query, and ranks them.

    Example:
        >>> reranker = Reranker("demo-reranker")
        >>> reranker.rank("a blue square", [Image("circle.png"), Image("square.png")], top_n=1)
        [Ranked(index=1, score=...)]

    A cross-encoder reads query and document together. A dual encoder embeds both sides, each distinct input once, and
    scores ``sigmoid(scale * cosine + bias)`` with the scale and bias it was trained with. Rankings are ordered by the
    logit: a probability saturates, at CLIP's scale of 100 long before the best match.

    The constructor loads nothing: see `Handle`.

    Args:
        model: ``demo-reranker``, ``demo``, a folder, a repository of the hub, or a `Model` object.
        score_kind: ``logit`` or ``probability``; None is what the repository says.
        instruction: The prompt to use instead of the repository's; a call can give another.
        revision, token, cache_folder, local_files_only, trust_remote_code: For the hub, as for `Encoder`.
        device, dtype, attention, fusion, max_tokens, model_kwargs, processor_kwargs: As for `Encoder`.
        limits, store, engine: As for `Encoder`.

    Raises:
        InputError: An argument is not usable.
        RepositoryNotFoundError: `model` is a path, and no folder is there.
    """

    def __init__(  # noqa: PLR0913  # all that can be chosen, keyword-only
        self,
        model: str | os.PathLike[str] | Model = "demo-reranker",
        *,
        score_kind: Literal["logit", "probability"] | None = None,
        instruction: str | None = None,
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
        limits: MediaLimits | None = None,
        store: MediaStore | str | Path | None = None,
        engine: Engine | None = None,
    ) -> None:
        if score_kind not in {None, "logit", "probability"}:
            msg = f"score_kind={score_kind!r} is none of 'logit', 'probability' and None"
            raise InputError(msg, value=score_kind)
        chosen = as_model(
            model,
            task="score",
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
        self._score_kind = score_kind
        self._instruction = instruction

    @property
    def score_kind(self) -> ScoreKind:
        """What the scores are: ``logit``, ``probability`` or ``cosine``. Loads the model if it was not chosen."""
        return self._score_kind or self.recipe.score_kind

    def supports(self, modality: str | tuple[str, ...]) -> bool:
        """Whether a pair may hold these kinds: ``supports(("text", "image"))``, a text query and pictures."""
        wanted = (modality,) if isinstance(modality, str) else tuple(modality)
        return bool(wanted) and set(wanted) <= set(self.modalities)

    @overload
    def rank(
        self,
        query: Input,
        documents: Sequence[Input],
        top_n: int | None = ...,
        *,
        errors: Literal["return"],
        **options: Unpack[ScoreOptions],
    ) -> RankResult: ...
    @overload
    def rank(
        self,
        query: Input,
        documents: Sequence[Input],
        top_n: int | None = ...,
        *,
        errors: Literal["raise"] = ...,
        **options: Unpack[ScoreOptions],
    ) -> list[Ranked]: ...
    def rank(
        self,
        query: Input,
        documents: Sequence[Input],
        top_n: int | None = None,
        *,
        errors: Literal["raise", "return"] = "raise",
        **options: Unpack[ScoreOptions],
    ) -> list[Ranked] | RankResult:
        """The documents from the best to the worst; equal scores keep their order.

        Args:
            query: What is looked for.
            documents: What is ranked. None of them gives an empty ranking, without loading the model.
            top_n: Keep this many of the best; None keeps all, 0 and less keep none.
            errors: ``raise`` raises the error of the first document that failed, with its position in ``.index``
                and the ranking of the others, a `RankResult`, in ``.result``; ``return`` returns that. An error of
                the query has no position, and ``.side`` is ``query``.
            **options: See `ScoreOptions`.

        Raises:
            MedialensError: An input cannot be used, or the model cannot be loaded.
        """
        return wait(self._rank(query, documents, top_n, errors, **options))

    @overload
    async def arank(
        self,
        query: Input,
        documents: Sequence[Input],
        top_n: int | None = ...,
        *,
        errors: Literal["return"],
        **options: Unpack[ScoreOptions],
    ) -> RankResult: ...
    @overload
    async def arank(
        self,
        query: Input,
        documents: Sequence[Input],
        top_n: int | None = ...,
        *,
        errors: Literal["raise"] = ...,
        **options: Unpack[ScoreOptions],
    ) -> list[Ranked]: ...
    async def arank(
        self,
        query: Input,
        documents: Sequence[Input],
        top_n: int | None = None,
        *,
        errors: Literal["raise", "return"] = "raise",
        **options: Unpack[ScoreOptions],
    ) -> list[Ranked] | RankResult:
        """`rank`, awaited on the engine; no thread is occupied."""
        return await wait_async(self._rank(query, documents, top_n, errors, **options))

    @overload
    def score(
        self, pairs: Sequence[Pair], *, errors: Literal["return"], **options: Unpack[ScoreOptions]
    ) -> ScoreResult: ...
    @overload
    def score(
        self, pairs: Sequence[Pair], *, errors: Literal["raise"] = ..., **options: Unpack[ScoreOptions]
    ) -> Scores: ...
    def score(
        self, pairs: Sequence[Pair], *, errors: Literal["raise", "return"] = "raise", **options: Unpack[ScoreOptions]
    ) -> Scores | ScoreResult:
        """One score for each (query, document) pair: float64 (n,), larger is better; see `score_kind`.

        Args:
            pairs: Of a query and a document each.
            errors: ``raise`` raises the error of the first pair that failed, with its position in ``.index`` and
                a `ScoreResult` in ``.result``; ``return`` returns that, NaN where a pair failed.
            **options: See `ScoreOptions`.

        Raises:
            MedialensError: An input cannot be used, or the model cannot be loaded.
        """
        return wait(self._score(pairs, errors, **options))

    @overload
    async def ascore(
        self, pairs: Sequence[Pair], *, errors: Literal["return"], **options: Unpack[ScoreOptions]
    ) -> ScoreResult: ...
    @overload
    async def ascore(
        self, pairs: Sequence[Pair], *, errors: Literal["raise"] = ..., **options: Unpack[ScoreOptions]
    ) -> Scores: ...
    async def ascore(
        self, pairs: Sequence[Pair], *, errors: Literal["raise", "return"] = "raise", **options: Unpack[ScoreOptions]
    ) -> Scores | ScoreResult:
        """`score`, awaited on the engine; no thread is occupied."""
        return await wait_async(self._score(pairs, errors, **options))

    def _rank(
        self,
        query: Input,
        documents: Sequence[Input],
        top_n: int | None,
        errors: str,
        **options: Unpack[ScoreOptions],
    ) -> Steps[list[Ranked] | RankResult]:
        check_policy(errors)
        if top_n is not None and not is_whole(top_n):
            msg = f"top_n={top_n!r} must be a whole number, or None to keep all"
            raise InputError(msg, value=top_n)
        values, is_single = as_inputs(documents)
        if is_single:
            msg = f"rank takes a list of documents, got a single {type(documents).__name__}: {documents!r:.80}"
            raise InputError(msg, value=documents)
        if not values or (top_n is not None and top_n <= 0):
            return [] if errors == "raise" else RankResult(ranked=(), errors={})
        recipe, logits, failed, notes = yield from self._logits([(query, value) for value in values], **options)
        scores = self._scores(recipe, logits)
        order = rank_order(logits, top_n=top_n)
        result = RankResult(ranked=tuple(Ranked(at, float(scores[at])) for at in order), errors=failed, notes=notes)
        if errors == "return":
            return result
        warn_of(notes)
        raise_first({at: _of_query(error) or error for at, error in failed.items()}, result)
        return list(result.ranked)

    def _score(
        self, pairs: Sequence[Pair], errors: str, **options: Unpack[ScoreOptions]
    ) -> Steps[Scores | ScoreResult]:
        check_policy(errors)
        checked = [_as_pair(pair, at) for at, pair in enumerate(pairs)]
        if not checked:
            scores = np.empty(0, dtype=np.float64)
            return scores if errors == "raise" else ScoreResult(scores=scores, errors={})
        recipe, logits, failed, notes = yield from self._logits(checked, **options)
        result = ScoreResult(scores=self._scores(recipe, logits), errors=failed, notes=notes)
        if errors == "return":
            return result
        warn_of(notes)
        raise_first(failed, result)
        return result.scores

    def _logits(  # noqa: PLR0913  # the options, under their own names
        self,
        pairs: Sequence[Pair],
        *,
        instruction: str | None = None,
        max_pixels: int | None = None,
        max_visual_tokens: int | None = None,
        priority: Priority = "interactive",
        show_progress: bool | None = None,
    ) -> Steps[tuple[Recipe, Scores, Errors, Notes]]:
        """A logit for each pair, NaN where it failed, the errors and the notes."""
        check_options(instruction, priority)
        model = yield from self._load()
        model = looking_at(model, max_pixels=max_pixels, max_visual_tokens=max_visual_tokens)
        instruction = self._instruction if instruction is None else instruction
        plan = plan_pairs(pairs, model.recipe, instruction=instruction, limits=self._limits, store=self._store)
        call = self._engine.submit(
            model, plan.requests, priority=priority, progress="scoring pairs", show_progress=show_progress
        )
        outcomes: list[Any] = yield call.future
        logits, failed = plan.combine(outcomes)
        return model.recipe, logits, {at: error.at(at) for at, error in failed.items()}, plan.notes(call.notes)

    def _scores(self, recipe: Recipe, logits: Scores) -> Scores:
        kind = self._score_kind or recipe.score_kind
        return sigmoid(logits) if kind == "probability" else logits


def _of_query(error: MedialensError) -> MedialensError | None:
    """The error without a position, if it is the query's: it is about none of the documents."""
    if error.facts.get("side") != "query":
        return None
    plain = copy.copy(error)
    plain.index = None
    return plain


def _as_pair(pair: Any, index: int) -> Pair:
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:  # noqa: PLR2004  # a pair
        msg = f"score takes a list of (query, document) pairs, got {pair!r:.80} among them"
        raise InputError(msg, index=index, value=pair)
    return pair[0], pair[1]
