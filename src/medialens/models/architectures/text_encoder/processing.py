"""Text to ids, on CPU threads."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch

from medialens.models.layers.tokens import TextReader, Tokens, pad
from medialens.models.protocol import Batch, Cost, Prepared


@dataclasses.dataclass(frozen=True, eq=False)
class Payload:
    """One text, and how many of its leading tokens are the prompt's, if that matters."""

    tokens: Tokens
    prompt_length: int


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Processing:
    """The backbone's input. Values only: any number of threads may use it.

    Attributes:
        reader: Text to ids.
        segments: Whether the backbone takes token types.
        marks_prompt: Whether the pooling leaves prompts out and so must know how long they are.
    """

    reader: TextReader
    segments: bool
    marks_prompt: bool

    def prepare(self, text: str, *, instruction: str) -> Prepared:
        """Ids of `instruction` and `text` in one piece."""
        tokens = self.reader.read(instruction + text)
        prompt_length = self.reader.count_prefix(instruction) if self.marks_prompt and instruction else 0
        cost = Cost(n_tokens=len(tokens))
        return Prepared(payload=Payload(tokens, prompt_length), cost=cost, n_bytes=16 * len(tokens))

    def collate(self, prepared: Sequence[Prepared]) -> Batch:
        """Ids padded on the right: what follows a text never moves its positions."""
        payloads: list[Payload] = [one.payload for one in prepared]
        ids, mask = pad([one.tokens.ids for one in payloads], value=self.reader.pad_id)
        tensors = {"input_ids": ids, "attention_mask": mask}
        if self.segments:
            tensors["token_type_ids"], _ = pad([one.tokens.types for one in payloads], value=0)
        if self.marks_prompt:
            tensors["prompt_lengths"] = torch.tensor([one.prompt_length for one in payloads])
        return Batch(tensors, n_items=len(payloads))
