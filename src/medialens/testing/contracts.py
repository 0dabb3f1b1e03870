"""What every adapter promises, as test classes to subclass.

A framework's test says how its adapter is called, in a few one-line methods, and inherits the tests:

    class TestMediaEmbeddings(EmbeddingsContract):
        def make(self, **settings):
            return MediaEmbeddings(model="demo", **settings)

        def embed_texts(self, adapter, texts):
            return adapter.embed_documents(texts)
        ...

The tests need pytest's ``tmp_path`` and nothing else of it. They draw their own pictures and hold for any model
that takes text and pictures; what a model knows about the world is not their business.
"""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
import PIL.Image

from medialens.errors import MediaReferenceError, UnknownReferenceError
from medialens.media.reference import MediaReference
from medialens.retrieval.description import describe
from medialens.retrieval.references import compose

Vectors: TypeAlias = list[list[float]]
Ranking: TypeAlias = list[tuple[int, float]]

_Error = TypeVar("_Error", bound=Exception)

ABSENT = MediaReference(digest="0" * 64, mime_type="image/png")
TEXTS = ("a red square", "two blue circles beside a tall green tree", "night")
CLOSE = 1e-4
"""How far two roads to one vector may lie apart: float32 noise of different batches, in unit vectors."""


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
        adapter = self.make(store="memory://contract")
        texts = [*TEXTS, *reference_texts(draw(tmp_path, "red", "blue"))]
        together = self.embed_texts(adapter, texts)
        assert_close(self.embed_texts(adapter, texts[::-1])[::-1], together)
        assert_close([self.embed_texts(adapter, [text])[0] for text in texts], together)

    def test_async_gives_the_same(self, tmp_path: Path) -> None:
        adapter = self.make(store="memory://contract")
        pictures = draw(tmp_path, "red", "blue")
        texts = [*TEXTS, *reference_texts(pictures)]
        assert_close(wait(self.aembed_texts(adapter, texts)), self.embed_texts(adapter, texts))
        assert_close(wait(self.aembed_pictures(adapter, pictures)), self.embed_pictures(adapter, pictures))
        for query in texts:
            assert_close([wait(self.aembed_query(adapter, query))], [self.embed_query(adapter, query)])

    def test_a_picture_is_the_same_by_file_and_by_reference(self, tmp_path: Path) -> None:
        adapter = self.make(store="memory://contract")
        pictures = draw(tmp_path, "red", "blue")
        by_file = self.embed_pictures(adapter, pictures)
        assert_close(self.embed_texts(adapter, reference_texts(pictures)), by_file)
        assert not np.allclose(by_file[0], by_file[1], atol=CLOSE)

    def test_a_query_that_is_a_reference_finds_its_picture(self, tmp_path: Path) -> None:
        adapter = self.make(store="memory://contract")
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
        adapter = self.make(store="memory://contract-empty")
        for work in (
            lambda: self.embed_texts(adapter, [str(ABSENT)]),
            lambda: self.embed_query(adapter, str(ABSENT)),
            lambda: wait(self.aembed_texts(adapter, [str(ABSENT)])),
            lambda: wait(self.aembed_query(adapter, str(ABSENT))),
        ):
            error = raised(UnknownReferenceError, work)
            assert ABSENT.digest in str(error)
            assert "contract-empty" in str(error)

    def test_an_error_names_the_position_of_its_text(self) -> None:
        adapter = self.make(store="memory://contract-empty")
        assert raised(UnknownReferenceError, lambda: self.embed_texts(adapter, ["fine", str(ABSENT)])).index == 1
        assert raised(MediaReferenceError, lambda: self.embed_texts(adapter, ["fine", "<media://x>"])).index == 1

    def test_the_callers_texts_are_left_alone(self, tmp_path: Path) -> None:
        adapter = self.make(store="memory://contract")
        texts = ["  two\nlines  ", "", *reference_texts(draw(tmp_path, "red"))]
        before = copy.deepcopy(texts)
        self.embed_texts(adapter, texts)
        assert texts == before

    def test_copies_give_the_same_vectors(self) -> None:
        adapter = self.make(store="memory://contract")
        expected = self.embed_texts(adapter, [*TEXTS])
        for twin in copies(adapter):
            assert_close(self.embed_texts(twin, [*TEXTS]), expected)

    def test_unknown_settings_are_refused(self) -> None:
        assert "no_such_setting" in str(raised(ValueError, lambda: self.make(no_such_setting=1)))

    def test_fewer_dimensions_keep_the_leading_ones(self) -> None:
        full = np.array(self.embed_texts(self.make(), [*TEXTS]))
        short = np.array(self.embed_texts(self.make(truncate_dim=3), [*TEXTS]))
        assert short.shape == (len(TEXTS), 3)
        cosines = np.sum(normalised(full[:, :3]) * normalised(short), axis=1)
        assert np.allclose(cosines, 1, atol=CLOSE)


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
        adapter = self.make(store="memory://contract", top_n=None)
        texts = [*TEXTS, *reference_texts(draw(tmp_path, "red", "blue"))]
        there, here = wait(self.arerank(adapter, TEXTS[0], texts)), self.rerank(adapter, TEXTS[0], texts)
        assert [index for index, _ in there] == [index for index, _ in here]
        assert_close([[score for _, score in there]], [[score for _, score in here]])

    def test_a_picture_query_finds_itself(self, tmp_path: Path) -> None:
        adapter = self.make(store="memory://contract", top_n=1)
        texts = reference_texts(draw(tmp_path, "red", "blue", "green"))
        for index, text in enumerate(texts):
            assert self.rerank(adapter, text, texts)[0][0] == index

    def test_an_unknown_reference_is_an_error_that_names_digest_and_store(self) -> None:
        adapter = self.make(store="memory://contract-empty")
        for query, texts in ((TEXTS[0], ["fine", str(ABSENT)]), (str(ABSENT), ["fine"])):
            error = raised(UnknownReferenceError, lambda query=query, texts=texts: self.rerank(adapter, query, texts))
            assert ABSENT.digest in str(error)
            assert "contract-empty" in str(error)

    def test_copies_give_the_same_ranking(self) -> None:
        adapter = self.make(top_n=2)
        expected = self.rerank(adapter, TEXTS[0], [*TEXTS])
        for twin in copies(adapter):
            assert self.rerank(twin, TEXTS[0], [*TEXTS]) == expected

    def test_unknown_settings_are_refused(self) -> None:
        assert "no_such_setting" in str(raised(ValueError, lambda: self.make(no_such_setting=1)))


def draw(folder: Path, *colours: str) -> list[str]:
    """Paths of new pictures of one colour each, in sizes that differ."""
    paths = []
    for index, colour in enumerate(colours):
        path = folder / f"{index}-{colour}.png"
        PIL.Image.new("RGB", (48 + 8 * index, 40), colour).save(path)
        paths.append(str(path))
    return paths


def reference_texts(paths: Sequence[str], store: str = "memory://contract") -> list[str]:
    """The strings that stand for picture files which `store` now knows."""
    return [compose("", describe(path, store=store).reference) for path in paths]


def copies(adapter: Any) -> list[Any]:
    """The adapter after pickling and after deep copying."""
    return [pickle.loads(pickle.dumps(adapter)), copy.deepcopy(adapter)]  # noqa: S301  # written one call before


def wait(awaitable: Awaitable[Any]) -> Any:
    """The result, on an event loop of its own."""

    async def run() -> Any:
        return await awaitable

    return asyncio.run(run())


def raised(kind: type[_Error], work: Callable[[], Any]) -> _Error:
    """The error of that kind which `work` must raise."""
    try:
        result = work()
    except kind as error:
        return error
    msg = f"expected {kind.__name__}, got {result!r:.200}"
    raise AssertionError(msg)


def normalised(vectors: Any) -> Any:
    """Each row at length one."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def assert_close(got: Any, expected: Any) -> None:
    """All values within the noise of float32."""
    np.testing.assert_allclose(np.array(got), np.array(expected), atol=CLOSE)
