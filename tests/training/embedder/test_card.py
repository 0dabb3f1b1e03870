import re

import pytest
from tests.training.measuring.test_embedder_report import make_report, make_row

from medialens.training.embedder.card import describe_embedder
from medialens.training.language.words import READABLE
from medialens.training.measuring.embedder import AMONG_RIVALS, DIRECTION, READING, UNSEEN_WORD


@pytest.fixture
def text():
    report = make_report(
        headline=(make_row(UNSEEN_WORD, 0.81, 200), make_row(DIRECTION, 0.97, 2)),
        others=(make_row(AMONG_RIVALS, 0.66, 8), make_row(READING, 0.32, 8)),
        kinds=(make_row("among words only", 0.23), make_row("among shapes only", 0.9)),
    )
    return describe_embedder(report, dimension=192)


def test_its_limits_are_told_in_measured_numbers(text):
    for number in ("32%", "66%", "81%", "97%", "(0.23)"):
        assert number in text.limits
    assert "{" not in text.about + text.making + text.limits


def test_every_number_of_its_limits_is_measured_or_a_matter_of_the_recipe(text):
    measured = {"32%", "66%", "0.23", "0.90", "81%", "97%"}
    recipe = {str(len(READABLE)), "7", "8", "12%", "4"}  # words, rivals, one more, the chance of it, moments
    assert set(re.findall(r"\d[\d.]*%?", text.limits)) <= measured | recipe


def test_it_says_what_it_takes_and_what_it_does_not(text):
    for word in ("text, pictures and short clips", "192", "one match among 20"):
        assert word in " ".join(text.about.split())
    for word in ("Photographs", "Reading", "Near-duplicates", "without red", "Numbers above six"):
        assert word in text.limits


def test_its_lines_fit(text):
    assert max(len(line) for line in (text.about + "\n" + text.making).splitlines()) <= 120
