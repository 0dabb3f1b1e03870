"""What the engine is asked: inputs, the instruction that goes with them, and what may be read for them."""

from __future__ import annotations

import copy
import dataclasses
import threading
from typing import TYPE_CHECKING, Literal, TypeAlias

from medialens.engine.conversation import conversation_item, conversation_turns, own_instruction
from medialens.errors import InputError, MedialensError
from medialens.inputs import Conversation, Input, Item, Media, Modality, as_item
from medialens.media.decode import resolve
from medialens.media.limits import MediaLimits
from medialens.media.resolved import ResolvedItem

if TYPE_CHECKING:
    from medialens.media.store import MediaStore

Priority: TypeAlias = Literal["interactive", "bulk"]

_DEFAULT_LIMITS = MediaLimits()


class Source:
    """One input of one or several requests. Its bytes are read once, and let go of after the last use.

    Args:
        value: Anything that `medialens.inputs.as_item` takes.
        n_uses: In how many requests it stands: a query that is scored against 50 documents, in 50.
        reads_messages: Whether the model reads conversations, so that they stay what they are.
    """

    __slots__ = ("_left", "_lock", "_resolved", "n_uses", "reads_messages", "value")

    def __init__(self, value: Input, *, n_uses: int = 1, reads_messages: bool = False) -> None:
        self.value = value
        self.reads_messages = reads_messages
        self.n_uses = n_uses
        self._left = n_uses
        self._lock = threading.Lock() if n_uses > 1 else None
        self._resolved: ResolvedItem | BaseException | None = None

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """The kinds of its parts; nothing is read.

        Raises:
            InputError: It is nothing that can be encoded.
        """
        return self._as_parts().modalities

    def check_document(self) -> None:
        """Raise where it brings an instruction along, and is a document that is read together with a query.

        Raises:
            InputError: One is given.
        """
        if own_instruction(self.value):
            msg = "a document's system message has no place in a pair; put it into the query's, or pass instruction="
            raise InputError(msg, value=self.value)

    def resolve(self, limits: MediaLimits, store: MediaStore | None) -> ResolvedItem:
        """Its bytes and content key; see `Request` for what it takes.

        Raises:
            InputError, MediaError: It cannot be used; the same error at every use.
        """
        if self._lock is None:
            return self._resolve(limits, store)
        with self._lock:
            if self._resolved is None:
                try:
                    self._resolved = self._resolve(limits, store)
                except BaseException as error:  # noqa: BLE001  # kept for the other uses, and raised below
                    self._resolved = error
            resolved = self._resolved
            self._left -= 1
            if self._left <= 0:
                self._resolved = None
        if isinstance(resolved, BaseException):
            raise resolved
        return resolved

    def _resolve(self, limits: MediaLimits, store: MediaStore | None) -> ResolvedItem:
        item = self._as_parts()
        return resolve(item if store is None else _with_store(item, store), limits)

    def _as_parts(self) -> Item:
        item = as_item(self.value)
        if not isinstance(item, Conversation):
            return item
        return conversation_turns(item) if self.reads_messages else conversation_item(item)


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class Request:
    """One thing to compute.

    Attributes:
        sources: One to embed; two, query and document, to score.
        instruction: The prompt that goes with it; "" for none.
        limits: What may be read for it.
        store: Where media references were issued, for parts that do not say so themselves.
    """

    sources: tuple[Source, ...]
    instruction: str = ""
    limits: MediaLimits = _DEFAULT_LIMITS
    store: MediaStore | None = None

    @property
    def shares_its_beginning(self) -> bool:
        """Whether it is a pair, and the same query stands before other documents as well."""
        return len(self.sources) > 1 and self.sources[0].n_uses > 1


def query_error(error: MedialensError) -> MedialensError:
    """`error`, saying that it is about the query of a pair: in the message, and as ``error.side``."""
    named = copy.copy(error)
    named.message, named.facts = f"the query: {error.message}", {**error.facts, "side": "query"}
    return named


def _with_store(item: Item, store: MediaStore) -> Item:
    return Item(
        *(
            dataclasses.replace(part, store=store) if isinstance(part, Media) and part.store is None else part
            for part in item.parts
        ),
        turns=item.turns,
    )
