"""The contracts hold for an honest adapter, and each promise is broken by an adapter that breaks it."""

import asyncio
import hashlib
import io
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from medialens.inputs import Image, Item, Text
from medialens.media.store import open_store
from medialens.retrieval.references import query_to_item, to_items
from medialens.testing.contracts import EmbeddingsContract, RerankerContract
from medialens.testing.contracts.checks import TEXTS

DIMENSION = 8


def vector_of(item):
    """Texts lie at random, pictures by their colour; parts add up."""
    total = np.zeros(DIMENSION)
    for part in item.parts:
        total += text_vector(part.text) if isinstance(part, Text) else picture_vector(part)
    return total / np.linalg.norm(total)


def text_vector(text):
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])
    return np.random.default_rng(seed).normal(size=DIMENSION)


def picture_vector(part):
    source = part.source
    data = open_store(part.store).read(source) if source.startswith("<media://") else Path(source).read_bytes()
    with PIL.Image.open(io.BytesIO(data)) as image:
        mean = np.asarray(image.convert("RGB")).mean((0, 1)) / 255
    return np.concatenate([mean - 0.5, np.full(DIMENSION - 3, 0.1)])


class Honest:
    """An adapter of a made-up framework."""

    def __init__(self, *, store=None, truncate_dim=None):
        self.store, self.truncate_dim = store, truncate_dim

    def embed(self, items):
        vectors = []
        for index, item in enumerate(items):
            try:
                vectors.append(vector_of(item)[: self.truncate_dim].tolist())
            except LookupError as error:
                raise error.at(index) from error
        return vectors

    def texts(self, texts):
        return self.embed(to_items(texts, store=self.store))

    def query(self, text):
        return self.embed([query_to_item(text, store=self.store)])[0]

    def pictures(self, paths):
        return self.embed([Item(Image(path)) for path in paths])


class TestHonestEmbeddings(EmbeddingsContract):
    adapter = Honest

    def make(self, **settings):
        try:
            return self.adapter(**settings)
        except TypeError as error:
            raise ValueError(*error.args) from error

    def embed_texts(self, adapter, texts):
        return adapter.texts(texts)

    async def aembed_texts(self, adapter, texts):
        return adapter.texts(texts)

    def embed_query(self, adapter, text):
        return adapter.query(text)

    async def aembed_query(self, adapter, text):
        return adapter.query(text)

    def embed_pictures(self, adapter, paths):
        return adapter.pictures(paths)

    async def aembed_pictures(self, adapter, paths):
        return adapter.pictures(paths)


class NumpyFloats(Honest):
    def texts(self, texts):
        return [list(np.array(vector)) for vector in super().texts(texts)]


class FirstLosesItsPlace(Honest):
    def texts(self, texts):
        return super().texts(sorted(texts))


class NeighboursMatter(Honest):
    def texts(self, texts):
        return [[value + 0.01 * len(texts) for value in vector] for vector in super().texts(texts)]


class ReferencesAreText(Honest):
    def texts(self, texts):
        return [text_vector(text).tolist() for text in texts]


class GuessesPaths(Honest):
    def query(self, text):
        path = text.removeprefix("file://")
        return self.pictures([path])[0] if path.startswith("/") else super().query(text)


class StripsTheCallersTexts(Honest):
    def texts(self, texts):
        texts[:] = [text.strip() for text in texts]
        return super().texts(texts)


class TakesAnySetting(Honest):
    def __init__(self, **settings):
        super().__init__(store=settings.get("store"), truncate_dim=settings.get("truncate_dim"))


class CannotBePickled(Honest):
    def __init__(self, **settings):
        super().__init__(**settings)
        self.handle = lambda: None


class IgnoresTruncation(Honest):
    def __init__(self, *, store=None, truncate_dim=None):
        super().__init__(store=store)


@pytest.mark.parametrize(
    ("adapter", "promise"),
    [
        (NumpyFloats, "test_vectors_are_lists_of_python_floats"),
        (FirstLosesItsPlace, "test_order_and_company_do_not_matter"),
        (NeighboursMatter, "test_order_and_company_do_not_matter"),
        (ReferencesAreText, "test_a_picture_is_the_same_by_file_and_by_reference"),
        (ReferencesAreText, "test_an_unknown_reference_is_an_error_that_names_digest_and_store"),
        (ReferencesAreText, "test_an_error_names_the_position_of_its_text"),
        (GuessesPaths, "test_a_query_that_spells_a_file_stays_text"),
        (StripsTheCallersTexts, "test_the_callers_texts_are_left_alone"),
        (TakesAnySetting, "test_unknown_settings_are_refused"),
        (CannotBePickled, "test_copies_give_the_same_vectors"),
        (IgnoresTruncation, "test_fewer_dimensions_keep_the_leading_ones"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_broken_promise_of_embeddings_is_noticed(adapter, promise, tmp_path):
    assert_fails(TestHonestEmbeddings, adapter, promise, tmp_path)


class HonestOrder:
    """A reranker of a made-up framework: scores are similarities of `Honest`'s vectors."""

    def __init__(self, *, model="demo", store=None, top_n=3, score_threshold=None):
        self.model, self.store, self.top_n, self.threshold = model, store, top_n, score_threshold

    def score(self, query, texts):
        honest = Honest(store=self.store)
        asked = honest.query(query)
        return [float(np.dot(asked, vector)) for vector in honest.texts(texts)]

    def rank(self, query, texts):
        if texts and self.model != "demo":
            raise FileNotFoundError(self.model)
        scores = self.score(query, texts)
        order = sorted(range(len(texts)), key=lambda index: -scores[index])[: self.top_n]
        return [(index, scores[index]) for index in order if self.threshold is None or scores[index] >= self.threshold]


class TestHonestOrder(RerankerContract):
    adapter = HonestOrder

    def make(self, **settings):
        try:
            return self.adapter(**settings)
        except TypeError as error:
            raise ValueError(*error.args) from error

    def rerank(self, adapter, query, texts):
        return adapter.rank(query, texts)

    async def arerank(self, adapter, query, texts):
        await asyncio.sleep(0)
        return adapter.rank(query, texts)


class WorstFirst(HonestOrder):
    def rank(self, query, texts):
        return super().rank(query, texts)[::-1]


class TiesTurnAround(HonestOrder):
    def rank(self, query, texts):
        return [(len(texts) - 1 - index, score) for index, score in super().rank(query, texts[::-1])]


class CutsBeforeSorting(HonestOrder):
    def rank(self, query, texts):
        return super().rank(query, texts[: self.top_n])


class NumpyScores(HonestOrder):
    def score(self, query, texts):
        return list(np.array(super().score(query, texts)))


class LoadsForNothing(HonestOrder):
    def rank(self, query, texts):
        if self.model != "demo":
            raise FileNotFoundError(self.model)
        return super().rank(query, texts)


class ForgetsTheThreshold(HonestOrder):
    def __init__(self, *, score_threshold=None, **settings):
        super().__init__(**settings)


@pytest.mark.parametrize(
    ("adapter", "promise"),
    [
        (WorstFirst, "test_best_first_with_python_floats"),
        (NumpyScores, "test_best_first_with_python_floats"),
        (TiesTurnAround, "test_ties_keep_their_order"),
        (CutsBeforeSorting, "test_top_n_cuts_after_sorting"),
        (LoadsForNothing, "test_nothing_in_nothing_out_without_a_model"),
        (ForgetsTheThreshold, "test_a_threshold_keeps_scores_of_at_least_that"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_broken_promise_of_rerankers_is_noticed(adapter, promise, tmp_path):
    assert_fails(TestHonestOrder, adapter, promise, tmp_path)


def assert_fails(contract, adapter, promise, tmp_path):
    broken = type(f"Broken{contract.__name__}", (contract,), {"adapter": adapter})
    test = getattr(broken(), promise)
    arguments = [tmp_path] if "tmp_path" in test.__code__.co_varnames[: test.__code__.co_argcount] else []
    with pytest.raises((AssertionError, FileNotFoundError, AttributeError, TypeError)):
        test(*arguments)


def test_the_texts_of_the_contracts_differ():
    assert len({tuple(text_vector(text)) for text in TEXTS}) == len(TEXTS)
