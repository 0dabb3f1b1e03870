"""LangChain's reranker: our contract, and what is particular to Documents."""

import base64

import pytest
from langchain_classic.retrievers import ContextualCompressionRetriever
from langchain_core.documents import Document
from langchain_core.messages import HumanMessage
from langchain_core.vectorstores import InMemoryVectorStore
from tests.look_alikes import LOOK_ALIKES, refuse_io
from tests.pictures import draw_picture, draw_pictures

from medialens.errors import MediaNotFoundError, MediaReferenceError, UnsupportedModalityError
from medialens.inputs import Image
from medialens.langchain import MediaEmbeddings, MediaReranker, media_document
from medialens.media.store import open_store
from medialens.testing.contracts import RerankerContract

STORE = "memory://langchain-reranker"


def positions(documents, kept):
    order = [document.metadata["position"] for document in documents]
    return [(order.index(one.metadata["position"]), one.metadata["relevance_score"]) for one in kept]


def numbered(texts):
    return [Document(text, metadata={"position": index}) for index, text in enumerate(texts)]


class TestContract(RerankerContract):
    def make(self, **settings):
        # A dual encoder, because it knows any picture as itself, drawing or not.
        return MediaReranker(**{"model": "demo", **settings})

    def rerank(self, adapter, query, texts):
        documents = numbered(texts)
        return positions(documents, adapter.compress_documents(documents, query))

    async def arerank(self, adapter, query, texts):
        documents = numbered(texts)
        return positions(documents, await adapter.acompress_documents(documents, query))


@pytest.fixture
def documents(tmp_path):
    return [
        media_document(path, store=STORE, metadata={"name": name}) for name, path in draw_pictures(tmp_path).items()
    ]


def test_incoming_documents_are_left_alone_and_copies_keep_their_ids(documents):
    documents = [one.model_copy(update={"id": f"id-{number}"}) for number, one in enumerate(documents)]
    before = [one.model_dump() for one in documents]
    kept = MediaReranker(store=STORE, top_n=None).compress_documents(documents, "a red picture")
    assert [one.model_dump() for one in documents] == before
    by_id = {one.id: one for one in documents}
    for one in kept:
        original = by_id[one.id]
        assert one.page_content == original.page_content
        assert {key: one.metadata[key] for key in original.metadata} == original.metadata
        assert type(one.metadata["relevance_score"]) is float


def test_an_earlier_stages_score_stays(documents):
    found = [one.model_copy(update={"metadata": {**one.metadata, "retrieval_score": 0.5}}) for one in documents]
    kept = MediaReranker(store=STORE).compress_documents(found, "a red picture")
    assert {one.metadata["retrieval_score"] for one in kept} == {0.5}


def test_the_score_kind_is_told():
    assert MediaReranker().score_kind == "probability"


def test_a_medium_that_the_model_lacks_names_the_document():
    sound = open_store(STORE).put(b"RIFF\0\0\0\0WAVE", mime_type="audio/wav")
    with pytest.raises(UnsupportedModalityError, match=r"item 1.*audio"):
        MediaReranker(store=STORE).compress_documents([Document("text"), Document(str(sound))], "a red picture")


async def test_in_a_retrieval_chain_the_picture_that_was_asked_for_comes_first(documents, fakes):
    store = InMemoryVectorStore(MediaEmbeddings(store=STORE))
    store.add_documents(documents)
    chain = ContextualCompressionRetriever(
        base_compressor=MediaReranker(store=STORE, top_n=2), base_retriever=store.as_retriever(search_kwargs={"k": 4})
    )
    for name in ("a red picture", "a blue picture", "a green picture"):
        for kept in (chain.invoke(name), await chain.ainvoke(name)):
            assert [len(kept), kept[0].metadata["name"]] == [2, name]


async def test_any_form_of_a_query_finds_the_picture(documents, fakes, tmp_path):
    reranker = MediaReranker(store=STORE, top_n=1)
    path = draw_picture(tmp_path / "like.png", "lime")
    block = {"type": "image", "base64": base64.b64encode(path.read_bytes()).decode(), "mime_type": "image/png"}
    reference = documents[2].page_content
    queries = [
        *("a green picture", reference, Image(path), block, [{"type": "text", "text": "a picture like this"}, block]),
        *([{"type": "image", "media_ref": reference}], HumanMessage([block])),
    ]
    for query in queries:
        for kept in (
            reranker.compress_documents(documents, query),
            await reranker.acompress_documents(documents, query),
        ):
            assert [one.metadata["name"] for one in kept] == ["a green picture"]


async def test_positions_and_scores_alone(documents, fakes):
    reranker = MediaReranker(store=STORE, top_n=2)
    kept = reranker.compress_documents(documents, "a green picture")
    ranked = reranker.rerank(documents, "a green picture")
    assert [(documents[one["index"]].metadata["name"], one["relevance_score"]) for one in ranked] == [
        (one.metadata["name"], one.metadata["relevance_score"]) for one in kept
    ]
    assert reranker.rerank([one.page_content for one in documents], "a green picture") == ranked
    assert await reranker.arerank(documents, "a green picture") == ranked
    assert reranker.rerank([], "x") == await reranker.arerank([], "x") == []


def test_scores_of_all_stages_stand_beside_each_other(documents, fakes):
    scores = {"retrieval_score": 0.5, "fusion_score": 0.25, "lexical_score": 3.0}
    found = [one.model_copy(update={"metadata": {**one.metadata, **scores}}) for one in documents]
    for kept in MediaReranker(store=STORE).compress_documents(found, "a red picture"):
        assert {name: kept.metadata[name] for name in scores} == scores


@pytest.fixture
def damaged(documents, tmp_path):
    """What was fine when it was indexed: a file that changed, one that went, a reference that was cut."""
    changed, gone = draw_picture(tmp_path / "changed.png", "pink"), draw_picture(tmp_path / "gone.png", "navy")
    facts = [media_document(path, store=STORE, metadata={"name": path.stem}) for path in (changed, gone)]
    draw_picture(changed, "orange")
    gone.unlink()
    cut = Document(documents[0].page_content[:60], metadata={"name": "cut", "relevance_score": 0.9})
    return [facts[0], documents[0], cut, documents[1], facts[1]]


@pytest.mark.parametrize(("top_n", "expected"), [(None, 5), (4, 4), (1, 1)])
async def test_documents_that_cannot_be_read_fail_the_question_or_come_last(damaged, fakes, caplog, top_n, expected):
    with pytest.raises(MediaReferenceError, match="item 2: "):
        MediaReranker(store=STORE).compress_documents(damaged, "a red picture")
    del caplog.records[:]
    reranker = MediaReranker(store=STORE, errors="last", top_n=top_n)
    kept = reranker.compress_documents(damaged, "a red picture")
    names = ["a red picture", "a blue picture", "changed", "cut", "gone"]
    assert [one.metadata["name"] for one in kept] == names[:expected]
    assert ["relevance_score" in one.metadata for one in kept] == [True, True, False, False, False][:expected]
    assert sorted(record.message.partition("item ")[2][:1] for record in caplog.records) == ["0", "2", "4"]
    assert await reranker.acompress_documents(damaged, "a red picture") == kept
    ranked = reranker.rerank(damaged, "a red picture")
    assert [one["index"] for one in ranked] == [1, 3, 0, 2, 4][:expected]
    assert [one["relevance_score"] is None for one in ranked] == [False, False, True, True, True][:expected]


def test_a_question_that_cannot_be_read_is_an_error_all_the_same(documents, fakes, tmp_path):
    reranker = MediaReranker(store=STORE, errors="last")
    with pytest.raises(MediaNotFoundError, match=r"absent\.png"):
        reranker.compress_documents(documents, Image(tmp_path / "absent.png"))
    everything_cut = [Document(one.page_content[:60]) for one in documents]
    assert len(reranker.compress_documents(everything_cut, "a red picture")) == 3


def test_a_text_model_refuses_a_picture_and_names_the_document(documents, tiny_cross_encoder):
    reranker = MediaReranker(model=str(tiny_cross_encoder), store=STORE)
    with pytest.raises(UnsupportedModalityError, match=r"item 1: .*text"):
        reranker.compress_documents([Document("text"), documents[0]], "a red picture")


def test_texts_that_look_like_a_way_to_a_medium_cause_no_io(fakes):
    reranker = MediaReranker(store=STORE, top_n=None)
    looks = [Document(text) for text in LOOK_ALIKES]
    reranker.compress_documents(looks, "loads the model")
    with pytest.MonkeyPatch.context() as patch:
        tried = refuse_io(patch)
        ranked = [reranker.compress_documents(looks, text) for text in LOOK_ALIKES]
    assert tried == []
    assert [len(one) for one in ranked] == [len(looks)] * len(LOOK_ALIKES)
