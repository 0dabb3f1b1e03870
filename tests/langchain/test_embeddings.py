"""LangChain's embeddings: our contract, LangChain's own standard tests, and what is particular to it."""

import base64
import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from langchain_core.documents import Document
from langchain_core.messages import HumanMessage
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_tests.integration_tests import EmbeddingsIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests
from tests.look_alikes import LOOK_ALIKES, refuse_io
from tests.media.clips import animate, grey
from tests.pictures import draw_picture

from medialens.errors import (
    InputError,
    MediaChangedError,
    MediaLimitError,
    MediaNotFoundError,
    MediaReferenceError,
    UnsupportedModalityError,
)
from medialens.inputs import Image, Item, Video
from medialens.langchain import MediaEmbeddings, media_document
from medialens.media.limits import MediaLimits
from medialens.media.store import MediaStore
from medialens.retrieval.references import MAX_DATA_URI_CHARACTERS
from medialens.testing.contracts import EmbeddingsContract
from medialens.testing.contracts.checks import STORE, assert_close, draw, reference_texts
from medialens.testing.fake_model import fake_models


class TestContract(EmbeddingsContract):
    def make(self, **settings):
        return MediaEmbeddings(**settings)

    def embed_texts(self, adapter, texts):
        return adapter.embed_documents(texts)

    def aembed_texts(self, adapter, texts):
        return adapter.aembed_documents(texts)

    def embed_query(self, adapter, text):
        return adapter.embed_query(text)

    def aembed_query(self, adapter, text):
        return adapter.aembed_query(text)

    def embed_pictures(self, adapter, paths):
        return adapter.embed_image(uris=paths)

    def aembed_pictures(self, adapter, paths):
        return adapter.aembed_image(uris=paths)


class TestStandardUnit(EmbeddingsUnitTests):
    @property
    def embeddings_class(self):
        return MediaEmbeddings

    @property
    def embedding_model_params(self):
        return {"model": "demo"}


class TestStandardIntegration(EmbeddingsIntegrationTests):
    @property
    def embeddings_class(self):
        return MediaEmbeddings

    @property
    def embedding_model_params(self):
        return {"model": "demo"}


def test_importing_and_constructing_brings_neither_torch_nor_langchain_community():
    code = (
        "import sys; import medialens.langchain as ours; ours.MediaEmbeddings(); ours.MediaReranker(); "
        "ours.MediaCrossEncoder(); ours.PdfPageParser(); ours.VideoClipParser(); ours.CaptionRetriever(); "
        "heavy = ('torch', 'transformers', 'av', 'langchain_community', 'langchain_classic'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_length_may_be_called_dimensions_as_elsewhere_in_langchain():
    assert MediaEmbeddings(dimensions=3) == MediaEmbeddings(truncate_dim=3)
    assert MediaEmbeddings(dimensions=3).dimensions == len(MediaEmbeddings(truncate_dim=3).embed_query("x")) == 3


def test_a_token_shows_neither_in_repr_nor_in_a_dump():
    embeddings = MediaEmbeddings(token="hf_secret")  # noqa: S106  # made up
    assert "hf_secret" not in repr(embeddings) + str(embeddings.model_dump()) + embeddings.model_dump_json()
    assert MediaEmbeddings(**embeddings.model_dump()).model_dump() == embeddings.model_dump()


def test_a_store_is_kept_as_its_url(tmp_path):
    store = MediaStore(tmp_path / "media")
    for given in (store, tmp_path / "media", str(tmp_path / "media")):
        assert MediaEmbeddings(store=given).store == store.url
    assert MediaEmbeddings().store is None


def test_pictures_come_in_every_form_that_image_takes(tmp_path):
    (path,) = draw(tmp_path, "red")
    (reference,) = reference_texts([path])
    embeddings = MediaEmbeddings(store=STORE)
    with PIL.Image.open(path) as picture:
        data = (tmp_path / "0-red.png").read_bytes()
        forms = [
            path,
            tmp_path / "0-red.png",
            f"file://{path}",
            reference,
            data,
            picture,
            Image(path),
            Item(Image(path)),
        ]
        vectors = embeddings.embed_images(forms)
    np.testing.assert_allclose(vectors, [vectors[0]] * len(forms), atol=1e-5)


def test_a_data_uri_is_a_picture_where_pictures_are_asked_for(tmp_path):
    (path,) = draw(tmp_path, "red")
    data = base64.b64encode((tmp_path / "0-red.png").read_bytes()).decode()
    embeddings = MediaEmbeddings()
    (expected,) = embeddings.embed_image(uris=[path])
    np.testing.assert_allclose(embeddings.embed_image(uris=[f"data:image/png;base64,{data}"])[0], expected, atol=1e-5)


def test_a_single_path_in_place_of_a_list_is_refused(tmp_path):
    (path,) = draw(tmp_path, "red")
    for one in (path, tmp_path, b"bytes"):
        with pytest.raises(TypeError, match="expected a list of pictures"):
            MediaEmbeddings().embed_images(one)


def test_a_missing_picture_names_its_path_and_position(tmp_path):
    paths = [*draw(tmp_path, "red"), str(tmp_path / "absent.png")]
    with pytest.raises(MediaNotFoundError, match=r"item 1.*absent\.png"):
        MediaEmbeddings().embed_image(uris=paths)


def test_folders_outside_the_roots_are_not_read(tmp_path):
    from medialens.errors import MediaAccessError

    paths = draw(tmp_path, "red")
    embeddings = MediaEmbeddings(limits=MediaLimits(roots=(tmp_path / "elsewhere",)))
    with pytest.raises(MediaAccessError):
        embeddings.embed_image(uris=paths)


def test_texts_that_look_like_a_way_to_a_medium_cause_no_io(fakes):
    embeddings = MediaEmbeddings()
    embeddings.embed_query("loads the model")
    with pytest.MonkeyPatch.context() as patch:
        tried = refuse_io(patch)
        queries = [embeddings.embed_query(text) for text in LOOK_ALIKES]
        documents = embeddings.embed_documents(LOOK_ALIKES)
    assert tried == []
    assert len({tuple(vector) for vector in queries}) == len(LOOK_ALIKES)
    assert_close(documents, queries)


async def test_an_unmodified_store_takes_and_finds_text_on_both_roads():
    store = InMemoryVectorStore(MediaEmbeddings())
    await store.aadd_documents([Document("a red picture"), Document("two green trees at night")])
    assert store.similarity_search("a red picture", k=1) == await store.asimilarity_search("a red picture", k=1)
    assert store.similarity_search("a red picture", k=1)[0].page_content == "a red picture"


async def test_contents_are_what_their_parts_are(fakes, tmp_path):
    (path,) = draw(tmp_path, "red")
    (reference,) = reference_texts([path])
    embeddings = MediaEmbeddings(store=STORE)
    block = {"type": "image", "base64": data_uri(path).partition(",")[2], "mime_type": "image/png"}
    contents = [
        [block],
        block,
        Image(path),
        reference,
        [{"type": "image", "media_ref": reference}],
        HumanMessage([block]),
    ]
    expected = embeddings.embed_image(uris=[path])
    np.testing.assert_allclose(embeddings.embed_content(contents), expected * len(contents), atol=1e-6)
    np.testing.assert_allclose(await embeddings.aembed_content(contents), expected * len(contents), atol=1e-6)
    mixed = embeddings.embed_content([[{"type": "text", "text": "a caption"}, block], Item("a caption", Image(path))])
    np.testing.assert_allclose(mixed[0], mixed[1], atol=1e-6)
    assert embeddings.embed_content([]) == await embeddings.aembed_content([]) == []


def test_a_clip_and_a_window_of_it_are_queries(tmp_path):
    (tmp_path / "a.gif").write_bytes(animate([grey(0), grey(255)], duration=1000))
    with fake_models(modalities=("text", "image", "video")):
        embeddings = MediaEmbeddings()
        clip = Video(tmp_path / "a.gif", start_seconds=0, end_seconds=1)
        (dark,) = embeddings.embed_content([clip], role="query")
        np.testing.assert_allclose(dark, embeddings.embed_query("black"), atol=0.05)


def test_roles_have_their_prompts_for_contents_as_well(fakes):
    asked = MediaEmbeddings(query_instruction="red ", document_instruction="")
    assert_close(asked.embed_content(["x"], role="query"), [asked.embed_query("x")])
    assert_close(asked.embed_content(["x"]), asked.embed_documents(["x"]))
    assert asked.embed_query("x") != asked.embed_documents(["x"])[0]


def data_uri(path):
    return f"data:image/png;base64,{base64.b64encode(Path(path).read_bytes()).decode()}"


def test_a_data_uri_in_text_is_text_unless_that_is_asked_for(fakes, tmp_path):
    (path,) = draw(tmp_path, "red")
    uri = data_uri(path)
    assert len(uri) < MAX_DATA_URI_CHARACTERS
    plain, asked = MediaEmbeddings(), MediaEmbeddings(data_uris=True)
    seen = asked.embed_image(uris=[path])
    for embed in (lambda one: one.embed_documents([uri]), lambda one: [one.embed_query(uri)]):
        assert_close(embed(asked), seen)
        assert not np.allclose(embed(plain), seen, atol=1e-3)
    assert_close(asked.embed_documents([f"a caption {uri}"]), asked.embed_content([["a caption", Image(path)]]))
    assert_close([asked.embed_query(f"see {uri}")], [plain.embed_query(f"see {uri}")])


def test_a_data_uri_over_the_cap_is_an_error(tmp_path, fakes):
    path = tmp_path / "noise.png"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    PIL.Image.fromarray(noise).save(path)
    uri = data_uri(path)
    assert len(uri) > MAX_DATA_URI_CHARACTERS
    with pytest.raises(InputError, match=rf"item 1: the text is a data URI of {len(uri)} characters"):
        MediaEmbeddings().embed_documents(["fine", uri])
    with pytest.raises(InputError, match="above the cap of 8192"):
        MediaEmbeddings().embed_query(uri)
    assert len(MediaEmbeddings().embed_query(f"prose around {uri}")) == 32
    limited = MediaEmbeddings(data_uris=True, limits=MediaLimits(max_bytes=1000))
    with pytest.raises(MediaLimitError, match=r"max_bytes") as caught:
        limited.embed_documents(["fine", uri])
    assert caught.value.index == 1
    small = MediaEmbeddings(data_uris=True, limits=MediaLimits(max_pixels=1000))
    with pytest.raises(MediaLimitError, match="max_pixels"):
        small.embed_query(uri)


def test_a_text_model_refuses_a_picture_and_says_what_it_takes(tiny_bert, tmp_path):
    (reference,) = reference_texts(draw(tmp_path, "red"))
    embeddings = MediaEmbeddings(model=str(tiny_bert), store=STORE)
    with pytest.raises(UnsupportedModalityError, match=r"item 1: .*takes text; got image"):
        embeddings.embed_documents(["fine", reference])
    with pytest.raises(UnsupportedModalityError, match=r"takes text; got image"):
        embeddings.embed_query(reference)


async def test_bad_documents_are_found_before_a_store_fails_with_them(tmp_path, fakes):
    red, blue, changed, gone = (draw_picture(tmp_path / f"{name}.png", "red") for name in ("a", "b", "c", "d"))
    draw_picture(blue, "blue")
    draw_picture(changed, "green")
    draw_picture(gone, "yellow")
    documents = [media_document(path, store=STORE) for path in (red, changed, blue, gone)]
    documents.insert(1, Document(documents[0].page_content[:60]))
    documents.append(Document("a text"))
    draw_picture(changed, "black")
    gone.unlink()
    embeddings = MediaEmbeddings(store=STORE)
    store = InMemoryVectorStore(embeddings)
    with pytest.raises(MediaReferenceError):
        store.add_documents(documents)
    assert store.store == {}
    wrong = embeddings.check_documents(documents)
    assert {at: (type(one), one.index) for at, one in wrong.items()} == {
        1: (MediaReferenceError, 1),
        2: (MediaChangedError, 2),
        4: (MediaNotFoundError, 4),
    }
    assert list(wrong) == list(await embeddings.acheck_documents(documents)) == [1, 2, 4]
    n_batches = fakes.stats().n_batches
    store.add_documents([one for at, one in enumerate(documents) if at not in wrong])
    assert len(store.store) == 3
    assert fakes.stats().n_batches == n_batches
    assert embeddings.check_documents([]) == embeddings.check_documents(["fine"]) == {}
    assert list(embeddings.check_documents([documents[1]])) == [0]
