import numpy as np
import pytest

from medialens.training.measuring.table import Row, markdown_table, recall_row, row_of_ranks, to_markdown

ROW = Row(
    what="text to image", n_candidates=200, n_queries=200, recall_at_1=0.9, interval=(0.855, 0.94), recall_at_5=0.99
)


def test_recall_compares_directions_not_lengths():
    documents = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [-1.0, 0.0], [0.0, -1.0], [-1.0, -1.0]], dtype=np.float32)
    queries = documents * np.array([[9.0], [0.1], [3.0], [1.0], [2.0], [5.0]], dtype=np.float32)
    row = recall_row("same", queries, documents * np.array([[1.0]] * 5 + [[50.0]], dtype=np.float32))
    assert (row.recall_at_1, row.recall_at_5, row.interval) == (1.0, 1.0, (1.0, 1.0))


def test_recall_of_swapped_documents():
    documents = np.eye(8, dtype=np.float32)
    queries = documents.copy()
    queries[[0, 1]] = queries[[1, 0]]
    row = recall_row("swapped", queries, documents)
    assert row.recall_at_1 == pytest.approx(6 / 8)
    assert row.interval[0] < 6 / 8 < row.interval[1]
    assert (row.n_candidates, row.n_queries) == (8, 8)


def test_recall_of_ranks():
    row = row_of_ranks("ranks", np.array([1, 2, 5, 6]), 20)
    assert (row.recall_at_1, row.recall_at_5) == (0.25, 0.75)
    assert (row.n_candidates, row.n_queries) == (20, 4)


def test_among_five_and_less_recall_at_five_says_nothing():
    assert row_of_ranks("pairs", np.array([1, 2]), 2).recall_at_5 is None
    assert row_of_ranks("fives", np.array([1, 2]), 5).recall_at_5 is None
    assert row_of_ranks("sixes", np.array([1, 2]), 6).recall_at_5 == 1.0


def test_the_table_is_markdown():
    head, rule, line = to_markdown([ROW]).splitlines()
    assert head.count("|") == rule.count("|") == line.count("|")
    assert line == "| text to image | 200 | 200 | 0.900 | 0.855 to 0.940 | 0.990 |"


def test_any_table_is_text_first_and_numbers_after():
    assert markdown_table(("a", "b"), [("x", "1"), ("y", "")]) == "| a | b |\n| --- | ---: |\n| x | 1 |\n| y |  |\n"
