"""Conversations to prompts: token ids, positions, and the pictures in their places."""

from __future__ import annotations

import array
import dataclasses
import hashlib
import itertools
from collections.abc import Sequence
from typing import Any

import torch

from medialens.hub.manifest import Manifest
from medialens.inputs import Text
from medialens.media.decoded import DecodedItem, DecodedPart
from medialens.models.architectures.qwen3_vl._repo import read_vision_ids
from medialens.models.architectures.qwen3_vl.payload import Prefix, Prompt
from medialens.models.architectures.qwen3_vl.prompts.flow import (
    Draft,
    Element,
    Fixed,
    Look,
    Owner,
    Run,
    VisionIds,
    lay_out,
)
from medialens.models.architectures.qwen3_vl.prompts.pieces import Turn, part_name
from medialens.models.architectures.qwen3_vl.prompts.positions import Span, positions
from medialens.models.architectures.qwen3_vl.prompts.template import ChatTemplate
from medialens.models.architectures.qwen3_vl.prompts.tokenizer import PlainTokenizer
from medialens.models.architectures.qwen3_vl.prompts.truncation import Budget, shorten_texts, shrink_visuals
from medialens.models.architectures.qwen3_vl.prompts.turns import Said, conversation
from medialens.models.architectures.qwen3_vl.prompts.wording import Wording, read_wording
from medialens.models.protocol import Task


@dataclasses.dataclass(frozen=True, eq=False)
class Reading:
    """A prompt, and what had to be done to the item for it to fit, in sentences."""

    prompt: Prompt
    notes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class PromptReader:
    """What a conversation is to the network. Values only: any number of threads may use it.

    Attributes:
        tokenizer: Text to ids.
        template: What is written around the parts.
        wording: What the system says, and in which order parts come.
        ids: The tokens of pictures.
        max_tokens: No prompt is longer.
        shrinks: Whether pictures may shrink so that it fits.
    """

    tokenizer: PlainTokenizer
    template: ChatTemplate
    wording: Wording
    ids: VisionIds
    max_tokens: int
    shrinks: bool = True

    @staticmethod
    def of(  # noqa: PLR0913  # what is chosen, keyword-only
        manifest: Manifest,
        task: Task,
        tokenizer: Any,
        *,
        max_tokens: int,
        chat_template: Any = None,
        shrinks: bool = True,
    ) -> PromptReader:
        """The reader of a repository.

        Args:
            manifest: The repository.
            task: What it is loaded for.
            tokenizer: Its tokenizer, of transformers.
            max_tokens: No prompt is longer.
            chat_template: The caller's own template, or several by name, in place of the repository's.
            shrinks: Whether pictures may shrink so that a prompt fits.

        Raises:
            RepositoryError: It has no template, or other tokens than it says.
        """
        ids = read_vision_ids(manifest, tokenizer)
        wording = read_wording(manifest, task, tokenizer, asked=chat_template)
        template = ChatTemplate(
            tokenizer,
            wording.template,
            settings=wording.settings,
            placeholders={kind: tokenizer.convert_ids_to_tokens(at) for kind, at in ids.placeholders.items()},
            flat=wording.flat,
        )
        return PromptReader(
            tokenizer=PlainTokenizer(tokenizer),
            template=template,
            wording=wording,
            ids=ids,
            max_tokens=max_tokens,
            shrinks=shrinks,
        )

    def read(self, items: Sequence[DecodedItem], instruction: str, look: Look) -> Reading:
        """The prompt of one item to embed, or of a query and a document to score.

        What is too long is shortened, see `truncation`; pictures that shrink are told of in the notes.

        Args:
            items: One item, or two.
            instruction: What the system says; "" for nothing, or for what the model is used to.
            look: How pictures and clips become patches.

        Raises:
            InputError: The template cannot carry it, or it does not fit.
        """
        said = conversation(items, instruction, self.wording)
        draft = self._draft(said, look)
        tokens, notes = self._tokens(draft), list[str]()
        if tokens.n > self.max_tokens:
            budget = Budget(self.tokenizer, self.max_tokens, self.shrinks)
            draft, notes = shrink_visuals(draft, self._count, budget, look)
            draft, more = shorten_texts(draft, self._count, budget)
            tokens, notes = self._tokens(draft), [*notes, *more]
        return Reading(self._prompt(tokens, has_query="query" in draft.owners), tuple(notes))

    def _draft(self, said: Sequence[Said], look: Look) -> Draft:
        structure = tuple(Turn(turn.role, tuple(map(_name, turn.parts))) for turn in said)
        parts = dict(enumerate(part for turn in said for part in turn.parts))
        shown = {at: part for at, part in parts.items() if not isinstance(part, Text)}
        owners = [turn.owner for turn in said for _ in turn.parts]
        return Draft(
            pieces=self.template.skeleton(structure),
            owners=owners,
            shown=shown,
            texts={at: self._text(part.text, owners[at]) for at, part in parts.items() if isinstance(part, Text)},
            seen={at: look(part, None) for at, part in shown.items()},
        )

    def _text(self, text: str, owner: Owner) -> str:
        """As much of a text as can be read; all of what may not be shortened."""
        return text if owner == "template" else self.tokenizer.beginning(text, self.max_tokens)

    def _tokens(self, draft: Draft) -> _Tokens:
        elements = lay_out(draft, self.ids)
        return _Tokens(elements, [self._read(element) for element in elements])

    def _count(self, draft: Draft) -> int:
        return self._tokens(draft).n

    def _prompt(self, tokens: _Tokens, *, has_query: bool) -> Prompt:
        elements = tokens.elements
        return Prompt(
            ids=torch.tensor(list(itertools.chain.from_iterable(tokens.ids)), dtype=torch.long),
            positions=positions(tokens.spans),
            visuals=tuple(one.visual for one in elements if isinstance(one, Fixed) and one.visual is not None),
            prefix=self._prefix(tokens) if has_query else None,
        )

    def _read(self, element: Element) -> Sequence[int]:
        if isinstance(element, Fixed):
            return element.ids
        head, rest = _around_document(element)
        return self.tokenizer.read_after(head, rest) if rest else self.tokenizer.read_known(head)

    def _prefix(self, tokens: _Tokens) -> Prefix | None:
        """What comes before the document, cut back to text that is read the same whatever kind of document follows."""
        elements = tokens.elements
        heads = [("", "") if isinstance(one, Fixed) else _around_document(one) for one in elements]
        first = next((at for at, one in enumerate(elements) if _has_document(one)), -1)
        last = next((at for at in range(first, -1, -1) if heads[at][0]), None)
        if last is None:  # a blank document is the template's business
            return None
        shared = array.array("q", itertools.chain.from_iterable(tokens.ids[:last]))
        shared.extend(self.tokenizer.head(heads[last][0]).ids)
        keys = [one.visual.key for one in elements[:last] if isinstance(one, Fixed) and one.visual is not None]
        digest = hashlib.sha256("\n".join(keys).encode() + shared.tobytes()).hexdigest()
        return Prefix(key=digest, n_tokens=len(shared), n_visuals=len(keys)) if shared else None


@dataclasses.dataclass(frozen=True, eq=False)
class _Tokens:
    """A draft laid out, and the ids of each of its elements."""

    elements: Sequence[Element]
    ids: Sequence[Sequence[int]]

    @property
    def n(self) -> int:
        return sum(map(len, self.ids))

    @property
    def spans(self) -> list[Span]:
        pairs = zip(self.elements, self.ids, strict=True)
        return [one.span if isinstance(one, Fixed) else len(ids) for one, ids in pairs]


def _name(part: DecodedPart) -> str:
    return part_name(part.modality, part.text if isinstance(part, Text) else "")


def _has_document(element: Element) -> bool:
    owners = [element.owner] if isinstance(element, Fixed) else [fragment.owner for fragment in element]
    return "document" in owners


def _around_document(run: Run) -> tuple[str, str]:
    """The text before the document's, and the rest."""
    at = next((at for at, fragment in enumerate(run) if fragment.owner == "document"), len(run))
    head, rest = ("".join(fragment.text for fragment in some) for some in (run[:at], run[at:]))
    return head, rest
