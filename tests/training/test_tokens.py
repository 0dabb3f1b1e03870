import random

from medialens.training.captions import say
from medialens.training.drawing import invent
from medialens.training.language.words import READABLE
from medialens.training.tokens import MAX_TOKENS, build_tokenizer, vocabulary


def test_the_vocabulary_is_the_same_every_time_and_has_no_doubles():
    words = vocabulary()
    assert words == vocabulary()
    assert len(words) == len(set(words))


def test_words_to_be_read_are_whole_tokens():
    tokenizer = build_tokenizer()
    assert [word for word in READABLE if tokenizer.tokenize(word) != [word]] == []


def test_invented_words_are_spelt():
    tokenizer, chance = build_tokenizer(), random.Random("invented")
    drawn = (invent(chance, kind="word").facts["word"] for _ in range(2000))
    invented = {word for word in drawn if word not in READABLE}
    assert len(invented) > 100
    spelt = [word for word in invented if tokenizer.tokenize(word) == [word[0], *(f"##{one}" for one in word[1:])]]
    assert len(spelt) > 0.9 * len(invented)  # the others begin with a word: "to-ra"
    assert all("".join(piece.removeprefix("##") for piece in tokenizer.tokenize(word)) == word for word in invented)


def test_no_word_is_unknown_and_only_the_first_piece_of_a_spelt_word_may_be_longer_than_a_letter():
    tokenizer = build_tokenizer()
    for word in ("metro", "crimson", "xylophone", "internet", "vuzi"):
        first, *rest = tokenizer.tokenize(word)
        assert first != tokenizer.unk_token
        assert [piece.removeprefix("##") for piece in rest] == list(word[len(first) :])


def test_concepts_are_whole_words_whatever_their_case():
    assert build_tokenizer().tokenize("A Red CIRCLE") == ["a", "red", "circle"]


def test_training_captions_have_no_unknown_tokens_and_fit():
    tokenizer, chance = build_tokenizer(), random.Random("captions")
    texts = [say(invent(chance), chance).text for _ in range(2000)]
    rows = tokenizer(texts)["input_ids"]
    assert not any(tokenizer.unk_token_id in row for row in rows)
    assert max(map(len, rows)) <= MAX_TOKENS
