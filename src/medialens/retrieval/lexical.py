"""Search for words in captions, in what is written on pages and in what is said: BM25. Pure, and in memory.

For a few ten thousand texts beside a vector store; larger collections have search engines of their own.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

# Scripts that are written without spaces count letter by letter, all others word by word.
_UNSPACED = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")

SATURATION = 1.5
LENGTH_SHARE = 0.75


def words_of(text: str) -> list[str]:
    """What counts as a word, without case."""
    return _WORD.findall(text.casefold())


class WordIndex:
    """Texts, found by the words that they share with a query.

    The score is BM25: the sum, over the words of the query, of

        ln(1 + (N - n + 0.5) / (n + 0.5))  *  f (k + 1) / (f + k (1 - b + b length / mean length))

    where n of all N texts have the word, and this one has it f times.

    Source: Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009; with the 1 under the
    logarithm that Lucene puts there, so that a word in most texts never counts against them.

    Args:
        texts: Known by their positions from then on.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(words_of(text)) for text in texts]
        lengths = [sum(count.values()) for count in counts]
        mean = sum(lengths) / max(1, len(lengths)) or 1.0
        self._norms = [SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * length / mean) for length in lengths]
        self._holders: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for position, count in enumerate(counts):
            for word, times in count.items():
                self._holders[word].append((position, times))

    def search(self, query: str, k: int | None = None) -> list[tuple[int, float]]:
        """(position, score) of the texts that share a word with the query, best first; equal scores keep their order.

        Args:
            query: Each of its words counts once.
            k: At most so many; None is all.
        """
        shares: dict[int, list[float]] = defaultdict(list)
        for word in dict.fromkeys(words_of(query)):
            holders = self._holders.get(word, [])
            weight = math.log(1 + (len(self._norms) - len(holders) + 0.5) / (len(holders) + 0.5))
            for position, times in holders:
                shares[position].append(weight * times * (SATURATION + 1) / (times + self._norms[position]))
        scored = sorted((-math.fsum(parts), position) for position, parts in shares.items())
        return [(position, -score) for score, position in scored[:k]]
