"""LlamaIndex's reranker: our contract, and what is particular to nodes, queries and events."""

import pytest
from llama_index.core import VectorStoreIndex
from llama_index.core.callbacks import CallbackManager, CBEventType, EventPayload, LlamaDebugHandler
from llama_index.core.llms.mock import MockLLM
from llama_index.core.schema import ImageNode, MediaResource, MetadataMode, Node, NodeWithScore, QueryBundle, TextNode
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.event_handlers import BaseEventHandler
from tests.llama_index.files import write_tone
from tests.pictures import draw_picture, draw_pictures

from medialens.errors import MediaNotFoundError, UnsupportedModalityError
from medialens.llama_index import MediaEmbedding, MediaRerank, media_node
from medialens.testing.contracts import RerankerContract

STORE = "memory://llama-index-reranker"


def found(texts):
    return [NodeWithScore(node=TextNode(id_=f"n-{index}", text=text), score=0.5) for index, text in enumerate(texts)]


def positions(kept):
    return [(int(one.node.node_id.removeprefix("n-")), one.score) for one in kept]


class TestContract(RerankerContract):
    def make(self, **settings):
        # A dual encoder, because it knows any picture as itself, drawing or not.
        return MediaRerank(**{"model": "demo", **settings})

    def rerank(self, adapter, query, texts):
        return positions(adapter.postprocess_nodes(found(texts), query_str=query))

    async def arerank(self, adapter, query, texts):
        return positions(await adapter.apostprocess_nodes(found(texts), query_str=query))


@pytest.fixture
def pictures(tmp_path):
    return draw_pictures(tmp_path)


@pytest.fixture
def hits(pictures):
    return [
        NodeWithScore(node=media_node(path, store=STORE, metadata={"name": name}), score=number / 10)
        for number, (name, path) in enumerate(pictures.items())
    ]


def test_incoming_nodes_are_left_alone(hits):
    before = [one.model_dump() for one in hits]
    for keep in (False, True):
        kept = MediaRerank(store=STORE, keep_retrieval_score=keep).postprocess_nodes(hits, query_str="a red picture")
        assert not {id(one) for one in kept} & {id(one) for one in hits}
    assert [one.model_dump() for one in hits] == before


def test_the_retrieval_score_is_kept_on_request(hits):
    kept = MediaRerank(store=STORE, keep_retrieval_score=True, top_n=None).postprocess_nodes(hits, query_str="x")
    by_id = {one.node_id: one.score for one in hits}
    assert len(kept) == 4
    assert all(one.metadata["retrieval_score"] == by_id[one.node_id] for one in kept)
    plain = MediaRerank(store=STORE, top_n=None).postprocess_nodes(hits, query_str="x")
    assert all("retrieval_score" not in one.metadata for one in plain)


async def test_the_picture_of_a_query_counts(hits, pictures):
    reranker = MediaRerank(model="demo", store=STORE, top_n=1)
    for name, path in pictures.items():
        query = QueryBundle("", image_path=str(path))
        assert reranker.postprocess_nodes(hits, query)[0].metadata["name"] == name
        assert (await reranker.apostprocess_nodes(hits, query))[0].metadata["name"] == name


def test_pictures_of_every_node_kind_count(pictures):
    path = pictures["a red picture"]
    hits = [
        NodeWithScore(node=node)
        for node in (
            ImageNode(image_path=str(path)),
            Node(image_resource=MediaResource(path=path)),
            media_node(path, store=STORE),
        )
    ]
    kept = MediaRerank(store=STORE, top_n=None).postprocess_nodes(hits, query_str="a red picture")
    assert [one.node_id for one in kept] == [one.node_id for one in hits]
    assert kept[0].score == pytest.approx(kept[1].score) == pytest.approx(kept[2].score)


def test_a_medium_that_the_model_lacks_names_its_node(hits, tmp_path):
    sound = NodeWithScore(node=media_node(write_tone(tmp_path), store=STORE))
    with pytest.raises(UnsupportedModalityError, match=rf"node '{sound.node_id}' about .*tone\.wav.*audio"):
        MediaRerank(store=STORE).postprocess_nodes([*hits, sound], query_str="a red picture")


async def test_a_node_that_cannot_be_read_is_an_error_or_comes_last(hits, tmp_path):
    gone = draw_picture(tmp_path / "gone.png", "purple")
    broken = NodeWithScore(node=media_node(gone, store=STORE, metadata={"name": "gone"}), score=1.0)
    gone.unlink()
    with pytest.raises(MediaNotFoundError, match=rf"node '{broken.node_id}'.*gone\.png"):
        MediaRerank(store=STORE).postprocess_nodes([broken, *hits], query_str="a red picture")
    for top_n, length in ((None, 5), (5, 5), (4, 4)):
        reranker = MediaRerank(store=STORE, top_n=top_n, errors="last")
        kept = reranker.postprocess_nodes([broken, *hits], query_str="a red picture")
        assert len(kept) == length
        assert kept[0].metadata["name"] == "a red picture"
        assert [one.metadata["name"] for one in kept if one.score is None] == ["gone"] * (length == 5)
        again = await reranker.apostprocess_nodes([broken, *hits], query_str="a red picture")
        assert [(one.node_id, one.score) for one in again] == [(one.node_id, one.score) for one in kept]


def test_no_model_sees_the_score_of_retrieval_and_an_earlier_one_stays(hits):
    (kept,) = MediaRerank(store=STORE, keep_retrieval_score=True, top_n=1).postprocess_nodes(hits, query_str="x")
    for mode in (MetadataMode.LLM, MetadataMode.EMBED):
        assert "retrieval_score" not in kept.node.get_content(mode)
    (again,) = MediaRerank(store=STORE, keep_retrieval_score=True, top_n=1).postprocess_nodes([kept], query_str="x")
    assert again.metadata["retrieval_score"] == kept.metadata["retrieval_score"]


async def test_without_a_query_it_says_so(hits):
    with pytest.raises(ValueError, match="got no query"):
        MediaRerank().postprocess_nodes(hits)
    with pytest.raises(ValueError, match="got no query"):
        await MediaRerank().apostprocess_nodes([])


def test_both_kinds_of_events_are_emitted(hits):
    seen = []

    class Recorder(BaseEventHandler):
        def handle(self, event, **kwargs):
            seen.append(event)

    dispatcher, recorder = get_dispatcher(), Recorder()
    debug = LlamaDebugHandler(print_trace_on_end=False)
    reranker = MediaRerank(store=STORE, top_n=2, callback_manager=CallbackManager([debug]))
    dispatcher.add_event_handler(recorder)
    try:
        kept = reranker.postprocess_nodes(hits, query_str="a red picture")
    finally:
        dispatcher.event_handlers.remove(recorder)
    start, end = seen
    assert (start.class_name(), end.class_name()) == ("ReRankStartEvent", "ReRankEndEvent")
    assert (start.query.query_str, start.top_n, start.model_name) == ("a red picture", 2, "demo-reranker")
    assert ([one.node_id for one in start.nodes], end.nodes) == ([one.node_id for one in hits], kept)
    ((opening, closing),) = debug.get_event_pairs(CBEventType.RERANKING)
    assert opening.payload[EventPayload.QUERY_STR] == "a red picture"
    assert closing.payload[EventPayload.NODES] == kept


def test_the_score_kind_is_told_and_the_name_is_its_own():
    assert MediaRerank().score_kind == "probability"
    assert MediaRerank.class_name() == MediaRerank().to_dict()["class_name"] == "MediaRerank"
    assert MediaRerank.from_dict(MediaRerank(top_n=7).to_dict()).top_n == 7


async def test_in_a_stock_query_engine_the_picture_that_was_asked_for_comes_first(pictures, fakes):
    embedding = MediaEmbedding(store=STORE)
    nodes = [media_node(path, store=STORE, metadata={"name": name}) for name, path in pictures.items()]
    index = VectorStoreIndex(nodes=embedding(nodes), embed_model=embedding)
    engine = index.as_query_engine(
        llm=MockLLM(), similarity_top_k=4, node_postprocessors=[MediaRerank(store=STORE, top_n=2)]
    )
    for name in pictures:
        for answer in (engine.query(name), await engine.aquery(name)):
            assert [len(answer.source_nodes), answer.source_nodes[0].metadata["name"]] == [2, name]
