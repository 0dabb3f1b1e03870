"""Prompts of a batch, end to end: ids, positions, and where the placeholders and the ends are.

Of a prompt with a prefix only what comes behind it is packed; its keys and values are known, or will be. Items are
sorted, those with the same prefix and of equal length together, and `Packed.back` undoes that.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from medialens.models.architectures.qwen3_vl.payload import Prefix, Prompt, Visual


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Packed:
    """Rows for the language model.

    Attributes:
        lengths: Rows of each item.
        prefixes: Of each item; None where it has none.
        visuals: Of all items, in the order of their placeholders; a visual of several items comes several times.
        tensors: ``ids`` (rows,); ``positions`` (3, rows); ``placeholders``, rows that visuals replace; ``ends``, the
            last row of each item; ``back`` (n,), where each item of the caller's stands.
    """

    lengths: tuple[int, ...]
    prefixes: tuple[Prefix | None, ...]
    visuals: tuple[Visual, ...]
    tensors: Mapping[str, Tensor]


def pack(prompts: Sequence[Prompt], placeholder_ids: Sequence[int]) -> Packed:
    """The items of a batch, without their prefixes.

    Args:
        prompts: The items.
        placeholder_ids: What stands for a token of a visual.
    """
    order = sorted(range(len(prompts)), key=lambda at: _sort_key(prompts[at]))
    back = torch.empty(len(order), dtype=torch.long)
    back[torch.tensor(order, dtype=torch.long)] = torch.arange(len(order))
    return _pack([_behind_prefix(prompts[at]) for at in order], placeholder_ids, back)


def pack_prefixes(prompts: Sequence[Prompt], placeholder_ids: Sequence[int]) -> Packed:
    """The prefixes of prompts, each of which has one, in this order."""
    return _pack([prefix_of(prompt) for prompt in prompts], placeholder_ids, torch.arange(len(prompts)))


def prefix_of(prompt: Prompt) -> Prompt:
    """What a prompt shares with others, as a prompt of its own; the whole where it shares nothing."""
    if prompt.prefix is None:
        return prompt
    n, n_visuals = prompt.prefix.n_tokens, prompt.prefix.n_visuals
    return Prompt(ids=prompt.ids[:n], positions=prompt.positions[:, :n], visuals=prompt.visuals[:n_visuals])


def _behind_prefix(prompt: Prompt) -> Prompt:
    if prompt.prefix is None:
        return prompt
    n, n_visuals = prompt.prefix.n_tokens, prompt.prefix.n_visuals
    return Prompt(
        ids=prompt.ids[n:], positions=prompt.positions[:, n:], visuals=prompt.visuals[n_visuals:], prefix=prompt.prefix
    )


def _sort_key(prompt: Prompt) -> tuple[str, int]:
    return ("", prompt.n_tokens) if prompt.prefix is None else (prompt.prefix.key, prompt.n_tokens)


def _pack(prompts: Sequence[Prompt], placeholder_ids: Sequence[int], back: Tensor) -> Packed:
    ids = torch.cat([prompt.ids for prompt in prompts])
    placeholders = torch.isin(ids, torch.tensor(placeholder_ids, dtype=ids.dtype)).nonzero()[:, 0]
    lengths = tuple(prompt.n_tokens for prompt in prompts)
    visuals = tuple(visual for prompt in prompts for visual in prompt.visuals)
    n_tokens = sum(visual.n_tokens for visual in visuals)
    if n_tokens != len(placeholders):
        msg = f"{len(placeholders)} placeholders stand for visuals of {n_tokens} tokens"
        raise ValueError(msg)
    ends = torch.tensor(list(itertools.accumulate(lengths)), dtype=torch.long) - 1
    tensors = {"ids": ids, "positions": torch.cat([prompt.positions for prompt in prompts], dim=1)}
    return Packed(
        lengths=lengths,
        prefixes=tuple(prompt.prefix for prompt in prompts),
        visuals=visuals,
        tensors={**tensors, "placeholders": placeholders, "ends": ends, "back": back},
    )
