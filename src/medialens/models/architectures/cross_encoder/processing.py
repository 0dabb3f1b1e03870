"""Pairs of texts to ids, on CPU threads."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from medialens.models.layers.tokens import TextReader, Tokens, pad
from medialens.models.protocol import Batch, Cost, Prepared


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Processing:
    """The backbone's input. Values only: any number of threads may use it.

    Attributes:
        reader: A pair to ids; of a pair that is too long, the longer side is cut first.
        segments: Whether the backbone takes token types.
    """

    reader: TextReader
    segments: bool

    def prepare(self, query: str, document: str, *, instruction: str) -> Prepared:
        """Ids of the pair; `instruction` goes before the query."""
        tokens = self.reader.read(instruction + query, document)
        return Prepared(payload=tokens, cost=Cost(n_tokens=len(tokens)), n_bytes=16 * len(tokens))

    def collate(self, prepared: Sequence[Prepared]) -> Batch:
        """Ids padded on the right, with their mask."""
        pairs: list[Tokens] = [one.payload for one in prepared]
        ids, mask = pad([pair.ids for pair in pairs], value=self.reader.pad_id)
        tensors = {"input_ids": ids, "attention_mask": mask}
        if self.segments:
            tensors["token_type_ids"], _ = pad([pair.types for pair in pairs], value=0)
        return Batch(tensors, n_items=len(pairs))
