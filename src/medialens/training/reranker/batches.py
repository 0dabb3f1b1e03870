"""Groups as tensors: each text and picture once, and the sides of all pairs as token numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from medialens.models.architectures.cross_attention.network import NOTHING
from medialens.models.layers.tokens import pad
from medialens.training.examples import Pixels, to_tensor
from medialens.training.reranker.groups import Form, Group
from medialens.training.tokens import MAX_TOKENS

_PARTS: dict[Form, tuple[Form, ...]] = {"picture and text": ("second text", "picture")}


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class PairBatch:
    """Every query of every group against every document of its group.

    Attributes:
        given: What the network reads; see `CrossAttentionNetwork.forward`.
        matches: (groups, n, n) bool.
    """

    given: dict[str, Tensor]
    matches: Tensor


def to_pairs(groups: Sequence[Group], tokenizer: PreTrainedTokenizerFast, *, n_cells: int) -> PairBatch:
    """Tensors of groups of equal size."""
    texts, pictures = _distinct(groups)
    given: dict[str, Tensor] = {}
    spans: dict[object, range] = {}
    position = {key: at for at, key in enumerate([*texts, *pictures])}
    start = 0
    if texts:
        encoded = tokenizer([*texts], padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
        given |= {"tokens": encoded["input_ids"], "mask": encoded["attention_mask"]}
        lengths = given["mask"].sum(1).tolist()
        row = given["mask"].shape[1]
        spans |= {
            text: range(at * row, at * row + length)
            for at, (text, length) in enumerate(zip(texts, lengths, strict=True))
        }
        start = given["mask"].numel()
    if pictures:
        given["pixels"] = to_tensor([*pictures.values()])
        spans |= {key: range(start + at * n_cells, start + (at + 1) * n_cells) for at, key in enumerate(pictures)}
    queries, documents = [], []
    for number, group in enumerate(groups):
        sides = [_keys(number, group, form) for form in (group.query_form, group.document_form)]
        queries += [query for query in sides[0] for _ in sides[1]]
        documents += [document for _ in sides[0] for document in sides[1]]
    for name, tokens_name, keys in (("query", "queries", queries), ("document", "documents", documents)):
        given[tokens_name], _ = pad([[token for key in one for token in spans[key]] for one in keys], value=NOTHING)
        given[f"{name}_parts"] = _membership(keys, position)
    return PairBatch(given=given, matches=torch.stack([torch.from_numpy(group.matches.copy()) for group in groups]))


def _distinct(groups: Sequence[Group]) -> tuple[dict[str, None], dict[object, Pixels]]:
    """The texts, and the pictures by (group, form, position), that some pair needs."""
    texts: dict[str, None] = {}
    pictures: dict[object, Pixels] = {}
    for number, group in enumerate(groups):
        for form in {part for side in (group.query_form, group.document_form) for part in _PARTS.get(side, (side,))}:
            texts |= dict.fromkeys(group.texts.get(form, ()))
            pictures |= {(number, form, at): one for at, one in enumerate(group.drawings.get(form, ()))}
    return dict(sorted(texts.items())), pictures


def _keys(number: int, group: Group, form: Form) -> list[list[object]]:
    """For each scene, the texts and the pictures that stand for it."""
    parts = _PARTS.get(form, (form,))
    return [
        [group.texts[part][at] if part in group.texts else (number, part, at) for part in parts]
        for at in range(len(group.examples))
    ]


def _membership(sides: Sequence[Sequence[object]], position: Mapping[object, int]) -> Tensor:
    """(sides, parts) bool: which of the texts, then of the pictures, each side is made of."""
    made = torch.zeros((len(sides), len(position)), dtype=torch.bool)
    for row, side in enumerate(sides):
        made[row, [position[key] for key in side]] = True
    return made
