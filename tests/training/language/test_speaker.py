import random
import re

import pytest

from medialens.training.captions import say
from medialens.training.drawing import KINDS, describe, invent
from medialens.training.language.frames import SEEN_FRAMES, UNSEEN_FRAMES
from medialens.training.language.speaker import Speaker, plural, with_article
from medialens.training.language.words import SEEN, UNSEEN


def test_there_are_enough_ways_to_ask_and_eight_are_kept_from_training():
    assert len(set(SEEN_FRAMES)) >= 40
    assert len(set(UNSEEN_FRAMES)) == 8
    assert not set(SEEN_FRAMES) & set(UNSEEN_FRAMES)
    assert all(frame.count("{}") == 1 for frame in (*SEEN_FRAMES, *UNSEEN_FRAMES))


def test_every_concept_has_three_words_and_one_more_that_is_kept_from_training():
    # White is a colour of letters and signs alone, not of things.
    assert set(SEEN) - set(UNSEEN) == {"white"}
    assert [concept for concept, ways in SEEN.items() if len(set(ways)) < 3] == ["white"]
    assert set(UNSEEN) <= set(SEEN)
    assert not set(UNSEEN.values()) & {way for ways in SEEN.values() for way in ways}


def test_training_never_says_what_is_kept_from_it():
    chance = random.Random("training")
    texts = [say(invent(chance), chance).text for _ in range(3000)]
    whole = re.compile("|".join(rf"\b{re.escape(word)}\b" for word in UNSEEN.values()))
    frames = re.compile("|".join(re.escape(frame).replace(r"\{\}", ".*") for frame in UNSEEN_FRAMES))
    assert not [text for text in texts if whole.search(text) or frames.fullmatch(text)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_speaker_of_unseen_words_uses_one_of_them_at_most(kind):
    chance = random.Random(kind)
    said = []
    for _ in range(200):
        speaker = Speaker(chance, unseen_words=True)
        text = describe(invent(chance, kind=kind), speaker).text
        words = {word for word in UNSEEN.values() if re.search(rf"\b{re.escape(word)}(s|es)?\b", text)}
        assert words <= {speaker.unseen}
        assert speaker.said_unseen(text) == bool(words)
        said.append(bool(words))
    assert set(said) == {True, False}


def test_a_slip_changes_one_longer_word_outside_quotes():
    chance = random.Random("slips")
    for _ in range(300):
        before = 'a red circle with the word "coffee"'
        after = Speaker(chance).mistype(before)
        changed = [(old, new) for old, new in zip(before.split(), after.split(), strict=True) if old != new]
        assert len(changed) <= 1  # swapping two equal letters changes nothing
        assert all(old in {"circle", "with", "word"} for old, _ in changed)
        assert '"coffee"' in after
    assert Speaker(chance).mistype("a red ox") == "a red ox"


@pytest.mark.parametrize(("noun", "expected"), [("star", "stars"), ("box", "boxes"), ("cross", "crosses")])
def test_plural(noun, expected):
    assert plural(noun) == expected


@pytest.mark.parametrize(("phrase", "expected"), [("orange star", "an orange star"), ("star", "a star")])
def test_article(phrase, expected):
    assert with_article(phrase) == expected
