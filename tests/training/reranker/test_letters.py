import math

import pytest
import torch

from medialens.models.architectures.cross_attention.network import NOTHING
from medialens.training.reranker.batches import to_tensors
from medialens.training.reranker.crowds import make_crowd
from medialens.training.reranker.letters import Letters, asked_for, label_letters, written_in
from medialens.training.tokens import build_tokenizer


def test_a_word_has_each_of_its_letters_once():
    labels = label_letters(["abba", "z"])
    assert labels.shape == (2, 26)
    assert labels.nonzero().tolist() == [[0, 0], [0, 1], [1, 25]]


def test_the_loss_is_its_definition():
    torch.manual_seed(0)
    lesson, bank = Letters(4), torch.randn(5, 4)
    spelling = torch.tensor([[0, 2, 4], [3, NOTHING, NOTHING]])
    letters = label_letters(["cab", "o"])
    seen = (bank @ lesson.read.weight.T + lesson.read.bias).tolist()
    total = 0.0
    for row, tokens in enumerate([[0, 2, 4], [3]]):
        for letter in range(26):
            odds = sum(math.exp(seen[token][letter]) for token in tokens)  # of its being in any of them
            total -= math.log(odds / (1 + odds) if letters[row, letter] else 1 / (1 + odds))
    assert float(lesson(bank, spelling, letters).detach()) == pytest.approx(total / 2, rel=1e-5)


def test_without_words_there_is_no_lesson():
    nothing = Letters(4)(torch.randn(5, 4), torch.zeros((0, 0)).long(), torch.zeros((0, 26)))
    assert float(nothing) == 0.0


def test_what_is_spelled_are_the_words_of_captions_and_of_pictures():
    tokenizer, n_cells = build_tokenizer(), 64
    crowds = [make_crowd(6, step, n_clusters=2, n_rivals=2) for step in range(60)]
    crowds = [crowd for crowd in crowds if any(written_in(one) for one in crowd.examples)]
    assert len(crowds) > 5
    for crowd in crowds:
        batch = to_tensors(crowd, tokenizer, n_cells=n_cells)
        shown = {"text", crowd.query_form, crowd.document_form} & {"picture", "second picture"}
        shown |= {"picture"} if crowd.document_form == "picture and text" else set()
        captions = {crowd.texts["text"][at]: asked_for(one) for at, one in enumerate(crowd.examples)}
        n_texts = len([word for word in captions.values() if word]) if "text" in _forms(crowd) else 0
        n_pictures = len(shown) * sum(bool(written_in(one)) for one in crowd.examples)
        assert len(batch.spelling) == len(batch.letters) == n_texts + n_pictures
        names_letters = {tuple(row) for row in label_letters([written_in(one) for one in crowd.examples]).tolist()}
        assert {tuple(row) for row in batch.letters.tolist()} <= names_letters


def _forms(crowd):
    return {crowd.query_form, crowd.document_form}
