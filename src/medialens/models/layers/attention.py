"""Attention over sequences of different lengths that lie end to end, without padding.

    rows   | a a a | b b | c c c c |        a row sees rows of its own sequence only

On CUDA, in half precision, one kernel takes all sequences: torch's ``varlen_attn``, or flash-attn where torch has none.
Elsewhere, neighbours of equal length share one call of ``scaled_dot_product_attention``; whoever sorts sequences by
length has few calls.

Where there are fewer queries than keys, the queries are the last ones: row i of q sees the keys up to
``n_keys - n_queries + i`` (aligned at the bottom right), as a sequence does that goes on where a cached one ended.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import inspect
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F  # noqa: N812  # the name that torch users know
from jaxtyping import Float, Int
from torch import Tensor

from medialens.models.layers.products import linear, multiplies_faster

_HALF = (torch.float16, torch.bfloat16)
_LONG = 512 * 512  # queries times keys from which on single products are faster than the fused kernel, where they are
_ROWS = 256  # queries of a head that are looked at together: their scores stay in the cache
_BLOCK = 512  # queries of a long sequence that share one mask: it stays small, and half of it is not computed


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Spans:
    """How many rows each sequence has.

    Attributes:
        lengths: Of each, on the host.
        ends: Where each begins, and the end of all; int32, on the device.
    """

    lengths: tuple[int, ...]
    ends: Int[Tensor, " bounds"]

    @staticmethod
    def of(lengths: Sequence[int], device: torch.device) -> Spans:
        """Sequences of these lengths, end to end."""
        ends = torch.tensor([0, *itertools.accumulate(lengths)], dtype=torch.int32)
        return Spans(lengths=tuple(lengths), ends=to_device(ends, device))

    @functools.cached_property
    def longest(self) -> int:
        """Rows of the longest."""
        return max(self.lengths, default=0)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Reach:
    """Which keys each query sees.

    Attributes:
        queries: How many each sequence has.
        keys: How many each sequence has; as many sequences, none with fewer keys than queries where `causal`.
        causal: Whether a query sees none behind itself; the queries are the last rows of their sequence.
    """

    queries: Spans
    keys: Spans
    causal: bool


Kernel: TypeAlias = Callable[[Tensor, Tensor, Tensor, Reach], Tensor]
"""(q, k, v, reach) -> rows of q."""


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """The tensor there; on its way to CUDA it does not hold up this thread."""
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def attend(
    q: Float[Tensor, "rows heads dim"],
    k: Float[Tensor, "keys kv_heads dim"],
    v: Float[Tensor, "keys kv_heads dim"],
    reach: Reach,
) -> Float[Tensor, "rows heads dim"]:
    """What each query gathers from the values of its own sequence.

    Args:
        q: All sequences' queries; heads are a multiple of those of keys and values (grouped queries).
        k: All sequences' keys.
        v: All sequences' values.
        reach: Which belong together.
    """
    return choose_kernel(q.device, q.dtype, q.shape[1], k.shape[1], q.shape[2])(q, k, v, reach)


@functools.lru_cache(maxsize=64)
def choose_kernel(device: torch.device, dtype: torch.dtype, heads: int, kv_heads: int, dim: int) -> Kernel:
    """The fastest kernel that gives the right numbers here: each is tried on a small example before it is used."""
    if device.type == "cuda" and dtype in _HALF:
        for kernel in packed_kernels():
            if _is_right(kernel, device, dtype, (heads, kv_heads, dim)):
                return kernel
    return attend_by_length


def packed_kernels() -> Iterator[Kernel]:
    """Kernels that take all sequences at once, the preferred first."""
    varlen = _find("torch.nn.attention.varlen", "varlen_attn")
    if varlen is not None:
        yield functools.partial(_through_torch, varlen, False)
        yield functools.partial(_through_torch, varlen, True)
    flash = _find("flash_attn", "flash_attn_varlen_func")
    if flash is not None:
        yield functools.partial(_through_flash, flash)


def _find(module: str, name: str) -> Any:
    try:
        return getattr(importlib.import_module(module), name, None)
    except (ImportError, RuntimeError, OSError):  # the last two: built for another torch
        return None


def _through_torch(varlen: Any, repeats: bool, q: Tensor, k: Tensor, v: Tensor, reach: Reach) -> Tensor:  # noqa: PLR0913, PLR0917  # a kernel's four, and what is bound before them
    """By torch's own; how a causal mask and grouped heads are asked for has changed between 2.10 and 2.13."""
    accepted = _parameters(varlen)
    options: dict[str, Any] = {}
    if reach.causal:
        options |= {"window_size": (-1, 0)} if "window_size" in accepted else {"is_causal": True}
    if k.shape[1] != q.shape[1]:
        if repeats:
            k, v = (part.repeat_interleave(q.shape[1] // k.shape[1], dim=1) for part in (k, v))
        elif "enable_gqa" in accepted:
            options["enable_gqa"] = True
    out: Tensor = varlen(q, k, v, *_bounds(reach), **options)
    return out


def _through_flash(flash: Any, q: Tensor, k: Tensor, v: Tensor, reach: Reach) -> Tensor:
    out: Tensor = flash(q, k, v, *_bounds(reach), causal=reach.causal)
    return out


def _bounds(reach: Reach) -> tuple[Tensor, Tensor, int, int]:
    return reach.queries.ends, reach.keys.ends, reach.queries.longest, reach.keys.longest


@functools.cache
def _parameters(function: Any) -> frozenset[str]:
    return frozenset(inspect.signature(function).parameters)


def _is_right(kernel: Kernel, device: torch.device, dtype: torch.dtype, shape: tuple[int, int, int]) -> bool:
    """Whether a kernel agrees with the plain one: two sequences, one with more keys than queries, causal and not."""
    heads, kv_heads, dim = shape
    queries, keys = Spans.of((3, 5), device), Spans.of((7, 5), device)
    waves = torch.arange(12 * max(heads, kv_heads) * dim, device=device, dtype=torch.float32)
    q, k, v = (
        torch.sin(waves * rate)[: rows * width * dim].view(rows, width, dim).to(dtype)
        for rate, rows, width in ((0.37, 8, heads), (0.73, 12, kv_heads), (1.19, 12, kv_heads))
    )
    try:
        for causal in (False, True):
            reach = Reach(queries=queries, keys=keys, causal=causal)
            found, wanted = kernel(q, k, v, reach), attend_by_length(q.float(), k.float(), v.float(), reach)
            if not torch.allclose(found.float(), wanted, atol=2e-2):
                return False
    except (RuntimeError, ValueError, TypeError):  # no such operator, not built for this device, another signature
        return False
    return True


def attend_by_length(q: Tensor, k: Tensor, v: Tensor, reach: Reach) -> Tensor:
    """Neighbours of equal length in one call; any device, any dtype."""
    out = torch.empty_like(q)
    q_at = k_at = 0
    lengths = zip(reach.queries.lengths, reach.keys.lengths, strict=True)
    for (n_queries, n_keys), run in itertools.groupby(lengths):
        n = len(list(run))
        q_end, k_end = q_at + n * n_queries, k_at + n * n_keys
        seen = _attend_equal(
            *(_batched(part, n) for part in (q[q_at:q_end], k[k_at:k_end], v[k_at:k_end])), causal=reach.causal
        )
        torch.unflatten(out[q_at:q_end], 0, (n, n_queries)).copy_(seen.transpose(1, 2))
        q_at, k_at = q_end, k_end
    return out


def _batched(packed: Tensor, n: int) -> Tensor:
    """(n * rows, heads, dim) as (n, heads, rows, dim)."""
    return torch.unflatten(packed, 0, (n, -1)).transpose(1, 2)


def _attend_equal(q: Tensor, k: Tensor, v: Tensor, *, causal: bool) -> Tensor:
    """Of (n, heads, rows, dim) each."""
    n_queries, n_keys = q.shape[2], k.shape[2]
    if n_queries * n_keys >= _LONG and multiplies_faster(q[..., :0].float()):  # bf16 too: torch's kernel gains nothing
        exact = (part.float() for part in (q, k, v))
        return torch.stack([_attend_by_products(*item, causal=causal) for item in zip(*exact, strict=True)])
    groups = q.shape[1] != k.shape[1]
    if not causal or n_queries == 1:
        return F.scaled_dot_product_attention(q, k, v, enable_gqa=groups)
    if n_queries == n_keys:
        return F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=groups)
    blocks = [
        _attend_last(q[:, :, at : at + _BLOCK], k, v, n_keys - n_queries + min(at + _BLOCK, n_queries))
        for at in range(0, n_queries, _BLOCK)
    ]
    return blocks[0] if len(blocks) == 1 else torch.cat(blocks, dim=2)


def _attend_by_products(q: Tensor, k: Tensor, v: Tensor, *, causal: bool) -> Tensor:
    """Of one sequence, (heads, rows, dim) each: a head after the other, with the faster products."""
    per_group, scale = len(q) // len(k), q.shape[2] ** -0.5
    out = q.new_empty(q.shape[1], len(q), q.shape[2])
    for number, head in enumerate(q):
        if number % per_group == 0:
            keys, values = k[number // per_group].contiguous(), v[number // per_group].T.contiguous()
        for at in range(0, len(head), _ROWS):
            rows = head[at : at + _ROWS] * scale
            seen = len(keys) - len(head) + at + len(rows) if causal else len(keys)
            scores = linear(rows, keys[:seen], None)
            if causal:
                scores[:, seen - len(rows) :].add_(_future(len(rows)))
            out[at : at + _ROWS, number] = linear(scores.softmax(dim=-1), values[:, :seen].contiguous(), None)
    return out.transpose(0, 1)


@functools.lru_cache(maxsize=_ROWS)
def _future(n: int) -> Tensor:
    """What hides from each of n rows those behind it."""
    return torch.full((n, n), float("-inf")).triu_(1)


def _attend_last(q: Tensor, k: Tensor, v: Tensor, n_keys: int) -> Tensor:
    """The queries are the last rows of the first `n_keys`."""
    rows = q.shape[2]
    mask = torch.zeros(rows, n_keys, dtype=q.dtype, device=q.device)
    mask[:, n_keys - rows :].fill_(float("-inf")).triu_(1)
    return F.scaled_dot_product_attention(
        q, k[:, :, :n_keys], v[:, :, :n_keys], attn_mask=mask, enable_gqa=q.shape[1] != k.shape[1]
    )
