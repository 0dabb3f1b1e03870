"""What items go on from: the keys and values of a prefix, layer by layer, that several items share.

prefix   p p p p p           computed once
item 1             a a a     its queries see p p p p p a a a, each up to itself
item 2             b b       its queries see p p p p p b b
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from medialens.models.architectures.qwen3_vl.payload import Prefix, page_locked
from medialens.models.layers.attention import Reach, Spans, attend, to_device


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Beginning:
    """Keys and values of a prefix, after all rotations."""

    keys: Float[Tensor, "layers rows heads dim"]
    values: Float[Tensor, "layers rows heads dim"]

    @property
    def n_bytes(self) -> int:
        """Memory of both."""
        return self.keys.nbytes + self.values.nbytes

    def to(self, device: torch.device) -> Beginning:
        """The same on `device`; itself if it is there."""
        if self.keys.device == device:
            return self
        keys, values = (part.to(device, non_blocking=True) for part in (self.keys, self.values))
        return Beginning(keys=keys, values=values)

    def pinned(self) -> Beginning:
        """The same in the host's page-locked memory."""
        return Beginning(keys=page_locked(self.keys), values=page_locked(self.values))


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Alone:
    """Items that begin by themselves."""

    spans: Spans

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:  # noqa: ARG002  # as `Following`
        """What the rows of a layer gather."""
        return attend(q, k, v, Reach(queries=self.spans, keys=self.spans, causal=True))

    def attend_ends(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:  # noqa: ARG002  # as `Following`
        """What the last rows gather, one of each item."""
        one = Spans.of([1] * len(self.spans.lengths), q.device)
        return attend(q, k, v, Reach(queries=one, keys=self.spans, causal=False))


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Following:
    """Items that go on from prefixes.

    Attributes:
        spans: Of their own rows.
        whole: Of those and the prefix's.
        beginnings: The distinct ones.
        index: For each row of `whole`, where its key is: in the beginnings, end to end, and then the items' rows.
    """

    spans: Spans
    whole: Spans
    beginnings: tuple[Beginning, ...]
    index: Int[Tensor, " whole"]

    @staticmethod
    def of(spans: Spans, prefixes: Sequence[Prefix | None], known: Mapping[str, Beginning]) -> Following:
        """Items and what each goes on from."""
        used = {prefix.key: prefix.n_tokens for prefix in prefixes if prefix is not None}
        starts = dict(zip(used, itertools.accumulate(used.values(), initial=0), strict=False))
        own = sum(used.values())
        pieces: list[Tensor] = []
        for prefix, length in zip(prefixes, spans.lengths, strict=True):
            if prefix is not None:
                pieces.append(torch.arange(starts[prefix.key], starts[prefix.key] + prefix.n_tokens))
            pieces.append(torch.arange(own, own + length))
            own += length
        before = [0 if prefix is None else prefix.n_tokens for prefix in prefixes]
        device = spans.ends.device
        return Following(
            spans=spans,
            whole=Spans.of([n + length for n, length in zip(before, spans.lengths, strict=True)], device),
            beginnings=tuple(known[key] for key in used),
            index=to_device(torch.cat(pieces), device),
        )

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """What the rows of a layer gather."""
        reach = Reach(queries=self.spans, keys=self.whole, causal=True)
        return attend(q, *self._extended(layer, k, v), reach)

    def attend_ends(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """What the last rows gather, one of each item."""
        one = Spans.of([1] * len(self.spans.lengths), q.device)
        return attend(q, *self._extended(layer, k, v), Reach(queries=one, keys=self.whole, causal=False))

    def _extended(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        keys = torch.cat([*(each.keys[layer] for each in self.beginnings), k])
        values = torch.cat([*(each.values[layer] for each in self.beginnings), v])
        return keys.index_select(0, self.index), values.index_select(0, self.index)
