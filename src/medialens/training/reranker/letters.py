"""Reading, as a lesson beside the main one: which letters stand in a picture, and which in a word that is asked for.

From pairs alone a network learns next to nothing about letters: a word in the right colours is right one time in ten,
and nothing says what was wrong. Asked for the letters, it has to find them; and because pictures and texts are asked
through the same few weights, the same letter looks alike in both, which is what attention compares.
"""

from __future__ import annotations

import string
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from medialens.models.architectures.cross_attention.network import NOTHING
from medialens.training.examples import Example

_ALPHABET = {letter: at for at, letter in enumerate(string.ascii_lowercase)}
_FACT = "word="
_RARE = -5.0  # so that at first no letter is seen anywhere


class Letters(nn.Module):
    """Reads letters off tokens, wherever among those of a text or picture they are; thrown away after training."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.read = nn.Linear(width, len(_ALPHABET))
        nn.init.constant_(self.read.bias, _RARE)

    def forward(self, bank: Tensor, spelling: Tensor, letters: Tensor) -> Tensor:
        """Binary cross-entropy of every letter's presence, summed over letters, on average over texts and pictures.

        Args:
            bank: (tokens, width).
            spelling: (n, length): numbers of the tokens of each, filled up with `NOTHING`.
            letters: (n, 26), 1.0 for each that is there.
        """
        if len(spelling) == 0:
            return bank.new_zeros((), dtype=torch.float32)
        seen = self.read(bank[spelling.clamp(min=0)]).float()
        anywhere = seen.masked_fill((spelling == NOTHING)[:, :, None], -torch.inf).logsumexp(1)
        losses = functional.binary_cross_entropy_with_logits(anywhere, letters, reduction="none")
        return losses.sum(1).mean()


def written_in(example: Example) -> str:
    """The word that its picture shows, "" for none."""
    return example.scene.facts["word"] if example.scene.kind == "word" else ""


def asked_for(example: Example) -> str:
    """The word that its caption names, "" for none."""
    return next((fact.removeprefix(_FACT) for fact in example.caption.facts if fact.startswith(_FACT)), "")


def label_letters(words: Sequence[str]) -> Tensor:
    """(words, 26), 1.0 for each letter that the word has."""
    labels = torch.zeros((len(words), len(_ALPHABET)))
    for row, word in enumerate(words):
        labels[row, [_ALPHABET[letter] for letter in word]] = 1.0
    return labels
