import math

import pytest

from medialens.training.measuring.embedder_report import EmbedderReport
from medialens.training.measuring.reliability import Bin, Reliability
from medialens.training.measuring.table import Row, to_markdown
from medialens.training.measuring.variants import Variant


def make_row(what, recall, count=100):
    return Row(
        what=what, n_candidates=count, n_queries=count, recall_at_1=recall, interval=(recall, recall), recall_at_5=1.0
    )


def make_report(**changes):
    full = (make_row("whole vectors", 0.95, 200), make_row("whole vectors", 0.9, 1000))
    empty = Bin(low=0.1, high=0.2, n_pairs=0, shown=math.nan, matching=math.nan)
    filled = Bin(low=0.9, high=1.0, n_pairs=12, shown=0.95, matching=0.99)
    values = {
        "headline": (make_row("text to image", 0.95, 200), make_row("text to image", 0.875, 1000)),
        "others": (make_row("something else", 0.5),),
        "kinds": tuple(make_row(f"among {kind}s only", 0.9 - 0.1 * at) for at, kind in enumerate("abcde")),
        "variants": (Variant(what="whole vectors", n_vector_bytes=768, weights_mb=9.0, rows=full),),
        "reliability": Reliability(bins=(empty, filled), expected_error=0.0213),
        "reliability_of_whole": Reliability(bins=(empty, filled), expected_error=0.0456),
    }
    return EmbedderReport(**{**values, **changes})


def test_in_short_it_is_the_headline():
    report = make_report()
    assert report.short == to_markdown(report.headline)


def test_the_whole_has_every_line_and_number_once():
    whole = make_report().whole
    for number in ("0.950", "0.875", "0.500", "0.600", "768", "9.0", "0.021", "0.046", "0.990"):
        assert number in whole
    assert whole.count("| something else |") == 1
    assert "nan" not in whole
    assert "\n\n\n" not in whole
    assert whole.endswith("|\n")


def test_the_weakest_kinds_are_named_with_their_numbers_weakest_first():
    assert make_report().weakest == "Most often mixed up among themselves: es (0.50), ds (0.60), cs (0.70)."


def test_kinds_that_are_not_weak_are_not_named_but_for_the_weakest():
    kinds = tuple(make_row(f"among {kind}s only", recall) for kind, recall in (("a", 1.0), ("b", 0.96), ("c", 0.99)))
    assert make_report(kinds=kinds).weakest == "Most often mixed up among themselves: bs (0.96)."


def test_lines_are_found_by_name_and_by_size():
    report = make_report()
    assert report.find("text to image").n_candidates == 200
    assert report.find("text to image", 1000).recall_at_1 == 0.875
    assert report.find("among bs only").recall_at_1 == pytest.approx(0.8)
    with pytest.raises(KeyError, match="unknown"):
        report.find("unknown")
    with pytest.raises(KeyError):
        report.find("text to image", 5)
