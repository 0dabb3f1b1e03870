"""LlamaIndex's embedding: our contract, and what is particular to nodes, events and indexes."""

import io
import json
import subprocess
import sys

import numpy as np
import pytest
from llama_index.core import StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.core.callbacks import CallbackManager, CBEventType, EventPayload, LlamaDebugHandler
from llama_index.core.embeddings import MultiModalEmbedding
from llama_index.core.ingestion import IngestionCache, IngestionPipeline
from llama_index.core.schema import (
    Document,
    ImageDocument,
    ImageNode,
    MediaResource,
    MetadataMode,
    Node,
    QueryBundle,
    TextNode,
)
from llama_index.core.storage.kvstore import SimpleKVStore
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.event_handlers import BaseEventHandler
from PIL import Image as PillowImage
from tests.llama_index.files import write_clip, write_tone
from tests.look_alikes import LOOK_ALIKES, refuse_io
from tests.pictures import draw_picture, draw_pictures

from medialens.errors import (
    InputError,
    MediaDecodeError,
    MediaNotFoundError,
    UnknownReferenceError,
    UnsupportedModalityError,
)
from medialens.inputs import Audio, Image, Item, Video
from medialens.llama_index import MediaEmbedding, MediaQuery, media_node
from medialens.media.limits import MediaLimits
from medialens.media.store import open_store
from medialens.testing.contracts import EmbeddingsContract
from medialens.testing.contracts.checks import ABSENT, assert_close
from medialens.testing.fake_model import MEDIA, fake_models

STORE = "memory://llama-index-embeddings"


class TestContract(EmbeddingsContract):
    def make(self, **settings):
        return MediaEmbedding(**settings)

    def embed_texts(self, adapter, texts):
        return adapter.get_text_embedding_batch(texts)

    def aembed_texts(self, adapter, texts):
        return adapter.aget_text_embedding_batch(texts)

    def embed_query(self, adapter, text):
        return adapter.get_query_embedding(text)

    def aembed_query(self, adapter, text):
        return adapter.aget_query_embedding(text)

    def embed_pictures(self, adapter, paths):
        return adapter.get_image_embedding_batch(paths)

    def aembed_pictures(self, adapter, paths):
        return adapter.aget_image_embedding_batch(paths)


@pytest.fixture
def embedding(fakes):
    return MediaEmbedding(model_name="demo", store=STORE)


@pytest.fixture
def pictures(tmp_path):
    return draw_pictures(tmp_path / "pictures")


@pytest.fixture
def nodes(pictures):
    return [media_node(path, store=STORE, metadata={"name": name}) for name, path in pictures.items()]


@pytest.fixture
def events():
    """What LlamaIndex's instrumentation saw."""
    seen = []

    class Recorder(BaseEventHandler):
        def handle(self, event, **kwargs):
            seen.append(event)

    dispatcher, recorder = get_dispatcher(), Recorder()
    dispatcher.add_event_handler(recorder)
    yield seen
    dispatcher.event_handlers.remove(recorder)


def test_importing_and_constructing_brings_no_torch():
    code = (
        "import sys; from medialens.llama_index import MediaEmbedding, MediaRerank; "
        "MediaEmbedding(); MediaRerank(); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_it_is_a_multimodal_embedding_with_a_name_of_its_own(embedding):
    assert isinstance(embedding, MultiModalEmbedding)
    assert MediaEmbedding.class_name() == embedding.to_dict()["class_name"] == "MediaEmbedding"


def test_its_dump_is_json_gives_it_back_and_holds_no_token():
    embedding = MediaEmbedding(
        token="hf_secret",  # noqa: S106  # made up
        truncate_dim=3,
        query_instruction="find: ",
        store=STORE,
        limits=MediaLimits(roots=("/a", "/b"), url_hosts=("example.com",)),
    )
    dump = json.loads(embedding.to_json())
    assert "hf_secret" not in json.dumps(dump) + repr(embedding)
    back = MediaEmbedding.from_dict(dump)
    assert back.to_dict() == embedding.to_dict()
    assert back.limits == embedding.limits


def test_every_setting_that_changes_vectors_is_part_of_its_identity():
    identities = {
        str(MediaEmbedding(**settings).to_dict())
        for settings in (
            {},
            {"model_name": "other"},
            {"revision": "a"},
            {"truncate_dim": 3},
            {"query_instruction": "q"},
            {"document_instruction": "d"},
            {"dtype": "float32"},
            {"fusion": "sum"},
            {"processor_kwargs": {"size": 1}},
        )
    }
    assert len(identities) == 9


def test_a_cache_keyed_by_text_alone_is_refused():
    with pytest.raises(ValueError, match="keyed by the text alone"):
        MediaEmbedding(embeddings_cache=SimpleKVStore())


def test_every_kind_of_node_with_one_picture_gets_the_pictures_vector(embedding, pictures):
    path = pictures["a red picture"]
    data = path.read_bytes()
    metadata = {"file_path": "a blue picture.png"}
    nodes = [
        media_node(path, store=STORE),
        Node(image_resource=MediaResource(path=path), metadata=metadata),
        Node(image_resource=MediaResource(data=data), metadata=metadata),
        Document(image_resource=MediaResource(path=path), metadata=metadata),
        ImageDocument(image_path=str(path), metadata=metadata),
        ImageNode(image_path=str(path), metadata=metadata),
    ]
    done = embedding(nodes)
    expected = [embedding.get_image_embedding(str(path))] * len(nodes)
    assert_close([node.embedding for node in done], expected)
    assert_close([node.embedding for node in nodes], expected)
    assert [type(node) for node in done] == [Node] * len(nodes)
    assert [node.node_id for node in done] == [node.node_id for node in nodes]
    assert done[0] is nodes[0]


def test_what_other_nodes_are_turned_into_survives_a_store_and_keeps_its_vector(embedding, pictures):
    path = pictures["a red picture"]
    nodes = embedding(
        [
            Node(image_resource=MediaResource(data=path.read_bytes())),
            ImageNode(image_path=str(path), metadata={"file_path": str(path), "width": "wide"}),
            Document(text="words", image_resource=MediaResource(path=path)),
        ]
    )
    for node in nodes:
        back = Node.from_json(node.to_json())
        back.embedding = None
        assert_close([one.embedding for one in embedding([back])], [node.embedding])
        assert open_store(STORE).read(back.metadata["media_ref"]) == path.read_bytes()
        assert back.ref_doc_id
    assert nodes[1].metadata["file_path"] == str(path)
    assert nodes[1].metadata["width"] == 128
    assert embedding(nodes) is nodes


def test_a_node_with_several_media_keeps_all_of_them(pictures, tmp_path):
    path, tone = pictures["a red picture"], write_tone(tmp_path)
    with fake_models(modalities=MEDIA):
        embedding = MediaEmbedding(store=STORE)
        node = Node(image_resource=MediaResource(path=path), audio_resource=MediaResource(path=tone))
        (done,) = embedding([node])
        text = done.get_content(metadata_mode=MetadataMode.EMBED)
        assert_close([embedding.get_text_embedding(text)], [done.embedding])
        parts = [embedding.get_image_embedding(str(path)), embedding([media_node(tone, store=STORE)])[0].embedding]
    assert all(float(np.dot(done.embedding, part)) > 0.4 for part in parts)
    assert (done.image_resource.path, done.audio_resource.path) == (path, tone)
    assert len(done.metadata["media_ref"].split()) == 2


def test_two_nodes_of_one_id_and_different_content_are_refused(embedding, pictures):
    path = pictures["a red picture"]
    nodes = [media_node(path, caption=caption, store=STORE) for caption in ("one", "two")]
    with pytest.raises(InputError, match=f"node '{nodes[0].node_id}'.* id .*twice"):
        embedding(nodes)
    same = [media_node(path, store=STORE), media_node(path, store=STORE)]
    assert len(embedding(same)) == 2


async def test_mixed_lists_keep_their_order_on_both_roads(embedding, pictures, nodes):
    mixed = [TextNode(text="a letter"), *nodes, Document(text="another letter"), TextNode(text="a letter")]
    expected = [
        embedding.get_text_embedding("a letter"),
        *embedding.get_image_embedding_batch([str(path) for path in pictures.values()]),
        embedding.get_text_embedding("another letter"),
        embedding.get_text_embedding("a letter"),
    ]
    assert_close([node.embedding for node in embedding(mixed)], expected)
    assert_close([node.embedding for node in await embedding.acall([node.model_copy() for node in mixed])], expected)


def test_text_and_picture_in_one_node_make_one_vector(embedding, pictures):
    node = media_node(pictures["a red picture"], caption="a blue picture", store=STORE)
    (mixed,) = (one.embedding for one in embedding([node]))
    picture = embedding.get_image_embedding(str(pictures["a red picture"]))
    text = embedding.get_text_embedding("a blue picture")
    for alone in (picture, text):
        assert float(np.dot(mixed, alone)) > float(np.dot(picture, text)) + 0.01
        assert float(np.dot(mixed, alone)) < 0.999


def test_a_stock_index_gets_the_same_vector_from_the_nodes_text(embedding, pictures):
    for caption in ("", "a red picture"):
        node = media_node(pictures["a red picture"], caption=caption, store=STORE)
        text = node.get_content(metadata_mode=MetadataMode.EMBED)
        (done,) = embedding([node])
        assert_close([embedding.get_text_embedding(text)], [done.embedding])


def test_nothing_in_nothing_out(embedding):
    assert embedding([]) == []


@pytest.mark.parametrize("kind", ["audio", "video"])
def test_a_medium_that_the_model_lacks_names_its_node(embedding, tmp_path, kind):
    path = {"audio": write_tone, "video": write_clip}[kind](tmp_path)
    node = Node(id_="n-7", **{f"{kind}_resource": MediaResource(path=path)})
    with pytest.raises(UnsupportedModalityError, match=kind) as caught:
        embedding([TextNode(text="fine"), node])
    assert f"node 'n-7' about {str(path)!r}" in str(caught.value)
    assert caught.value.node_id == "n-7"


def test_a_file_that_is_not_what_its_node_says_is_refused(embedding, pictures, tmp_path):
    node = Node(id_="n-6", audio_resource=MediaResource(path=pictures["a red picture"]))
    with pytest.raises(InputError, match=r"node 'n-6'.*audio.*holds image/png"):
        embedding([node])
    gone = Node(id_="n-5", image_resource=MediaResource(path=tmp_path / "gone.png"))
    with pytest.raises(MediaNotFoundError, match=r"node 'n-5'.*gone\.png"):
        embedding([gone])


def test_a_node_without_content_is_an_error_and_not_a_vector_of_its_metadata(embedding):
    with pytest.raises(InputError, match=r"node 'n-8'.*no content"):
        embedding([Node(id_="n-8", metadata={"file_path": "red.png"})])


async def test_bad_nodes_are_found_before_an_index_fails_with_them(embedding, pictures, tmp_path):
    red = pictures["a red picture"]
    (tmp_path / "cut.png").write_bytes(red.read_bytes()[:60])
    nodes = [
        ImageNode(image_path=str(red)),
        TextNode(text=" "),
        ImageNode(image_path=str(tmp_path / "absent.png")),
        ImageNode(image_path=str(tmp_path / "cut.png")),
        Node(audio_resource=MediaResource(path=write_tone(tmp_path))),
        TextNode(text="words"),
    ]
    expected = {1: InputError, 2: MediaNotFoundError, 3: MediaDecodeError, 4: UnsupportedModalityError}
    for errors in (embedding.check_nodes(nodes), await embedding.acheck_nodes(nodes)):
        assert {at: type(error) for at, error in errors.items()} == expected
        for at, error in errors.items():
            assert (error.index, error.node_id) == (at, nodes[at].node_id)
            assert f"node '{nodes[at].node_id}'" in str(error)
    assert len(embedding([nodes[0], nodes[5]])) == 2
    assert embedding.check_nodes([]) == {}


def test_an_unknown_reference_in_a_node_names_node_digest_and_store(embedding):
    with pytest.raises(UnknownReferenceError, match="node 'n-9'") as caught:
        embedding([TextNode(id_="n-9", text=str(ABSENT))])
    assert ABSENT.digest in str(caught.value)
    assert STORE in str(caught.value)


async def test_a_query_may_be_anything(embedding, pictures, nodes):
    path = pictures["a red picture"]
    reference = nodes[0].metadata["media_ref"]
    with PillowImage.open(path) as opened:
        queries = [
            Image(path),
            Image(path.read_bytes()),
            Item(Image(path)),
            opened.copy(),
            reference,
            QueryBundle("", image_path=str(path)),
            QueryBundle(reference),
        ]
    vectors = [embedding.embed_query(query) for query in queries]
    assert_close(vectors, [vectors[0]] * len(queries))
    assert_close([await embedding.aembed_query(query) for query in queries], vectors)
    assert_close([embedding.embed_query("a red picture")], [embedding.get_query_embedding("a red picture")])


def test_texts_that_look_like_a_way_to_a_medium_cause_no_io(embedding):
    embedding.get_query_embedding("loads the model")
    nodes = [TextNode(text=text) for text in LOOK_ALIKES if text]
    with pytest.MonkeyPatch.context() as patch:
        tried = refuse_io(patch)
        queries = [embedding.get_query_embedding(text) for text in LOOK_ALIKES if text]
        documents = [node.embedding for node in embedding(nodes)]
    assert tried == []
    assert len({tuple(vector) for vector in queries}) == len(nodes)
    assert_close(documents, queries)


def test_picture_methods_take_paths_and_open_bytes(embedding, pictures):
    path = pictures["a red picture"]
    assert_close(
        [embedding.get_image_embedding(io.BytesIO(path.read_bytes()))], [embedding.get_image_embedding(str(path))]
    )


def test_embedding_nodes_emits_both_kinds_of_events(embedding, nodes, events):
    debug = LlamaDebugHandler(print_trace_on_end=False)
    embedding.callback_manager = CallbackManager([debug])
    embedding([TextNode(text="a letter"), nodes[0]])
    start, end = events
    assert (start.class_name(), end.class_name()) == ("EmbeddingStartEvent", "EmbeddingEndEvent")
    assert start.model_dict["model_name"] == "demo"
    assert end.chunks[0] == "a letter"
    assert nodes[0].metadata["media_ref"][:40] in end.chunks[1]
    assert_close(end.embeddings, [embedding.get_text_embedding("a letter"), nodes[0].embedding])
    ((_, closing),) = debug.get_event_pairs(CBEventType.EMBEDDING)[:1]
    assert closing.payload[EventPayload.CHUNKS] == end.chunks


async def test_events_of_every_modality_and_road(events, pictures, tmp_path):
    debug = LlamaDebugHandler(print_trace_on_end=False)
    path, clip, tone = pictures["a red picture"], write_clip(tmp_path), write_tone(tmp_path)
    with fake_models(modalities=MEDIA):
        embedding = MediaEmbedding(store=STORE, callback_manager=CallbackManager([debug]))
        works = [
            lambda: embedding.get_image_embedding(str(path)),
            lambda: embedding.get_image_embedding_batch([str(path), io.BytesIO(path.read_bytes())]),
            lambda: embedding.aget_image_embedding(str(path)),
            lambda: embedding.aget_image_embedding_batch([str(path), str(path)]),
            lambda: embedding.embed_query(Video(clip)),
            lambda: embedding.aembed_query(Audio(tone)),
            lambda: embedding.embed_query([{"role": "user", "content": "a red picture"}]),
            lambda: embedding.get_query_embedding("a red picture"),
            lambda: embedding.aget_text_embedding("a red picture"),
            lambda: embedding([media_node(clip, store=STORE), media_node(tone, store=STORE)]),
            lambda: embedding.acall([media_node(tone, store=STORE)]),
        ]
        for n_done, work in enumerate(works, start=1):
            events.clear()
            result = work()
            result = await result if hasattr(result, "__await__") else result
            start, end = events
            assert (start.class_name(), end.class_name()) == ("EmbeddingStartEvent", "EmbeddingEndEvent")
            assert all(isinstance(chunk, str) for chunk in end.chunks)
            assert len(end.chunks) == len(end.embeddings)
            assert len(debug.get_event_pairs(CBEventType.EMBEDDING)) == n_done
            assert result is not None


def test_a_clip_and_a_sound_are_found_by_what_they_show_and_sound_like(tmp_path):
    with fake_models(modalities=MEDIA):
        embedding = MediaEmbedding(store=STORE)
        paths = [write_clip(tmp_path, colours=[(255, 0, 0)]), write_tone(tmp_path, hertz=880)]
        nodes = embedding([media_node(path, store=STORE) for path in paths])
        index = VectorStoreIndex(nodes=nodes, embed_model=embedding)
        retriever = index.as_retriever(similarity_top_k=1)
        for query, path in zip(("red", "880"), paths, strict=True):
            assert retriever.retrieve(query)[0].metadata["source"] == str(path)
        for query, path in zip((Video(paths[0]), Audio(paths[1])), paths, strict=True):
            bundle = MediaQuery(media=query, embedding=embedding.embed_query(query))
            assert retriever.retrieve(bundle)[0].metadata["source"] == str(path)


async def test_async_batches_reach_the_model_whole(embedding, monkeypatch):
    sizes = []
    plain = MediaEmbedding._aembed

    async def counting(self, repository, items, role, **options):
        sizes.append(len(items))
        return await plain(self, repository, items, role, **options)

    monkeypatch.setattr(MediaEmbedding, "_aembed", counting)
    await embedding.aget_text_embedding_batch([f"text {number}" for number in range(200)])
    assert sizes == [128, 72]


async def test_a_stock_index_finds_pictures_by_text_and_by_picture(embedding, nodes, pictures):
    index = VectorStoreIndex(nodes=embedding(nodes), embed_model=embedding)
    retriever = index.as_retriever(similarity_top_k=1)
    for name, path in pictures.items():
        by_vector = QueryBundle("", embedding=embedding.embed_query(Image(path)))
        reference = media_node(path, store=STORE).metadata["media_ref"]
        for query in (name, reference, by_vector):
            for hits in (retriever.retrieve(query), await retriever.aretrieve(query)):
                (hit,) = hits
                assert hit.node.metadata["name"] == name
                assert open_store(STORE).read(hit.node.metadata["media_ref"]) == path.read_bytes()
                assert hit.node.image_resource.path == path


def test_a_stock_index_may_embed_the_nodes_itself(embedding, nodes, pictures):
    index = VectorStoreIndex(nodes=nodes, embed_model=embedding)
    for name in pictures:
        assert index.as_retriever(similarity_top_k=1).retrieve(name)[0].node.metadata["name"] == name


def test_an_index_survives_a_restart_and_lets_go_of_a_document(embedding, nodes, tmp_path):
    VectorStoreIndex(nodes=embedding(nodes), embed_model=embedding).storage_context.persist(str(tmp_path / "index"))
    index = load_index_from_storage(
        StorageContext.from_defaults(persist_dir=str(tmp_path / "index")), embed_model=embedding
    )
    retriever = index.as_retriever(similarity_top_k=10)
    assert {hit.node.metadata["name"] for hit in retriever.retrieve("a red picture")} == {
        node.metadata["name"] for node in nodes
    }
    gone = nodes[0]
    index.delete_ref_doc(gone.ref_doc_id)
    left = {hit.node.node_id for hit in index.as_retriever(similarity_top_k=10).retrieve("a red picture")}
    assert left == {node.node_id for node in nodes[1:]}


def test_an_ingestion_pipeline_tells_pictures_apart_and_sees_changed_bytes(embedding, pictures, monkeypatch):
    counts = []
    plain = MediaEmbedding._embed

    def counting(self, repository, items, role, **options):
        counts.append(len(items))
        return plain(self, repository, items, role, **options)

    monkeypatch.setattr(MediaEmbedding, "_embed", counting)
    pipeline = IngestionPipeline(transformations=[embedding], cache=IngestionCache())

    def run():
        return pipeline.run(nodes=[media_node(path, store=STORE) for path in pictures.values()])

    first, again = run(), run()
    assert counts == [4]
    assert_close([node.embedding for node in again], [node.embedding for node in first])
    assert len({tuple(node.embedding) for node in first}) == 4
    draw_picture(pictures["a red picture"], "black")
    changed = run()
    assert counts == [4, 4]
    assert not np.allclose(changed[0].embedding, first[0].embedding, atol=1e-3)
