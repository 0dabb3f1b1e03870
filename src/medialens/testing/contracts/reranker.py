"""What every class that orders a framework's documents promises."""

from __future__ import annotations

import functools
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, TypeAlias

from medialens.errors import UnknownReferenceError
from medialens.testing.contracts.checks import (
    ABSENT,
    EMPTY_STORE,
    STORE,
    TEXTS,
    assert_close,
    copies,
    draw,
    raised,
    reference_texts,
    wait,
)

Ranking: TypeAlias = list[tuple[int, float]]


class RerankerContract:
    """For classes that order a framework's documents."""

    def make(self, **settings: Any) -> Any:
        """The adapter, for a model that takes text and pictures; `settings` may replace the model."""
        raise NotImplementedError

    def rerank(self, adapter: Any, query: str, texts: list[str]) -> Ranking:
        """(position, score) of the documents that come back, in their order."""
        raise NotImplementedError

    def arerank(self, adapter: Any, query: str, texts: list[str]) -> Awaitable[Ranking]:
        """The asynchronous twin."""
        raise NotImplementedError

    def test_best_first_with_python_floats(self) -> None:
        ranking = self.rerank(self.make(top_n=None), TEXTS[0], [*TEXTS])
        assert sorted(index for index, _ in ranking) == [0, 1, 2]
        assert {type(score) for _, score in ranking} == {float}
        assert [score for _, score in ranking] == sorted((score for _, score in ranking), reverse=True)

    def test_ties_keep_their_order(self) -> None:
        texts = [TEXTS[1], TEXTS[0], TEXTS[1], TEXTS[0], TEXTS[1], TEXTS[0]]
        ranking = self.rerank(self.make(top_n=None), TEXTS[0], texts)
        for group in ([0, 2, 4], [1, 3, 5]):
            assert [index for index, _ in ranking if index in group] == group
            assert len({score for index, score in ranking if index in group}) == 1

    def test_top_n_cuts_after_sorting(self) -> None:
        everything = self.rerank(self.make(top_n=None), TEXTS[0], [*TEXTS])
        for top_n in (0, 1, 2, 3, 50):
            ranking = self.rerank(self.make(top_n=top_n), TEXTS[0], [*TEXTS])
            assert [index for index, _ in ranking] == [index for index, _ in everything[:top_n]]

    def test_the_default_keeps_three(self) -> None:
        assert len(self.rerank(self.make(), TEXTS[0], [*TEXTS, *TEXTS])) == 3  # noqa: PLR2004  # the promise

    def test_a_threshold_keeps_scores_of_at_least_that(self) -> None:
        everything = self.rerank(self.make(top_n=None), TEXTS[0], [*TEXTS])
        middle = everything[1][1]
        kept = self.rerank(self.make(top_n=None, score_threshold=middle), TEXTS[0], [*TEXTS])
        assert [index for index, _ in kept] == [index for index, score in everything if score >= middle]

    def test_nothing_in_nothing_out_without_a_model(self, tmp_path: Path) -> None:
        adapter = self.make(model=str(tmp_path / "no-such-model"))
        assert self.rerank(adapter, TEXTS[0], []) == []
        assert wait(self.arerank(adapter, TEXTS[0], [])) == []

    def test_async_gives_the_same(self, tmp_path: Path) -> None:
        adapter = self.make(store=STORE, top_n=None)
        texts = [*TEXTS, *reference_texts(draw(tmp_path, "red", "blue"))]
        there, here = wait(self.arerank(adapter, TEXTS[0], texts)), self.rerank(adapter, TEXTS[0], texts)
        assert [index for index, _ in there] == [index for index, _ in here]
        assert_close([[score for _, score in there]], [[score for _, score in here]])

    def test_a_picture_query_finds_itself(self, tmp_path: Path) -> None:
        adapter = self.make(store=STORE, top_n=1)
        texts = reference_texts(draw(tmp_path, "red", "blue", "green"))
        for index, text in enumerate(texts):
            assert self.rerank(adapter, text, texts)[0][0] == index

    def test_an_unknown_reference_is_an_error_that_names_digest_and_store(self) -> None:
        adapter = self.make(store=EMPTY_STORE)
        for query, texts in ((TEXTS[0], ["fine", str(ABSENT)]), (str(ABSENT), ["fine"])):
            error = raised(UnknownReferenceError, functools.partial(self.rerank, adapter, query, texts))
            assert ABSENT.digest in str(error)
            assert EMPTY_STORE in str(error)

    def test_copies_give_the_same_ranking(self) -> None:
        adapter = self.make(top_n=2)
        expected = self.rerank(adapter, TEXTS[0], [*TEXTS])
        for twin in copies(adapter):
            assert self.rerank(twin, TEXTS[0], [*TEXTS]) == expected

    def test_unknown_settings_are_refused(self) -> None:
        assert "no_such_setting" in str(raised(ValueError, lambda: self.make(no_such_setting=1)))
