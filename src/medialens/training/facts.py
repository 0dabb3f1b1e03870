"""A second task for both towers while they learn: name the facts of a scene, from its picture or from its caption.

Contrast alone is slow to find colours and shapes, because it gets along with the easier differences for long. Both
towers answer through the same table of directions, one for each value of each fact ("colour" is "red"), which draws
the picture's vector and the caption's to the same place. The table is thrown away when the model is exported.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from medialens.training.drawing import KINDS, Scene, invent
from medialens.training.language.speaker import Caption
from medialens.training.language.words import READABLE

NOT_TOLD = -100
"""The label of a fact that a scene does not have or a caption does not state; ignored by the loss."""
_N_LETTERS = 8
_SCALE = 16.0


def name_facts(scene: Scene) -> dict[str, str]:
    """The scene's facts as they are asked for: a word to be read counts letter by letter, and whole if it is known."""
    facts = dict(scene.facts)
    if "word" in facts:
        word = facts["word"][:_N_LETTERS].ljust(_N_LETTERS, "-")
        facts |= {f"letter {position}": letter for position, letter in enumerate(word)}
        if facts["word"] not in READABLE:
            del facts["word"]
    return facts


@functools.cache
def fact_values() -> Mapping[str, tuple[str, ...]]:
    """Every fact with every value that it may have, both in alphabetical order."""
    chance = random.Random("facts")
    values: dict[str, set[str]] = {}
    for kind in KINDS:
        for _ in range(3000):
            for name, value in name_facts(invent(chance, kind=kind)).items():
                values.setdefault(name, set()).add(value)
    return {name: tuple(sorted(values[name])) for name in sorted(values)}


def label_picture(scene: Scene) -> list[int]:
    """For each fact of `fact_values`, the number of its value, or `NOT_TOLD`."""
    facts = name_facts(scene)
    return [
        values.index(facts[name]) if facts.get(name) in values else NOT_TOLD for name, values in fact_values().items()
    ]


def label_caption(scene: Scene, caption: Caption) -> list[int]:
    """The same of what the caption states; a full caption states everything."""
    told = label_picture(scene)
    if caption.full:
        return told
    facts = scene.facts
    stated = [name in facts and f"{name}={facts[name]}" in caption.facts for name in fact_values()]
    return [label if said else NOT_TOLD for label, said in zip(told, stated, strict=True)]


class FactTable(nn.Module):
    """One direction for each value of each fact."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self._sizes = [len(values) for values in fact_values().values()]
        self.directions = nn.Parameter(torch.randn(sum(self._sizes), dimension) / dimension**0.5)

    def loss(self, features: Tensor, labels: Tensor) -> Tensor:
        """Mean cross-entropy over all facts that are told.

        Args:
            features: (n, dim), of pictures or captions; only their direction counts.
            labels: (n, facts), as `label_picture` gives them.
        """
        logits = _SCALE * functional.normalize(features, dim=-1) @ self.directions.T
        losses = [
            functional.cross_entropy(part, column, ignore_index=NOT_TOLD, reduction="sum")
            for part, column in zip(torch.split(logits, self._sizes, dim=1), labels.T, strict=True)
        ]
        return torch.stack(losses).sum() / (labels != NOT_TOLD).sum().clamp(min=1)
