import dataclasses

import numpy as np
import pytest

from medialens.training.measuring.reranker import NOT_FOUND, Search, lift, rerank


@dataclasses.dataclass
class Judge:
    """Scores of pairs by a table."""

    scores: dict

    def score(self, pairs, *, priority):
        assert priority == "bulk"
        return [self.scores[pair] for pair in pairs]


def test_reranking_moves_the_right_document_and_keeps_the_order_of_ties():
    search = Search(
        queries=["a", "b", "c"],
        documents=["A", "B", "C"],
        candidates=np.array([[1, 0], [1, 0], [0, 1]]),
    )
    assert search.ranks.tolist() == [2, 1, NOT_FOUND]
    scores = {("a", "A"): 2.0, ("a", "B"): 1.0, ("b", "B"): 0.0, ("b", "A"): 0.0, ("c", "A"): 1.0, ("c", "B"): 5.0}
    assert rerank(Judge(scores), search).tolist() == [1, 1, NOT_FOUND]


def test_the_gain_is_counted_by_query():
    before, after = np.array([1, 2, 2, 5]), np.array([1, 1, 1, 3])
    found = lift("text to picture", before, after)
    assert (found.before.recall_at_1, found.after.recall_at_1) == (0.25, 0.75)
    assert found.gain == pytest.approx(0.5)
    assert found.interval[0] <= 0.5 <= found.interval[1]
    worse = lift("text to picture", after, before)
    assert worse.gain == pytest.approx(-0.5)
    assert worse.interval == pytest.approx((-found.interval[1], -found.interval[0]), abs=0.3)
