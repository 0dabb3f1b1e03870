"""What every class that embeds a framework's strings promises."""

from __future__ import annotations

import copy
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from medialens.errors import MediaReferenceError, UnknownReferenceError
from medialens.testing.contracts.checks import (
    ABSENT,
    CLOSE,
    EMPTY_STORE,
    STORE,
    TEXTS,
    assert_close,
    copies,
    draw,
    normalised,
    raised,
    reference_texts,
    wait,
)

Vectors: TypeAlias = list[list[float]]


class EmbeddingsContract:
    """For classes that turn a framework's strings into vectors."""

    def make(self, **settings: Any) -> Any:
        """The adapter, for a model that takes text and pictures, with further settings."""
        raise NotImplementedError

    def embed_texts(self, adapter: Any, texts: list[str]) -> Vectors:
        """Documents given as the framework's strings."""
        raise NotImplementedError

    def aembed_texts(self, adapter: Any, texts: list[str]) -> Awaitable[Vectors]:
        """The asynchronous twin."""
        raise NotImplementedError

    def embed_query(self, adapter: Any, text: str) -> list[float]:
        """A query given as a string."""
        raise NotImplementedError

    def aembed_query(self, adapter: Any, text: str) -> Awaitable[list[float]]:
        """The asynchronous twin."""
        raise NotImplementedError

    def embed_pictures(self, adapter: Any, paths: list[str]) -> Vectors:
        """Picture files, by the framework's method for them."""
        raise NotImplementedError

    def aembed_pictures(self, adapter: Any, paths: list[str]) -> Awaitable[Vectors]:
        """The asynchronous twin."""
        raise NotImplementedError

    def test_nothing_in_nothing_out(self) -> None:
        adapter = self.make()
        assert self.embed_texts(adapter, []) == []
        assert self.embed_pictures(adapter, []) == []
        assert wait(self.aembed_texts(adapter, [])) == []
        assert wait(self.aembed_pictures(adapter, [])) == []

    def test_vectors_are_lists_of_python_floats(self, tmp_path: Path) -> None:
        adapter = self.make()
        vectors = self.embed_texts(adapter, [*TEXTS]) + self.embed_pictures(adapter, draw(tmp_path, "red"))
        vectors.append(self.embed_query(adapter, TEXTS[0]))
        assert len({len(vector) for vector in vectors}) == 1
        assert {type(vector) for vector in vectors} == {list}
        assert {type(value) for vector in vectors for value in vector} == {float}

    def test_order_and_company_do_not_matter(self, tmp_path: Path) -> None:
        adapter = self.make(store=STORE)
        texts = [*TEXTS, *reference_texts(draw(tmp_path, "red", "blue"))]
        together = self.embed_texts(adapter, texts)
        assert_close(self.embed_texts(adapter, texts[::-1])[::-1], together)
        assert_close([self.embed_texts(adapter, [text])[0] for text in texts], together)

    def test_async_gives_the_same(self, tmp_path: Path) -> None:
        adapter = self.make(store=STORE)
        pictures = draw(tmp_path, "red", "blue")
        texts = [*TEXTS, *reference_texts(pictures)]
        assert_close(wait(self.aembed_texts(adapter, texts)), self.embed_texts(adapter, texts))
        assert_close(wait(self.aembed_pictures(adapter, pictures)), self.embed_pictures(adapter, pictures))
        for query in texts:
            assert_close([wait(self.aembed_query(adapter, query))], [self.embed_query(adapter, query)])

    def test_a_picture_is_the_same_by_file_and_by_reference(self, tmp_path: Path) -> None:
        adapter = self.make(store=STORE)
        pictures = draw(tmp_path, "red", "blue")
        by_file = self.embed_pictures(adapter, pictures)
        assert_close(self.embed_texts(adapter, reference_texts(pictures)), by_file)
        assert not np.allclose(by_file[0], by_file[1], atol=CLOSE)

    def test_a_query_that_is_a_reference_finds_its_picture(self, tmp_path: Path) -> None:
        adapter = self.make(store=STORE)
        pictures = draw(tmp_path, "red", "blue", "green")
        vectors = np.array(self.embed_pictures(adapter, pictures))
        for index, text in enumerate(reference_texts(pictures)):
            assert int(np.argmax(vectors @ self.embed_query(adapter, text))) == index

    def test_a_query_that_spells_a_file_stays_text(self, tmp_path: Path) -> None:
        adapter = self.make()
        (picture,) = draw(tmp_path, "red")
        (seen,) = self.embed_pictures(adapter, [picture])
        for query in (picture, f"file://{picture}"):
            before = self.embed_query(adapter, query)
            assert not np.allclose(before, seen, atol=CLOSE)
            assert not np.allclose(self.embed_texts(adapter, [query])[0], seen, atol=CLOSE)

    def test_an_unknown_reference_is_an_error_that_names_digest_and_store(self) -> None:
        adapter = self.make(store=EMPTY_STORE)
        for work in (
            lambda: self.embed_texts(adapter, [str(ABSENT)]),
            lambda: self.embed_query(adapter, str(ABSENT)),
            lambda: wait(self.aembed_texts(adapter, [str(ABSENT)])),
            lambda: wait(self.aembed_query(adapter, str(ABSENT))),
        ):
            error = raised(UnknownReferenceError, work)
            assert ABSENT.digest in str(error)
            assert EMPTY_STORE in str(error)

    def test_an_error_names_the_position_of_its_text(self) -> None:
        adapter = self.make(store=EMPTY_STORE)
        assert raised(UnknownReferenceError, lambda: self.embed_texts(adapter, ["fine", str(ABSENT)])).index == 1
        assert raised(MediaReferenceError, lambda: self.embed_texts(adapter, ["fine", "<media://x>"])).index == 1

    def test_the_callers_texts_are_left_alone(self, tmp_path: Path) -> None:
        adapter = self.make(store=STORE)
        texts = ["  two\nlines  ", "", *reference_texts(draw(tmp_path, "red"))]
        before = copy.deepcopy(texts)
        self.embed_texts(adapter, texts)
        assert texts == before

    def test_copies_give_the_same_vectors(self) -> None:
        adapter = self.make(store=STORE)
        expected = self.embed_texts(adapter, [*TEXTS])
        for twin in copies(adapter):
            assert_close(self.embed_texts(twin, [*TEXTS]), expected)

    def test_unknown_settings_are_refused(self) -> None:
        assert "no_such_setting" in str(raised(ValueError, lambda: self.make(no_such_setting=1)))

    def test_fewer_dimensions_keep_the_leading_ones(self) -> None:
        full = np.array(self.embed_texts(self.make(), [*TEXTS]))
        half = full.shape[1] // 2
        short = np.array(self.embed_texts(self.make(truncate_dim=half), [*TEXTS]))
        assert short.shape == (len(TEXTS), half)
        cosines = np.sum(normalised(full[:, :half]) * normalised(short), axis=1)
        assert np.allclose(cosines, 1, atol=CLOSE)
