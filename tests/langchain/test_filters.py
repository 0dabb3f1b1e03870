"""How each vector store is asked for one kind of medium alone, by vector, on both roads."""

import asyncio
import uuid

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.vectorstores import InMemoryVectorStore
from tests.langchain.vector_stores import QUIETLY, STORES, open_store

from medialens.langchain import MediaRetriever
from medialens.langchain.stores import MODALITIES, Search, asearch, modality_filter, search

# Seven stores bring much to import, and PostgreSQL has to start.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), *(pytest.mark.filterwarnings(line) for line in QUIETLY)]

EMBEDDINGS = DeterministicFakeEmbedding(size=16)
KINDS = ("image", "audio", "video", "text")


def documents(plain):
    """Three of each kind, and three of somebody else, with the metadata that are given."""
    known = [
        Document(f"{kind} {number}", metadata={"source": f"s{number}", "media_type": kind})
        for kind in KINDS
        for number in range(3)
    ]
    return [*known, *(Document(f"plain {number}", metadata={"source": f"s{number}", **plain}) for number in range(3))]


@pytest.fixture(params=STORES)
def store(request, tmp_path):
    if request.param == "PGVector":
        request.getfixturevalue("postgres_address")
    with open_store(request.param, EMBEDDINGS, tmp_path / f"filters-{uuid.uuid4().hex}") as store:
        # LanceDB reads no table whose documents have different keys; all others do.
        plain = {"media_type": ""} if request.param == "LanceDB" else {}
        for document in documents(plain):  # one by one: plain ones come after the columns are fixed
            store.add_documents([document], ids=[str(uuid.uuid4())])
        yield store


def contents(found):
    return sorted(document.page_content for document, _ in found)


def names(*kinds):
    return sorted(f"{kind} {number}" for kind in kinds for number in range(3))


async def test_each_kind_alone_and_everything_else_as_text_on_both_roads(store):
    vector = EMBEDDINGS.embed_query("plain 1")
    searches = [Search(k=20, arguments=modality_filter(store, kind)) for kind in MODALITIES]
    expected = {"text": names("text", "plain"), **{kind: names(kind) for kind in ("image", "audio", "video")}}
    found = search(store, vector, [*searches, Search(k=20)])
    assert dict(zip(MODALITIES, map(contents, found), strict=False)) == expected
    assert contents(found[-1]) == names(*KINDS, "plain")
    assert [[type(score) for _, score in one] for one in found] == [[float] * len(one) for one in found]
    assert list(map(contents, await asearch(store, vector, searches))) == list(map(contents, found[:-1]))
    # Best first, whichever way the store counts: what was asked for stands at the top.
    assert found[0][0][0].page_content == found[-1][0][0].page_content == "plain 1"


async def test_the_nearest_of_each_kind_are_found_however_many_others_are_nearer(store):
    retriever = MediaRetriever(vector_store=store, embeddings=EMBEDDINGS, k=4, fetch_k=1)
    found = retriever.invoke("plain 1")
    assert (found[0].metadata.get("media_type") or "text") == "text"
    assert sorted(one.metadata.get("media_type") or "text" for one in found) == ["audio", "image", "text", "video"]
    there = await retriever.ainvoke("plain 1")
    assert [one.page_content for one in there] == [one.page_content for one in found]


def filters_by_source(store):
    """Every way in which users of this store say that the source is s1."""
    name = type(store).__name__
    if name == "QdrantVectorStore":
        from qdrant_client import models

        condition = models.FieldCondition(key="metadata.source", match=models.MatchValue(value="s1"))
        return [{"filter": models.Filter(must=[condition])}]
    if name == "FAISS":
        return [{"filter": {"source": "s1"}}, {"filter": lambda metadata: metadata["source"] == "s1"}]
    if name == "LanceDB":
        return [{"filter": "metadata.source = 's1' or 1 = 0"}, {"filter": {"metadata.source": "s1"}}]
    others = {
        "InMemoryVectorStore": {"filter": lambda document: document.metadata["source"] == "s1"},
        "Milvus": {"expr": 'source == "s1" or source == "none"'},
    }
    return [others.get(name, {"filter": {"source": "s1"}})]


async def test_a_filter_of_ones_own_holds_for_each_kind_and_for_all_at_once(store):
    expected = ["audio 1", "image 1", "plain 1", "text 1", "video 1"]
    retriever = MediaRetriever(vector_store=store, embeddings=EMBEDDINGS, k=9)
    everything = MediaRetriever(vector_store=store, embeddings=EMBEDDINGS, k=9, fetch_k=9, modality_filters={})
    for own in filters_by_source(store):
        fixed = MediaRetriever(vector_store=store, embeddings=EMBEDDINGS, k=9, search_kwargs=own)
        for found in (
            fixed.invoke("plain 1"),
            await fixed.ainvoke("plain 1"),
            retriever.invoke("plain 1", **own),
            everything.invoke("plain 1", **own),
        ):
            assert sorted(one.page_content for one in found) == expected
    assert len(retriever.invoke("plain 1", k=15)) == 15


def test_one_event_loop_after_the_other_can_search(store):
    retriever = MediaRetriever(vector_store=store, embeddings=EMBEDDINGS, k=4)
    first, second = (asyncio.run(retriever.ainvoke("plain 1")) for _ in range(2))
    assert [one.page_content for one in first] == [one.page_content for one in second]
    assert len(first) == 4


def test_subclasses_are_asked_like_their_base_and_others_not_at_all():
    class Mine(InMemoryVectorStore):
        pass

    assert modality_filter(Mine(EMBEDDINGS), "image") is not None

    class Other:
        pass

    assert modality_filter(Other(), "image") is None
