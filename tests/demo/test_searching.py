from __future__ import annotations

from pathlib import Path

import pytest

from medialens.demo.questions import Question
from medialens.demo.searching import Answer, Finding, Hit


def answer(*hits: tuple[str, float]) -> Answer:
    found = tuple(Hit(path=Path(name), score=score) for name, score in hits)
    return Answer(retrieved=found, reranked=found)


def agree(one: Answer, other: Answer) -> bool:
    return Finding(question=Question(text="a question"), answers={"one": one, "other": other}).agree


LIST = [("a", 0.9), ("b", 0.7), ("c", 0.7), ("d", 0.5), ("e", 0.1)]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (LIST, True),
        ([("a", 0.9), ("c", 0.7), ("b", 0.7), ("d", 0.5), ("e", 0.1)], True),  # a tie, the other way round
        ([("a", 0.90000004), ("b", 0.7), ("c", 0.69999998), ("d", 0.5), ("e", 0.1)], True),  # another summation
        ([("a", 0.9), ("b", 0.7), ("c", 0.7), ("d", 0.5), ("f", 0.1)], True),  # the cut went through a tie
        ([("b", 0.9), ("a", 0.7), ("c", 0.7), ("d", 0.5), ("e", 0.1)], False),
        ([("a", 0.9), ("b", 0.7), ("x", 0.7), ("d", 0.5), ("e", 0.1)], False),
    ],
)
def test_frameworks_agree_but_for_ties(other, expected):
    assert agree(answer(*LIST), answer(*other)) is expected
