"""Crowds as tensors: each text and picture once, and the sides of pairs as token numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from medialens.models.architectures.cross_attention.network import NOTHING
from medialens.models.layers.tokens import pad
from medialens.training.examples import Pixels, to_tensor
from medialens.training.reranker.crowds import Crowd, Form
from medialens.training.reranker.letters import asked_for, label_letters, written_in
from medialens.training.tokens import MAX_TOKENS

_PARTS: dict[Form, tuple[Form, ...]] = {"picture and text": ("second text", "picture")}


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class CrowdBatch:
    """The n queries and the n documents of a crowd.

    Attributes:
        given: What the network reads; see `CrossAttentionNetwork.both`. The rows are sides, not yet pairs.
        matches: (n, n) bool; document j is what query i asks for.
        spelling: (m, length) numbers of the tokens of each text that names a word and each picture that shows one.
        letters: (m, 26), 1.0 for each letter of those words.
    """

    given: dict[str, Tensor]
    matches: Tensor
    spelling: Tensor
    letters: Tensor

    def pairs(self, chosen: Tensor) -> dict[str, Tensor]:
        """What the network reads of the pairs (query, document) that are true in `chosen` (n, n), row by row."""
        rows, columns = chosen.nonzero(as_tuple=True)
        sides = {"queries": rows, "query_parts": rows, "documents": columns, "document_parts": columns}
        return {name: one[sides[name]] if name in sides else one for name, one in self.given.items()}


def to_tensors(crowd: Crowd, tokenizer: PreTrainedTokenizerFast, *, n_cells: int) -> CrowdBatch:
    """Tensors of a crowd, whose pictures have so many cells."""
    texts, pictures = _distinct(crowd)
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
    for name, tokens_name, form in (
        ("query", "queries", crowd.query_form),
        ("document", "documents", crowd.document_form),
    ):
        keys = _keys(crowd, form)
        given[tokens_name], _ = pad([[token for key in one for token in spans[key]] for one in keys], value=NOTHING)
        given[f"{name}_parts"] = _membership(keys, position)
    words = {key: word for key, word in _words(crowd).items() if key in spans}
    spelling, _ = (
        pad([list(spans[key]) for key in words], value=NOTHING) if words else (torch.zeros((0, 0)).long(), None)
    )
    return CrowdBatch(
        given=given, matches=torch.from_numpy(crowd.matches.copy()),
        spelling=spelling, letters=label_letters([*words.values()]),
    )  # fmt: skip


def _words(crowd: Crowd) -> dict[object, str]:
    """The texts that name a word and the pictures that show one, with the word."""
    named: dict[object, str] = dict(zip(crowd.texts["text"], map(asked_for, crowd.examples), strict=True))
    shown: dict[object, str] = {
        (form, at): written_in(one) for form in crowd.drawings for at, one in enumerate(crowd.examples)
    }
    return {key: word for key, word in {**named, **shown}.items() if word}


def _distinct(crowd: Crowd) -> tuple[dict[str, None], dict[object, Pixels]]:
    """The texts, and the pictures by (form, position), that some pair needs."""
    texts: dict[str, None] = {}
    pictures: dict[object, Pixels] = {}
    sides = (crowd.query_form, crowd.document_form)
    for form in sorted({part for side in sides for part in _PARTS.get(side, (side,))}):
        texts |= dict.fromkeys(crowd.texts.get(form, ()))
        pictures |= {(form, at): one for at, one in enumerate(crowd.drawings.get(form, ()))}
    return dict(sorted(texts.items())), pictures


def _keys(crowd: Crowd, form: Form) -> list[list[object]]:
    """For each scene, the texts and the pictures that stand for it."""
    parts = _PARTS.get(form, (form,))
    return [
        [crowd.texts[part][at] if part in crowd.texts else (part, at) for part in parts]
        for at in range(len(crowd.examples))
    ]


def _membership(sides: Sequence[Sequence[object]], position: Mapping[object, int]) -> Tensor:
    """(sides, parts) bool: which of the texts, then of the pictures, each side is made of."""
    made = torch.zeros((len(sides), len(position)), dtype=torch.bool)
    for row, side in enumerate(sides):
        made[row, [position[key] for key in side]] = True
    return made
