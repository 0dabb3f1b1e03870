"""Scores of pairs for LangChain's own rerankers."""

import copy
import pickle

import pytest
from langchain_classic.retrievers.document_compressors import CrossEncoderReranker
from tests.pictures import draw_pictures

from medialens.errors import InputError, MediaReferenceError, UnknownReferenceError
from medialens.langchain import MediaCrossEncoder, MediaReranker, media_document
from medialens.testing.contracts.checks import ABSENT, EMPTY_STORE

STORE = "memory://langchain-cross-encoder"


@pytest.fixture
def documents(tmp_path):
    return [
        media_document(path, store=STORE, metadata={"name": name}) for name, path in draw_pictures(tmp_path).items()
    ]


async def test_the_stock_reranker_finds_the_picture_that_was_asked_for(documents, fakes):
    stock = CrossEncoderReranker(model=MediaCrossEncoder(store=STORE), top_n=1)
    for query in ("a green picture", documents[2].page_content):
        for kept in (stock.compress_documents(documents, query), await stock.acompress_documents(documents, query)):
            assert [one.metadata["name"] for one in kept] == ["a green picture"]
    assert stock.compress_documents([], "a green picture") == []


async def test_scores_are_those_of_the_reranker_as_python_floats(documents, fakes):
    encoder = MediaCrossEncoder(store=STORE)
    pairs = [("a green picture", one.page_content) for one in documents]
    scores = encoder.score(pairs)
    assert {type(score) for score in scores} == {float}
    assert await encoder.ascore(pairs) == scores
    ranked = MediaReranker(store=STORE, top_n=None).rerank(documents, "a green picture")
    assert {one["index"]: one["relevance_score"] for one in ranked} == pytest.approx(dict(enumerate(scores)))
    assert encoder.score_kind == MediaReranker(store=STORE).score_kind


async def test_nothing_is_nothing_without_a_model(tmp_path):
    encoder = MediaCrossEncoder(model=str(tmp_path / "no-such-model"))
    assert encoder.score([]) == await encoder.ascore([]) == []


def test_errors_name_the_pair(fakes):
    encoder = MediaCrossEncoder(store=EMPTY_STORE)
    with pytest.raises(UnknownReferenceError, match=ABSENT.digest) as caught:
        encoder.score([("fine", "fine"), ("fine", str(ABSENT))])
    assert caught.value.index == 1
    with pytest.raises(MediaReferenceError) as malformed:
        encoder.score([("fine", "fine"), ("fine", "<media://x>")])
    assert malformed.value.index == 1
    for pair in (("one", "two", "three"), ("one",), "ab", None):
        with pytest.raises(InputError, match=r"item 1: expected a pair \(query, document\)"):
            encoder.score([("fine", "fine"), pair])


def test_copies_are_equal_and_unknown_settings_are_refused():
    encoder = MediaCrossEncoder(model_name="demo", instruction="find it")
    assert pickle.loads(pickle.dumps(encoder)) == copy.deepcopy(encoder) == encoder  # noqa: S301  # written here
    with pytest.raises(ValueError, match="no_such_setting"):
        MediaCrossEncoder(no_such_setting=1)


def test_a_query_and_a_document_may_both_be_text(fakes):
    (near, far) = MediaCrossEncoder().score([("a cat", "a cat"), ("a cat", "two dogs")])
    assert near > far
