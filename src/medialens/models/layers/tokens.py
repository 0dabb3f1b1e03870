"""Text to token ids, from many threads at once."""

from __future__ import annotations

import copy
import dataclasses
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Int
from tokenizers import Tokenizer, normalizers
from torch import Tensor

_UNLIMITED = 10**9  # transformers writes about 1e30 where a tokenizer knows no limit

# Positions of these start after the padding token's: a 514-row table holds 512 tokens.
_OFFSET_POSITIONS = frozenset(
    ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "longformer", "mpnet", "data2vec-text", "clap_text_model")
)


@dataclasses.dataclass(frozen=True)
class Tokens:
    """One text, or one pair, as ids; `types` are the segments (0 first, 1 second)."""

    ids: tuple[int, ...]
    types: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.ids)


class TextReader:
    """A tokenizer whose settings are fixed at birth, so that any number of threads may use it.

    transformers' fast tokenizers set truncation and padding on themselves before each call, which races. This
    keeps a copy of the inner tokenizer with truncation set once; slow ones take turns.

    Special tokens that are spelled out in a text ("[SEP]", "<|endoftext|>") are read as plain text: whoever
    writes a document must not be able to end it, or to begin another.
    """

    def __init__(self, tokenizer: Any, *, max_tokens: int, lowercase: bool = False) -> None:
        self.max_tokens = max_tokens
        self.lowercase = lowercase
        self.pad_id = int(tokenizer.pad_token_id or 0)
        self.padding_side = str(tokenizer.padding_side)
        self.special_ids = frozenset(tokenizer.all_special_ids)
        inner = getattr(tokenizer, "backend_tokenizer", None)
        self._fast = self._freeze(inner, tokenizer) if isinstance(inner, Tokenizer) else None
        self._slow: Any = None if self._fast else copy.deepcopy(tokenizer)
        self._turn = threading.Lock()

    def read(self, text: str, pair: str | None = None) -> Tokens:
        """The ids of `text`, or of the pair (`text`, `pair`), with special tokens, cut to `max_tokens`.

        Of a pair, the longer side is cut first.
        """
        if self._fast is not None:
            encoding = self._fast.encode(text, pair)
            return Tokens(tuple(encoding.ids), tuple(encoding.type_ids))
        if self.lowercase:
            text, pair = text.lower(), pair and pair.lower()
        with self._turn:
            encoded = self._slow(
                text, pair, truncation="longest_first", max_length=self.max_tokens, split_special_tokens=True
            )
        ids = tuple(encoded["input_ids"])
        return Tokens(ids, tuple(encoded.get("token_type_ids") or (0,) * len(ids)))

    def count_prefix(self, prompt: str) -> int:
        """How many tokens of a text that starts with `prompt` are the prompt's, leading special tokens included."""
        tokens = self.read(prompt)
        ends_special = bool(tokens.ids) and tokens.ids[-1] in self.special_ids
        return len(tokens) - 1 if ends_special else len(tokens)

    def _freeze(self, inner: Tokenizer, tokenizer: Any) -> Tokenizer:
        frozen = Tokenizer.from_str(inner.to_str())
        frozen.no_padding()
        frozen.enable_truncation(self.max_tokens, strategy="longest_first", direction=str(tokenizer.truncation_side))
        frozen.encode_special_tokens = True
        if self.lowercase:
            before = [frozen.normalizer] if frozen.normalizer else []
            frozen.normalizer = normalizers.Sequence([normalizers.Lowercase(), *before])
        return frozen


def max_tokens(tokenizer: Any, config: Any, *, wanted: int | None = None) -> int:
    """The longest text, in tokens, that both the tokenizer and the position table take; `wanted` if that is less.

    Args:
        tokenizer: Of transformers; its ``model_max_length`` counts.
        config: The text model's; ``max_position_embeddings`` counts, less the rows that some types do not use.
        wanted: The caller's or the repository's own limit.
    """
    limits = [int(min(tokenizer.model_max_length, _UNLIMITED))]
    positions = getattr(config, "max_position_embeddings", None)
    if isinstance(positions, int) and positions > 0:
        offset = int(config.pad_token_id or 0) + 1 if config.model_type in _OFFSET_POSITIONS else 0
        limits.append(positions - offset)
    if wanted is not None:
        limits.append(wanted)
    return max(1, min(limits))


def pad(
    rows: Sequence[Sequence[int]], *, value: int, length: int | None = None, side: str = "right"
) -> tuple[Int[Tensor, "n tokens"], Int[Tensor, "n tokens"]]:
    """Ids of equal length, and the mask that says which are real (1) and which padding (0).

    Args:
        rows: One sequence of ids an item.
        value: What stands where there is no token.
        length: Of every row; None is the longest one's.
        side: Where the padding goes, ``right`` or ``left``.
    """
    width = max([len(row) for row in rows], default=0) if length is None else length
    ids = torch.full((len(rows), width), value, dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for at, row in enumerate(rows):
        where = slice(0, len(row)) if side == "right" else slice(width - len(row), width)
        ids[at, where] = torch.tensor(row, dtype=torch.long)
        mask[at, where] = 1
    return ids, mask


def text_config(config: Any) -> Any:
    """The text model's part of a config; the config itself where there are no parts."""
    return getattr(config, "text_config", None) or config


def without_none(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that are set."""
    return {name: value for name, value in settings.items() if value is not None}
