"""Text to token ids where texts meet: the words of the template and those of users, tokenised as one."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any, Final

from tokenizers import Tokenizer

from medialens.errors import RepositoryError
from medialens.media.threads.memo import Memo

_CACHED_HEADS: Final = 64
_CACHED_TEXTS: Final = 256
_UNSTABLE_WORDS: Final = 2
_CHARACTERS_A_TOKEN: Final = 8  # more than most texts have


@dataclasses.dataclass(frozen=True)
class Head:
    """The beginning of a text whose end is not known yet.

    Attributes:
        ids: Tokens that come out the same whatever follows.
        rest: What is left of the text: how it is cut depends on what follows.
    """

    ids: tuple[int, ...]
    rest: str


class PlainTokenizer:
    """The repository's tokenizer without any token of the vocabulary's own: whatever stands in a text is text.

    Whoever writes a document must not be able to end it, to begin another, or to stand a picture in it. Settings are
    fixed at birth: any number of threads may use it.

    A text is cut into words by a pattern, from left to right, and each word into tokens for itself, so that the words
    before the last two of a beginning are the same whatever follows: the last may go on, and the white space before it
    may become one with it.

    Raises:
        RepositoryError: The tokenizer is none of the `tokenizers` library.
    """

    def __init__(self, tokenizer: Any) -> None:
        inner = getattr(tokenizer, "backend_tokenizer", None)
        if not isinstance(inner, Tokenizer):
            msg = f"{tokenizer.name_or_path!r}: its tokenizer has no tokenizer.json; save it with transformers 5"
            raise RepositoryError(msg, repository=str(tokenizer.name_or_path))
        settings = json.loads(inner.to_str())
        settings |= {"added_tokens": [], "post_processor": None, "truncation": None, "padding": None}
        self._plain = Tokenizer.from_str(json.dumps(settings))
        self._cuts_words = _cuts_words(settings)
        self._known: Memo[str, Sequence[int]] = Memo(_CACHED_TEXTS)
        self._heads: Memo[str, Head] = Memo(_CACHED_HEADS)

    def read(self, text: str) -> list[int]:
        """The ids of `text`."""
        return list(self._plain.encode(text, add_special_tokens=False).ids) if text else []

    def read_known(self, text: str) -> Sequence[int]:
        """The same, remembered: for what comes again, such as a template's words or a query."""
        return self._known.get(text, lambda: self.read(text))

    def read_after(self, head: str, text: str) -> list[int]:
        """The ids of ``head + text``; the head's are remembered."""
        known = self.head(head)
        return [*known.ids, *self.read(known.rest + text)]

    def head(self, text: str) -> Head:
        """What of `text` is read the same whatever follows it."""
        return self._heads.get(text, lambda: self._head(text)) if text else Head((), "")

    def beginning(self, text: str, n_tokens: int) -> str:
        """A beginning of `text` that is read as the text is, by more than `n_tokens`: no megabyte need be read.

        The text itself where it is not that long, or is no sequence of words.
        """
        length = _CHARACTERS_A_TOKEN * (n_tokens + 1)
        while length < len(text):
            head = self._head(text[:length])
            if len(head.ids) > n_tokens:
                return text[: length - len(head.rest)]
            length *= _CHARACTERS_A_TOKEN
        return text

    def cut(self, text: str, n_tokens: int) -> str:
        """The longest beginning of `text` that is at most so many tokens long, of those that `text` is read as."""
        encoding = self._plain.encode(text, add_special_tokens=False)
        return text if len(encoding.ids) <= n_tokens else text[: encoding.offsets[max(0, n_tokens)][0]]

    def _head(self, text: str) -> Head:
        encoding = self._plain.encode(text, add_special_tokens=False)
        words = encoding.word_ids
        if not self._cuts_words or not words or words[-1] is None or words[-1] < _UNSTABLE_WORDS:
            return Head((), text)
        first = words.index(words[-1] - _UNSTABLE_WORDS + 1)
        return Head(tuple(encoding.ids[:first]), text[encoding.offsets[first][0] :])


def _cuts_words(settings: dict[str, Any]) -> bool:
    """Whether words are cut from left to right, by a pattern, and read byte by byte: as all of Qwen's tokenizers do."""
    outer = settings.get("pre_tokenizer") or {}
    steps = outer.get("pretokenizers", [outer])
    kinds = [step.get("type") for step in steps]
    splits = all(step.get("behavior") == "Isolated" for step in steps if step.get("type") == "Split")
    prefixes = any(step.get("add_prefix_space") for step in steps)
    normalises = (settings.get("normalizer") or {"type": "NFC"}).get("type")
    return kinds in (["Split", "ByteLevel"], ["ByteLevel"]) and splits and not prefixes and normalises == "NFC"
