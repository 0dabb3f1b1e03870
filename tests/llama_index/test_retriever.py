"""Kinds of media beside each other, words, and neighbours as one."""

import pytest
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.schema import Document, QueryBundle
from llama_index.core.vector_stores import FilterCondition, MetadataFilter, MetadataFilters
from tests.llama_index.files import write_clip, write_report, write_screenshot, write_tone
from tests.llama_index.vector_stores import QUIETLY, STORES, let_go, open_vector_store
from tests.pictures import draw_pictures

from medialens.errors import InputError
from medialens.inputs import Audio, Image, Video
from medialens.llama_index import (
    CaptionRetriever,
    ClipSplitter,
    MediaEmbedding,
    MediaQuery,
    MediaReader,
    MediaRerank,
    MediaRetriever,
    MediaVectorStoreIndex,
    PageSplitter,
    TileSplitter,
)
from medialens.testing.fake_model import MEDIA, fake_models

pytestmark = [pytest.mark.filterwarnings(line) for line in QUIETLY]
STORE = "memory://llama-index-retriever"


@pytest.fixture
def embedding():
    with fake_models(modalities=MEDIA):
        yield MediaEmbedding(store=STORE)


@pytest.fixture
def nodes(tmp_path):
    draw_pictures(tmp_path / "pictures")
    for write in (write_clip, write_report, write_screenshot, write_tone):
        write(tmp_path / "pictures")
    documents = MediaReader(store=STORE).load_data(tmp_path / "pictures")
    for splitter in (
        PageSplitter(store=STORE),
        TileSplitter(store=STORE),
        ClipSplitter(store=STORE, window_seconds=5, overlap_seconds=0),
    ):
        documents = splitter(documents)
    letters = [Document(text=f"a red letter, number {number}", id_=f"letter {number}") for number in range(30)]
    return [*documents, *letters]


@pytest.fixture(params=STORES)
def index(request, embedding, nodes, tmp_path):
    if request.param == "PGVector":
        request.getfixturevalue("postgres_address")
    with open_vector_store(request.param, tmp_path / f"retriever{abs(hash(tmp_path))}") as store:
        storage = StorageContext.from_defaults(vector_store=store)
        yield MediaVectorStoreIndex.from_documents(nodes, storage_context=storage, embed_model=embedding)


@pytest.fixture
def simple(embedding, nodes):
    return MediaVectorStoreIndex.from_documents(nodes, embed_model=embedding)


def names(found):
    return [one.metadata["source"].rpartition("/")[2] or "letter" for one in found]


def kinds(found):
    return [one.metadata["media_type"] for one in found]


def test_no_kind_crowds_out_the_others(index):
    plain = index.as_retriever(similarity_top_k=8).retrieve("a red letter")
    assert set(kinds(plain)) == {"text"}
    found = MediaRetriever(index, similarity_top_k=8).retrieve("a red letter")
    assert {kind: kinds(found).count(kind) for kind in kinds(found)} == {
        "text": 2,
        "image": 2,
        "audio": 1,
        "video": 2,
    } or (set(kinds(found)) == {"text", "image", "audio", "video"} and len(found) == 8)
    assert "0.png" in names(found)


def test_quotas_and_weights(simple):
    quotas = {"image": 3, "video": 1}
    found = MediaRetriever(simple, similarity_top_k=4, quotas=quotas).retrieve("a red letter")
    assert sorted(kinds(found)) == ["image", "image", "image", "video"]
    assert len(MediaRetriever(simple, similarity_top_k=4, quotas={}).retrieve("red")) == 4
    assert MediaRetriever(simple, similarity_top_k=0).retrieve("red") == []
    for wrong in ({"quotas": {"image": 5}}, {"quotas": {"image": -1}}, {"fetch_k": 0}, {"similarity_top_k": -1}):
        with pytest.raises(InputError):
            MediaRetriever(simple, **{"similarity_top_k": 4, **wrong})
    with pytest.raises(InputError, match="must be a MediaVectorStoreIndex"):
        MediaRetriever(VectorStoreIndex(nodes=[], embed_model=simple.embedding))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"quotas": {"picture": 1}}, r"quotas name 'picture'; expected some of 'text', "),
        ({"quotas": {"image": 3}, "similarity_top_k": 2}, "come to 3"),
        ({"weights": (1.0,)}, "must be two numbers"),
        ({"fetch_k": 0}, "fetch_k=0 at least 1"),
    ],
)
def test_settings_that_mean_nothing_are_refused(simple, settings, says):
    with pytest.raises(InputError, match=says):
        MediaRetriever(simple, **settings)


def test_words_find_what_the_embedding_does_not_see(simple, nodes):
    question = "red revenue"
    alone = MediaRetriever(simple, similarity_top_k=2, fetch_k=2, quotas={}).retrieve(question)
    assert "report.pdf" not in names(alone)
    lexical = CaptionRetriever(nodes, similarity_top_k=5)
    said = lexical.retrieve(question)[0]
    assert said.metadata["page"] == 2
    found = MediaRetriever(simple, similarity_top_k=4, fetch_k=2, lexical=lexical).retrieve(question)
    (page,) = [one for one in found if one.metadata["source"].endswith("report.pdf")]
    assert page.metadata["page"] == 2
    assert page.metadata["lexical_score"] == pytest.approx(said.score)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert all("retrieval_score" in one.metadata for one in found if one.node_id != page.node_id)
    picture = MediaQuery(media=Image(nodes[0].metadata["source"]))  # words are not asked about it
    assert not any("lexical_score" in one.metadata for one in MediaRetriever(simple, lexical=lexical).retrieve(picture))


async def test_queries_by_picture_clip_and_sound_on_both_roads(index, nodes, tmp_path, request):
    folder = tmp_path / "pictures"
    clip = next(node for node in nodes if node.metadata.get("start_seconds") == 15)
    retriever = MediaRetriever(index, similarity_top_k=4, quotas={})
    queries = {  # four kinds are found, and the best of each comes before the second of any
        "1.png": [QueryBundle("", image_path=str(folder / "1.png")), MediaQuery(media=Image(folder / "1.png"))],
        "tone.wav": [MediaQuery(media=Audio(folder / "tone.wav")), "440"],
        "talk.mp4": [MediaQuery(media=Video(folder / "talk.mp4", start_seconds=10)), clip.metadata["media_ref"]],
    }
    for name, asked in queries.items():
        for query in asked:
            assert name in names(retriever.retrieve(query))
            if "Qdrant" not in request.node.name:  # in a folder, it has no second, asynchronous client
                assert names(await retriever.aretrieve(query)) == names(retriever.retrieve(query))
    await let_go(index.vector_store)


def test_clips_that_touch_become_one(simple):
    retriever = MediaRetriever(simple, similarity_top_k=6, quotas={"video": 2})
    apart = [one for one in retriever.retrieve("a yellow clip") if kinds([one]) == ["video"]]
    assert {one.metadata["start_seconds"] for one in apart} >= {10, 15}
    joined = MediaRetriever(simple, similarity_top_k=6, quotas={"video": 1}, join="pieces").retrieve("a yellow clip")
    best = next(one for one in joined if kinds([one]) == ["video"])
    assert best.metadata["end_seconds"] - best.metadata["start_seconds"] >= 10
    assert f"t={best.metadata['start_seconds']:.3f}," in best.metadata["media_ref"]
    assert best.node_id in {one.node_id for one in apart}
    whole = MediaRetriever(simple, similarity_top_k=50, join="media").retrieve("a yellow clip")
    assert names(whole).count("talk.mp4") == names(whole).count("report.pdf") == 1


def test_filters_hold_beside_the_kinds(simple, nodes):
    pages = MetadataFilters(filters=[MetadataFilter(key="page", value=2)])
    found = MediaRetriever(simple, filters=pages).retrieve("red")
    assert {one.metadata["page"] for one in found} == {2}
    either = MetadataFilters(filters=pages.filters, condition=FilterCondition.OR)
    with pytest.raises(ValueError, match="Nested"):  # of the simple store; others take them
        MediaRetriever(simple, filters=either).retrieve("red")


def test_the_reranker_has_the_last_word_and_scores_stay_apart(simple):
    found = MediaRetriever(simple, similarity_top_k=8).retrieve("a blue picture")
    rerank = MediaRerank(store=STORE, top_n=1, keep_retrieval_score=True)
    (best,) = rerank.postprocess_nodes(found, query_str="a blue picture")
    first = next(one for one in found if one.node_id == best.node_id)
    assert best.metadata["retrieval_score"] == first.metadata["retrieval_score"] != best.score
    assert best.metadata["source"].endswith(("1.png", "screenshot.png"))


def test_the_index_keeps_no_scores(simple):
    before = [one.node.metadata for one in simple.as_retriever(similarity_top_k=50).retrieve("red")]
    MediaRetriever(simple).retrieve("red")
    assert [one.node.metadata for one in simple.as_retriever(similarity_top_k=50).retrieve("red")] == before
