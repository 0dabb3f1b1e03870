"""(Query, document) pairs into requests, and what came back into logits. Pure.

A cross-encoder reads both together: one request for each pair. A dual encoder embeds each distinct query and each
distinct document once, and the logit is ``scale * cosine + bias``.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from medialens.engine.conversation import instruction_of
from medialens.engine.request import Request, Source, query_error
from medialens.errors import MedialensError
from medialens.inputs import Input
from medialens.media.limits import MediaLimits
from medialens.models.protocol import Recipe
from medialens.outputs import Notes
from medialens.scoring.ranking import cosine_logits

if TYPE_CHECKING:
    from medialens.media.store import MediaStore

Pair: TypeAlias = tuple[Input, Input]
Logits: TypeAlias = npt.NDArray[np.float64]
Errors: TypeAlias = dict[int, MedialensError]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class PairPlan:
    """What to ask the engine for, and how to read its answer.

    Attributes:
        requests: In the order in which `combine` expects their outcomes.
        positions: For each pair, which of the requests it is made of.
        combine: From outcomes to a logit for each pair, NaN where it failed, and the errors by position.
    """

    requests: list[Request]
    positions: Sequence[tuple[int, ...]]
    combine: Callable[[Sequence[Any]], tuple[Logits, Errors]]

    def notes(self, said: Notes) -> Notes:
        """What was said of requests, by pair."""
        by_pair = {
            at: tuple(itertools.chain.from_iterable(said.get(one, ()) for one in positions))
            for at, positions in enumerate(self.positions if said else ())
        }
        return {at: notes for at, notes in by_pair.items() if notes}


def plan_pairs(
    pairs: Sequence[Pair],
    recipe: Recipe,
    *,
    instruction: str | None,
    limits: MediaLimits,
    store: MediaStore | None,
) -> PairPlan:
    """The plan for a model with this recipe; `instruction` stands in for the prompt of the repository."""
    if recipe.task == "score":
        prompt = recipe.prompt(None) if instruction is None else instruction
        return _plan_together(pairs, prompt, limits, store, reads_messages=recipe.reads_messages)
    prompts = recipe.prompt("query") if instruction is None else instruction, recipe.prompt("document")
    sides = _Sides(pairs)
    values = [(query, prompts[0]) for query in sides.queries] + [(one, prompts[1]) for one in sides.documents]
    reads = recipe.reads_messages
    requests = [
        Request(
            (Source(value, reads_messages=reads),), instruction_of(value, prompt, reads_messages=reads), limits, store
        )
        for value, prompt in values
    ]
    return PairPlan(
        requests=requests,
        positions=sides.positions,
        combine=lambda outcomes: _compare(outcomes, sides.positions, recipe),
    )


def _plan_together(
    pairs: Sequence[Pair], prompt: str, limits: MediaLimits, store: MediaStore | None, *, reads_messages: bool
) -> PairPlan:
    uses = Counter(_identity(value) for pair in pairs for value in pair)
    sources = {
        _identity(value): Source(value, n_uses=uses[_identity(value)], reads_messages=reads_messages)
        for pair in pairs
        for value in pair
    }
    prompts = {_identity(query): instruction_of(query, prompt, reads_messages=reads_messages) for query, _ in pairs}
    requests = [
        Request(tuple(sources[_identity(value)] for value in pair), prompts[_identity(pair[0])], limits, store)
        for pair in pairs
    ]
    return PairPlan(requests=requests, positions=[(at,) for at in range(len(pairs))], combine=_read_logits)


class _Sides:
    """Each distinct query and document once, and for each pair where its two are among all of them."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        queries = {_identity(query): query for query, _ in pairs}
        documents = {_identity(document): document for _, document in pairs}
        at_query = {key: at for at, key in enumerate(queries)}
        at_document = {key: at for at, key in enumerate(documents, start=len(queries))}
        self.queries, self.documents = list(queries.values()), list(documents.values())
        self.positions = [(at_query[_identity(query)], at_document[_identity(document)]) for query, document in pairs]


def _read_logits(outcomes: Sequence[Any]) -> tuple[Logits, Errors]:
    failed = {at: outcome for at, outcome in enumerate(outcomes) if isinstance(outcome, MedialensError)}
    logits = [np.nan if at in failed else float(outcome) for at, outcome in enumerate(outcomes)]
    return np.array(logits, dtype=np.float64), failed


def _compare(outcomes: Sequence[Any], positions: Sequence[tuple[int, int]], recipe: Recipe) -> tuple[Logits, Errors]:
    failed: Errors = {}
    for at, (query, document) in enumerate(positions):
        if isinstance(outcomes[query], MedialensError):
            failed[at] = query_error(outcomes[query])
        elif isinstance(outcomes[document], MedialensError):
            failed[at] = outcomes[document]
    good = [at for at in range(len(positions)) if at not in failed]
    logits = np.full(len(positions), np.nan)
    if good:
        queries = np.stack([outcomes[positions[at][0]] for at in good])
        documents = np.stack([outcomes[positions[at][1]] for at in good])
        logits[good] = cosine_logits(queries, documents, scale=recipe.logit_scale, bias=recipe.logit_bias)
    return logits, failed


def _identity(value: Input) -> Hashable:
    """Equal strings are one input; of everything else only the same object is: contents are compared later."""
    return ("text", value) if isinstance(value, str) else id(value)
