"""`MediaRetriever`: every kind of medium has its place, stages keep their scores, any query, on both roads."""

import base64
import pickle

import PIL.Image
import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.messages import HumanMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore
from langchain_tests.integration_tests import RetrieversIntegrationTests
from tests.langchain.scenario import all_seeing, write_tone
from tests.look_alikes import LOOK_ALIKES, refuse_io
from tests.pictures import draw_picture, draw_pictures

from medialens.errors import InputError, MediaDecodeError, UnknownReferenceError, UnsupportedModalityError
from medialens.inputs import Audio, Image, Item
from medialens.langchain import CaptionRetriever, MediaEmbeddings, MediaReranker, MediaRetriever, media_document
from medialens.testing.contracts.checks import ABSENT

STORE = "memory://langchain-retriever"


def vector_store(documents, **settings):
    store = InMemoryVectorStore(MediaEmbeddings(store=STORE, **settings))
    store.add_documents(documents)
    return store


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    return [media_document(path, store=STORE, metadata={"name": name}) for name, path in draw_pictures(folder).items()]


@pytest.fixture(scope="module")
def texts():
    """Texts about colours, which are nearer to any question about colours than a picture is."""
    return [Document(f"a {colour} picture {number}") for number in range(5) for colour in ("red", "blue")]


class Plain(VectorStore):
    """A store that nobody knows: it finds by vector, without scores and filters, and tells how deep it was searched."""

    def __init__(self, inner):
        self._inner, self.depths = inner, []

    @property
    def embeddings(self):
        return self._inner.embeddings

    @classmethod
    def from_texts(cls, texts, embedding, metadatas=None, **settings):
        raise NotImplementedError

    def similarity_search(self, query, k=4, **settings):
        raise NotImplementedError

    def similarity_search_by_vector(self, embedding, k=4):
        self.depths.append(k)
        return self._inner.similarity_search_by_vector(embedding, k)


class TestStandard(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _fakes(self, fakes):
        """Models that need no training."""

    @property
    def retriever_constructor(self):
        return MediaRetriever

    @property
    def retriever_constructor_params(self):
        return {"vector_store": vector_store([Document(f"picture {number}") for number in range(6)])}

    @property
    def retriever_query_example(self):
        return "a picture"


class TestStandardOfCaptions(RetrieversIntegrationTests):
    @property
    def retriever_constructor(self):
        return CaptionRetriever

    @property
    def retriever_constructor_params(self):
        return {"documents": [Document(f"a picture {number}") for number in range(6)]}

    @property
    def retriever_query_example(self):
        return "a picture"


def names(found):
    return [one.metadata.get("name") or one.page_content for one in found]


def kinds(found):
    return [one.metadata.get("media_type", "text") for one in found]


def test_texts_that_are_nearer_do_not_crowd_out_pictures(fakes, texts, pictures):
    store = vector_store([*texts, *pictures])
    question = "a red picture"
    assert kinds(store.similarity_search(question, k=4)) == ["text"] * 4  # the gap that this is about
    found = MediaRetriever(vector_store=store, k=4).invoke(question)
    assert sorted(kinds(found)) == ["image", "image", "text", "text"]
    assert names(found)[0].startswith("a red picture ")
    assert names(found)[1] == "a red picture"


def test_places_of_ones_own_and_of_nobody(fakes, texts, pictures):
    store = vector_store([*texts, *pictures])
    one_picture = MediaRetriever(vector_store=store, k=4, quotas={"text": 3, "image": 1})
    assert sorted(kinds(one_picture.invoke("a red picture"))) == ["image", "text", "text", "text"]
    pictures_alone = MediaRetriever(vector_store=store, k=4, quotas={"image": 4})
    assert kinds(pictures_alone.invoke("a red picture")) == ["image"] * 4
    with pytest.raises(ValueError, match="together no more than k=4"):
        MediaRetriever(vector_store=store, k=4, quotas={"image": 5})
    with pytest.raises(InputError, match="together no more than k=2"):
        pictures_alone.invoke("a red picture", k=2)


async def test_k_may_be_given_per_call(fakes, texts, pictures):
    retriever = MediaRetriever(vector_store=vector_store([*texts, *pictures]), k=5)
    assert len(retriever.invoke("a picture")) == len(await retriever.ainvoke("a picture")) == 5
    for k in (0, 1, 3, 14, 50):
        found = retriever.invoke("a picture", k=k)
        assert len(found) == min(k, 14)
        assert found == await retriever.ainvoke("a picture", k=k)


async def test_the_one_best_is_that_of_the_store(fakes, texts, pictures):
    store = vector_store([*texts, *pictures])
    retriever = MediaRetriever(vector_store=store, k=1)
    red = PIL.Image.new("RGB", (8, 8), "red")
    assert kinds(retriever.invoke("a red picture")) == ["text"]
    assert kinds(retriever.invoke(red)) == ["image"]


async def test_any_form_of_a_query_finds_the_picture(fakes, pictures, tmp_path):
    retriever = MediaRetriever(vector_store=vector_store(pictures), k=1)
    path = draw_picture(tmp_path / "like.png", "blue")
    block = {"type": "image", "base64": base64.b64encode(path.read_bytes()).decode(), "mime_type": "image/png"}
    reference = pictures[1].page_content
    queries = [
        *(
            "a blue picture",
            reference,
            Image(path),
            PIL.Image.open(path),
            Item("a picture", Image(path)),
            block,
            [block],
        ),
        [{"type": "text", "text": "a picture like this"}, block],
        [{"type": "image", "media_ref": reference}],
        HumanMessage([{"type": "text", "text": "a picture like this"}, block]),
    ]
    for query in queries:
        assert names(retriever.invoke(query)) == ["a blue picture"]
        assert names(await retriever.ainvoke(query)) == ["a blue picture"]


async def test_a_sound_finds_a_sound(tmp_path):
    documents = []
    for hertz in (300, 600):
        write_tone(tmp_path / f"{hertz}.wav", hertz=hertz)
        documents.append(media_document(tmp_path / f"{hertz}.wav", store=STORE, metadata={"name": hertz}))
    write_tone(tmp_path / "asked.wav", hertz=600, seconds=0.5)
    with all_seeing():
        retriever = MediaRetriever(vector_store=vector_store(documents), k=1)
        assert names(retriever.invoke(Audio(tmp_path / "asked.wav"))) == [600]


@pytest.fixture
def captioned(tmp_path):
    """Pictures with captions, of which an embedder of pictures sees nothing."""
    facts = {"red": "quarterly revenue", "blue": "annual report", "lime": "revenue and costs"}
    documents = []
    for colour, caption in facts.items():
        document = media_document(draw_picture(tmp_path / f"{colour}.png", colour), store=STORE)
        documents.append(
            document.model_copy(update={"metadata": {**document.metadata, "caption": caption, "name": colour}})
        )
    return documents


async def test_words_of_captions_are_found_beside_vectors_and_scores_stay_apart(fakes, captioned):
    lexical = CaptionRetriever(documents=captioned)
    retriever = MediaRetriever(vector_store=vector_store(captioned), lexical=lexical, k=3)
    found = retriever.invoke("annual report")
    assert names(found)[0] == "blue"
    assert found == await retriever.ainvoke("annual report")
    first, second = found[0].metadata, found[1].metadata
    assert {"retrieval_score", "lexical_score", "fusion_score"} <= set(first)
    assert "lexical_score" not in second
    (alone,) = lexical.invoke("annual report")
    assert first["lexical_score"] == alone.metadata["lexical_score"]
    assert first["fusion_score"] > second["fusion_score"]
    assert "fusion_score" not in captioned[1].metadata


async def test_weights_decide_whom_to_believe(fakes, captioned):
    lexical = CaptionRetriever(documents=captioned)
    for weights, best in (((1, 0), "red"), ((0, 1), "blue")):
        retriever = MediaRetriever(vector_store=vector_store(captioned), lexical=lexical, k=1, weights=weights)
        assert names(retriever.invoke("annual report, red picture")) == [best]


def test_words_are_not_asked_about_media(fakes, captioned):
    class Refusing(BaseRetriever):
        def _get_relevant_documents(self, query, *, run_manager):
            raise AssertionError(query)

    retriever = MediaRetriever(vector_store=vector_store(captioned), lexical=Refusing(), k=1)
    assert names(retriever.invoke(captioned[0].page_content)) == ["red"]


async def test_a_reranker_has_the_last_word_and_sees_every_kind(fakes, texts, pictures):
    store = vector_store([*texts, *pictures])
    reranker = MediaReranker(store=STORE, top_n=1)  # of a MediaRetriever, k counts
    retriever = MediaRetriever(vector_store=store, reranker=reranker, k=6)
    found = retriever.invoke("a yellow picture")
    assert len(found) == 6
    scores = [one.metadata["relevance_score"] for one in found]
    assert scores == sorted(scores, reverse=True)
    for one in found:
        assert {"retrieval_score", "fusion_score", "relevance_score"} <= set(one.metadata)
    assert "a yellow picture" in names(found)
    assert found == await retriever.ainvoke("a yellow picture")


async def test_a_reranker_takes_media_queries(fakes, pictures, tmp_path):
    retriever = MediaRetriever(vector_store=vector_store(pictures), reranker=MediaReranker(store=STORE), k=2)
    like = Image(draw_picture(tmp_path / "like.png", "yellow"))
    assert names(retriever.invoke(like))[0] == names(await retriever.ainvoke(like))[0] == "a yellow picture"


async def test_somebody_elses_reranker_takes_words_alone(fakes, pictures, tmp_path):
    class Backwards(BaseDocumentCompressor):
        def compress_documents(self, documents, query, callbacks=None):
            assert isinstance(query, str)
            return list(documents)[::-1]

    retriever = MediaRetriever(vector_store=vector_store(pictures), reranker=Backwards(), k=4)
    forwards = MediaRetriever(vector_store=vector_store(pictures), k=4)
    assert names(retriever.invoke("a red picture")) == names(forwards.invoke("a red picture"))[::-1]
    assert names(await retriever.ainvoke([{"type": "text", "text": "a red picture"}]))[-1] == "a red picture"
    with pytest.raises(InputError, match="Backwards takes queries of text alone"):
        retriever.invoke(Image(draw_picture(tmp_path / "asked.png", "red")))


def pieces(facts):
    """Documents about pieces of one film, at the times and with the colours' scores that are given."""
    digest = "c" * 64
    documents = []
    for (start, end), caption in facts.items():
        reference = f"<media://sha256/{digest}?type=video/mp4#t={start:.3f},{end:.3f}>"
        documents.append(
            Document(
                caption,
                metadata={
                    "media_ref": reference,
                    "source": "talk.mp4",
                    "media_type": "video",
                    "caption": caption,
                    "start_seconds": start,
                    "end_seconds": end,
                    "box": "",
                    "width": 64,
                    "height": 48,
                },
            )
        )
    return documents


def test_neighbouring_clips_are_one_document(fakes):
    clips = pieces({(0.0, 10.0): "red one", (5.0, 15.0): "red two", (50.0, 60.0): "red three", (80.0, 90.0): "blue"})
    store = InMemoryVectorStore(MediaEmbeddings(store=STORE))
    store.add_documents(clips)
    retriever = MediaRetriever(vector_store=store, k=3, join="pieces", lexical=CaptionRetriever(documents=clips))
    first, *_ = retriever.invoke("red one two")
    assert (first.metadata["start_seconds"], first.metadata["end_seconds"]) == (0.0, 15.0)
    assert first.metadata["media_ref"].endswith("#t=0.000,15.000>")
    assert first.metadata["caption"] == "red one red two"
    whole = MediaRetriever(vector_store=store, k=3, join="media")
    assert len(whole.invoke("red")) == 1
    assert len(MediaRetriever(vector_store=store, k=4).invoke("red")) == 4


ODD = [
    *({"media_type": None}, {"media_type": ["image"]}, {"media_type": 5}, {"media_ref": 5}, {"media_ref": "elsewhere"}),
    *({"media_ref": None}, {"page": None}, {"start_seconds": "x"}, {"box": [1, 2]}, {"caption": 7}, {"source": None}),
    *({"width": None}, {"relevance_score": "x"}, {"fusion_score": None}, {"start_seconds": float("nan")}),
]


@pytest.mark.parametrize("join", [None, "pieces", "pictures", "media"])
@pytest.mark.parametrize("facts", ODD, ids=repr)
def test_what_others_wrote_into_metadata_does_not_stop_a_search(fakes, pictures, facts, join):
    odd = [Document(one.page_content, metadata={**one.metadata, **facts}) for one in pictures]
    store = vector_store([*odd, Document("a red text", metadata=facts)])
    retriever = MediaRetriever(vector_store=store, join=join, k=9, reranker=MediaReranker(store=STORE, model="fake"))
    found = retriever.invoke("a red picture")
    assert sorted(one.page_content for one in found) == sorted([*(one.page_content for one in odd), "a red text"])
    assert len(CaptionRetriever(documents=odd).invoke("red")) <= len(odd)


def test_a_store_that_nobody_knows_is_searched_deeper_until_pictures_are_found(fakes, pictures):
    many = [Document(f"a red picture {number}") for number in range(300)]
    store = Plain(vector_store([*many, pictures[0]]))
    found = MediaRetriever(vector_store=store, k=4, fetch_k=20).invoke("a red picture")
    assert sorted(kinds(found)) == ["image", "text", "text", "text"]
    assert store.depths == [20, 80, 320]
    store.depths.clear()
    shallow = MediaRetriever(vector_store=store, k=4, fetch_k=20, max_fetch_k=50).invoke("a red picture")
    assert (kinds(shallow), store.depths) == (["text"] * 4, [20, 50])
    store.depths.clear()
    explicit = MediaRetriever(vector_store=store, k=4, fetch_k=20, quotas={"text": 4}).invoke("a red picture")
    assert (kinds(explicit), store.depths) == (["text"] * 4, [20])
    assert all("retrieval_score" not in one.metadata for one in found)


async def test_such_a_store_on_the_asynchronous_road(fakes, pictures):
    store = Plain(vector_store(pictures))
    retriever = MediaRetriever(vector_store=store, k=1)
    assert names(await retriever.ainvoke("a red picture")) == ["a red picture"]


def test_filters_of_ones_own(fakes, texts, pictures):
    def only(kind):
        return lambda document: document.metadata.get("media_type", "text") == kind

    filters = {kind: {"filter": only(kind)} for kind in ("text", "image")}
    store = vector_store([*texts, *pictures])
    retriever = MediaRetriever(vector_store=store, k=4, modality_filters=filters)
    assert sorted(kinds(retriever.invoke("a red picture"))) == ["image", "image", "text", "text"]
    alone = MediaRetriever(vector_store=store, search_kwargs={"filter": only("text")}, modality_filters={})
    assert set(kinds(alone.invoke("a red picture"))) == {"text"}


def red(document):
    return "red" in (document.metadata.get("name") or document.page_content)


async def test_a_filter_holds_for_every_kind_in_the_constructor_and_per_call(fakes, texts, pictures):
    store = vector_store([*texts, *pictures])
    expected = ["a red picture", *(f"a red picture {number}" for number in range(5))]
    fixed = MediaRetriever(vector_store=store, k=20, search_kwargs={"filter": red})
    free = MediaRetriever(vector_store=store, k=20)
    for found in (
        fixed.invoke("a blue picture"),
        await fixed.ainvoke("a blue picture"),
        free.invoke("a blue picture", filter=red),
        await free.ainvoke("a blue picture", filter=red),
        free.invoke("a blue picture", search_kwargs={"filter": red}),
    ):
        assert sorted(names(found)) == expected
    assert len(free.invoke("a blue picture")) == 14
    blue = fixed.invoke("a red picture", filter=lambda one: not red(one))
    assert min(names(blue)) == "a blue picture"
    assert not any(map(red, blue))


def test_a_filter_of_one_call_does_not_pass_by_the_lexical_retriever(fakes, captioned):
    retriever = MediaRetriever(vector_store=vector_store(captioned), lexical=CaptionRetriever(documents=captioned))
    with pytest.raises(InputError, match="not for the lexical retriever"):
        retriever.invoke("annual report", filter=red)


def test_two_filters_that_nobody_knows_to_combine_are_refused(fakes, pictures):
    kinds = {"image": {"filter": {"media_type": "image"}}}
    store = Plain(vector_store(pictures))
    MediaRetriever(vector_store=store, modality_filters=kinds)
    with pytest.raises(ValueError, match="how Plain takes two filters"):
        MediaRetriever(vector_store=store, modality_filters=kinds, search_kwargs={"filter": {"a": 1}})


@pytest.mark.parametrize("k", [-1, "two", 1.5, True])
async def test_a_number_that_is_none_says_so(fakes, texts, k):
    for retriever in (MediaRetriever(vector_store=vector_store(texts)), CaptionRetriever(documents=texts)):
        with pytest.raises(InputError, match=f"k={k!r} must be a whole number"):
            retriever.invoke("red", k=k)
    with pytest.raises(TypeError, match="got kk"):
        MediaRetriever(vector_store=vector_store(texts)).invoke("red", kk=1)


async def test_tracers_are_told_of_a_medium_and_not_handed_it(fakes, pictures, tmp_path):
    data = base64.b64encode(draw_picture(tmp_path / "like.png", "blue").read_bytes()).decode()
    block = {"type": "image", "base64": data, "mime_type": "image/png"}
    queries = [[{"type": "text", "text": "like this"}, block], f"data:image/png;base64,{data}", Image(b"x" * 5000)]
    seen = []

    class Watching(BaseCallbackHandler):
        def on_retriever_start(self, serialized, query, **kwargs):
            seen.append(query)

    config = {"callbacks": [Watching()]}
    retriever = MediaRetriever(vector_store=vector_store(pictures, data_uris=True), k=1)
    for query in queries[:2]:
        assert names(retriever.invoke(query, config)) == names(await retriever.ainvoke(query, config))
        assert names(retriever.invoke(query, config)) == ["a blue picture"]
    with pytest.raises(MediaDecodeError):
        retriever.invoke(queries[2], config)
    retriever.invoke("https://example.com/as-it-is", config)
    assert seen[0] == "like this Image(<%d bytes>)" % len(base64.b64decode(data))  # noqa: UP031
    assert seen[-2:] == ["Image(<5000 bytes>)", "https://example.com/as-it-is"]
    assert all(type(one) is str or len(one) < 300 for one in seen)
    assert pickle.loads(pickle.dumps(seen[0])).content == queries[0]  # noqa: S301  # ours


def test_words_in_blocks_are_searched_as_words(captioned):
    (found, *_) = CaptionRetriever(documents=captioned).invoke([{"type": "text", "text": "annual report"}])
    assert found.metadata["name"] == "blue"


async def test_embeddings_of_somebody_else_serve_words_and_not_media(texts):
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=8))
    store.add_documents(texts)
    retriever = MediaRetriever(vector_store=store, k=2)
    assert names(retriever.invoke(texts[3].page_content))[0] == texts[3].page_content
    assert names(await retriever.ainvoke(texts[3].page_content))[0] == texts[3].page_content
    with pytest.raises(InputError, match="DeterministicFakeEmbedding embeds strings alone"):
        retriever.invoke(Image(b"x"))
    with pytest.raises(InputError, match="embeds strings alone"):
        await retriever.ainvoke(Image(b"x"))


async def test_a_query_that_cannot_be_used_is_an_error(fakes, pictures, texts):
    retriever = MediaRetriever(vector_store=vector_store([*pictures, *texts]))
    for query, error in ((str(ABSENT), UnknownReferenceError), (Audio(b"x"), UnsupportedModalityError)):
        with pytest.raises(error):
            retriever.invoke(query)
        with pytest.raises(error):
            await retriever.ainvoke(query)


def test_queries_that_look_like_a_way_to_a_medium_cause_no_io(fakes, pictures, texts):
    # The reranker sees texts alone, because it does read the pictures that were found.
    words = MediaRetriever(vector_store=vector_store(texts), reranker=MediaReranker(store=STORE))
    media = MediaRetriever(vector_store=vector_store(pictures), lexical=CaptionRetriever(documents=pictures))
    for retriever in (words, media):
        retriever.invoke("loads the model")
        with pytest.MonkeyPatch.context() as patch:
            tried = refuse_io(patch)
            found = [retriever.invoke(text) for text in LOOK_ALIKES]
        assert tried == []
        assert all(found)


def test_stored_documents_are_left_alone(fakes, texts, pictures):
    store = vector_store([*texts, *pictures])
    before = {key: dict(entry) for key, entry in store.store.items()}
    MediaRetriever(vector_store=store, reranker=MediaReranker(store=STORE), join="media").invoke("a red picture")
    assert store.store == before
    assert all("fusion_score" not in one.metadata for one in [*texts, *pictures])


async def test_callbacks_see_the_stages_as_children(fakes, captioned):
    class Watching(BaseCallbackHandler):
        def __init__(self):
            self.runs = {}

        def on_retriever_start(self, serialized, query, *, run_id, parent_run_id=None, **kwargs):
            self.runs[kwargs["name"]] = (run_id, parent_run_id, query)

    lexical = CaptionRetriever(documents=captioned)
    retriever = MediaRetriever(vector_store=vector_store(captioned), lexical=lexical)
    sync, loop = Watching(), Watching()
    retriever.invoke("annual report", {"callbacks": [sync]})
    await retriever.ainvoke("annual report", {"callbacks": [loop]})
    for watching in (sync, loop):
        assert watching.runs["CaptionRetriever"][1] == watching.runs["MediaRetriever"][0]


def test_unknown_settings_are_refused(texts):
    with pytest.raises(ValueError, match="no_such_setting"):
        MediaRetriever(vector_store=InMemoryVectorStore(DeterministicFakeEmbedding(size=8)), no_such_setting=1)
