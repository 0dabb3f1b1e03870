"""One speaker: picks synonyms and frames, makes light typing mistakes; all chance comes from its `random`."""

from __future__ import annotations

import dataclasses
import random
import re

from medialens.training.language.frames import SEEN_FRAMES, UNSEEN_FRAMES
from medialens.training.language.words import SEEN, UNSEEN

_PLAIN_SHARE = 0.55
_UNSEEN_SHARE = 0.4  # a chance for every word of a caption, not only its first
_LETTERS = re.compile(r'(?<!["\w])[a-z]{4,}(?!["\w])')


@dataclasses.dataclass(frozen=True)
class Caption:
    """What is said of a picture, which of its facts that states, and whether that is all of them."""

    text: str
    facts: frozenset[str]
    full: bool = True


class Speaker:
    """Chooses words. With `unseen_words`, now and then one that training never uses; `unseen` is that word.

    Which of the words chosen end up in a caption is up to the one who describes; see `said_unseen`.
    """

    def __init__(self, chance: random.Random, *, unseen_words: bool = False, unseen_frames: bool = False) -> None:
        self.chance = chance
        self.unseen = ""
        self._unseen_words = unseen_words
        self._frames = UNSEEN_FRAMES if unseen_frames else SEEN_FRAMES

    def word(self, concept: str) -> str:
        """A word or two for the concept; the plainest one half of the time."""
        if self._unseen_words and not self.unseen and concept in UNSEEN and self.maybe(_UNSEEN_SHARE):
            self.unseen = UNSEEN[concept]
            return self.unseen
        seen = SEEN[concept]
        return seen[0] if self.chance.random() < _PLAIN_SHARE else self.chance.choice(seen)

    def said_unseen(self, text: str) -> bool:
        """Whether the text has the unseen word that was chosen."""
        return bool(self.unseen) and self.unseen in text

    def one_of(self, *options: str) -> str:
        """One of the options, all equally likely."""
        return self.chance.choice(options)

    def maybe(self, share: float) -> bool:
        """True in that share of cases."""
        return self.chance.random() < share

    def frame(self, phrase: str) -> str:
        """The phrase inside a sentence."""
        return self.chance.choice(self._frames).format(phrase)

    def mistype(self, text: str) -> str:
        """One slip in one longer word outside quotes: letters swapped, dropped or doubled."""
        words = list(_LETTERS.finditer(text))
        if not words:
            return text
        word = self.chance.choice(words)
        at = self.chance.randrange(word.start() + 1, word.end() - 1)
        slips = (text[at + 1] + text[at], text[at + 1], text[at] * 2 + text[at + 1])
        return text[:at] + self.chance.choice(slips) + text[at + 2 :]


def with_article(phrase: str) -> str:
    """``a red circle``, ``an orange star``."""
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def plural(noun: str) -> str:
    """Good enough for the nouns of `words.py`."""
    if noun.endswith(("s", "x", "ch")):
        return noun + "es"
    return noun + "s"
