"""LangChain's embeddings: our contract, LangChain's own standard tests, and what is particular to it."""

import subprocess
import sys

import numpy as np
import PIL.Image
import pytest
from langchain_core.documents import Document
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_tests.integration_tests import EmbeddingsIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests
from tests.look_alikes import LOOK_ALIKES, refuse_io

from medialens.errors import MediaNotFoundError
from medialens.inputs import Image, Item
from medialens.langchain import MediaEmbeddings
from medialens.media.limits import MediaLimits
from medialens.media.store import MediaStore
from medialens.testing.contracts import EmbeddingsContract
from medialens.testing.contracts.checks import STORE, assert_close, draw, reference_texts


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
        "import sys; from medialens.langchain import MediaEmbeddings, MediaReranker; "
        "MediaEmbeddings(); MediaReranker(); print([m for m in ('torch', 'langchain_community') if m in sys.modules])"
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
    import base64

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
