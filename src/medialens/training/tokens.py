"""The tokenizer of the embedded models: the words of our language, and letters for everything else.

The vocabulary is counted, not learnt: the same captions give the same tokens on every machine. Words that are drawn
to be *read* are whole tokens, like all that captions are made of. Everything else is spelt letter by letter, after the
longest word of the vocabulary that begins it ("me-t-r-o"): invented words, unseen synonyms, slips of the keyboard.
"""

# ruff: noqa: S106  # a tokenizer's tokens are no secrets
from __future__ import annotations

import collections
import random
import re
import string

from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from medialens.training.drawing import describe, invent
from medialens.training.language.frames import SEEN_FRAMES
from medialens.training.language.speaker import Speaker
from medialens.training.language.words import READABLE, SEEN

MAX_TOKENS = 48
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
_N_CAPTIONS = 20_000
_COMMON = 12


def vocabulary(seed: int = 0) -> list[str]:
    """Special tokens, letters at the start and inside of words, punctuation, and the words of the captions."""
    letters = string.ascii_lowercase + string.digits
    words = sorted(_words(seed) - set(letters) - set(string.punctuation))
    return [*_SPECIAL, *string.punctuation, *letters, *(f"##{letter}" for letter in letters), *words]


def _words(seed: int) -> set[str]:
    """Words of the tables, and words that captions often have besides: "letters", "spell", "background"."""
    counts: collections.Counter[str] = collections.Counter()
    chance = random.Random(f"vocabulary/{seed}")
    speaker = Speaker(chance)
    for _ in range(_N_CAPTIONS):
        scene = invent(chance)
        counts.update(_split(describe(scene, speaker, full=chance.random() < 0.5).text))  # noqa: PLR2004  # both lengths
    common = {word for word, count in counts.items() if count >= _COMMON}
    tables = " ".join([*SEEN_FRAMES, *(way for ways in SEEN.values() for way in ways)])
    own = set(_split(tables))
    return own | common | set(READABLE)


def _split(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def build_tokenizer(seed: int = 0) -> PreTrainedTokenizerFast:
    """A BERT-style tokenizer over `vocabulary`; lower case, accents stripped."""
    ids = {token: index for index, token in enumerate(vocabulary(seed))}
    tokenizer = Tokenizer(WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=32))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        model_max_length=MAX_TOKENS,
    )  # fmt: skip
