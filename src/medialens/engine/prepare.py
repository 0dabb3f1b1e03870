"""The first stage: from a ticket to work that a lane can run, or to a value that is already known.

Reading and hashing come first, because the content key decides whether there is anything to do: equal work in flight
is joined, known values are delivered, and only the rest is decoded and prepared.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from medialens.engine.decoding import MediaDecoder
from medialens.engine.finish import Finisher
from medialens.engine.isolation import item_error
from medialens.engine.request import Priority, Request, Source, query_error
from medialens.engine.scheduler import Scheduler
from medialens.engine.threads import limit_this_thread
from medialens.engine.work import Deployment, Ticket, Work
from medialens.errors import MedialensError, UnsupportedModalityError
from medialens.inputs import Modality
from medialens.media.resolved import ResolvedItem
from medialens.media.threads.fork_gate import gate
from medialens.models.abilities import NotRememberedError
from medialens.models.protocol import Prepared, Recipe


class Preparer:
    """What a prepare thread does. One for all of them: it has no state of its own."""

    def __init__(self, scheduler: Scheduler, finisher: Finisher, media: MediaDecoder) -> None:
        self._scheduler = scheduler
        self._finisher = finisher
        self._media = media

    def run(self, priorities: Sequence[Priority]) -> None:
        """Prepare work of these priorities until the scheduler closes."""
        limit_this_thread(1)
        while (ticket := self._scheduler.next_ticket(priorities)) is not None:
            self._prepare(ticket)
            del ticket

    def _prepare(self, ticket: Ticket) -> None:
        call, position = ticket
        request, call.requests[position] = call.requests[position], None
        if request is None:
            return
        try:
            items = [_resolved(source, request, call.deployment) for source in request.sources]
            key = call.deployment.key(request.instruction, [item.digest for item in items])
        except BaseException as error:  # noqa: BLE001  # it belongs to this item
            call.deliver(position, item_error(error))
            return
        work = self._scheduler.join((key, request.limits), ticket)
        if work is not None:
            self._advance(work, request, items)

    def _advance(self, work: Work, request: Request, items: Sequence[ResolvedItem]) -> None:
        """From here on a failure belongs to everyone who waits for `work`."""
        try:
            known = self._finisher.look_up(work)
            if known is not None:
                self._finisher.deliver([work], [known])
            elif self._scheduler.is_wanted(work):
                self._scheduler.add_ready(work, self._prepared(work.deployment, request, items))
        except BaseException as error:  # noqa: BLE001  # see above
            self._finisher.deliver([work], [item_error(error)])

    def _prepared(self, deployment: Deployment, request: Request, items: Sequence[ResolvedItem]) -> Prepared:
        with gate:
            try:
                prepared = self._run_prepare(deployment, request, items)
            except NotRememberedError:
                prepared = self._run_prepare(deployment, request, items, anew=True)
        if request.shares_its_beginning:
            return prepared
        return dataclasses.replace(prepared, cost=prepared.cost.alone())

    def _run_prepare(
        self, deployment: Deployment, request: Request, items: Sequence[ResolvedItem], *, anew: bool = False
    ) -> Prepared:
        model, needs = deployment.model, deployment.needs
        decoded = tuple(self._media.decode(item, model, needs, request.limits, anew=anew) for item in items)
        return model.prepare(decoded, instruction=request.instruction)


def _resolved(source: Source, request: Request, deployment: Deployment) -> ResolvedItem:
    try:
        _check_supported(source.modalities, deployment)
        if source is not request.sources[0]:
            source.check_document()
        return source.resolve(request.limits, request.store)
    except MedialensError as error:
        is_query = len(request.sources) > 1 and source is request.sources[0]
        raise query_error(error) if is_query else error from error.__cause__


def _remedy(given: Sequence[Modality], recipe: Recipe) -> str:
    if set(given) - set(recipe.modalities):
        return "Leave it out, or choose a model that takes it"
    return "Give one of them alone, or choose a model that takes mixtures: a dual encoder does with fusion='sum'"


def _check_supported(given: Sequence[Modality], deployment: Deployment) -> None:
    """Said before anything is read: a model of pictures need not look for a sound to refuse it."""
    recipe = deployment.model.recipe
    if recipe.supports(tuple(given)):
        return
    supported = ", ".join(recipe.modalities)
    mixing = "" if recipe.mixes or len(given) == 1 else ", one kind an item"
    msg = f"this {recipe.family} model takes {supported}{mixing}; got {' + '.join(given)}. {_remedy(given, recipe)}"
    raise UnsupportedModalityError(msg, modalities=tuple(given), supported=recipe.modalities)
