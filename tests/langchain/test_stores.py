"""Pictures in unmodified vector stores: in, found by text and by picture, back as bytes, kept up to date."""

import base64
import uuid
from collections.abc import Callable

import faiss
import pytest
from langchain_chroma import Chroma
from langchain_classic.embeddings import CacheBackedEmbeddings
from langchain_community.docstore import InMemoryDocstore
from langchain_community.vectorstores import FAISS, SingleStoreDB
from langchain_core.documents import Document
from langchain_core.indexing import InMemoryRecordManager, index
from langchain_core.stores import InMemoryByteStore
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore
from langchain_qdrant import QdrantVectorStore
from langchain_text_splitters import RecursiveCharacterTextSplitter
from qdrant_client import QdrantClient
from qdrant_client.models import Distance, VectorParams
from tests.langchain.vector_stores import open_store as open_vector_store
from tests.pictures import draw_picture, draw_pictures

from medialens.inputs import Image
from medialens.langchain import (
    MediaEmbeddings,
    MediaReranker,
    document_key,
    documents_to_content_blocks,
    media_document,
)
from medialens.media.store import open_store

MEDIA = "memory://langchain-stores"


def in_memory(embeddings: MediaEmbeddings) -> VectorStore:
    return InMemoryVectorStore(embeddings)


def chroma(embeddings: MediaEmbeddings) -> VectorStore:
    from chromadb.config import Settings

    return Chroma(
        collection_name=f"pictures-{uuid.uuid4()}",
        embedding_function=embeddings,
        client_settings=Settings(anonymized_telemetry=False),
    )


def faiss_store(embeddings: MediaEmbeddings) -> VectorStore:
    return FAISS(embeddings, faiss.IndexFlatIP(embeddings.dimensions), InMemoryDocstore(), {})


def qdrant(embeddings: MediaEmbeddings) -> VectorStore:
    client = QdrantClient(":memory:")
    size = VectorParams(size=embeddings.dimensions, distance=Distance.COSINE)
    client.create_collection("pictures", vectors_config=size)
    return QdrantVectorStore(client, "pictures", embeddings)


STORES: list[Callable[[MediaEmbeddings], VectorStore]] = [in_memory, chroma, faiss_store, qdrant]


@pytest.fixture
def embeddings(fakes):
    return MediaEmbeddings(model="demo", store=MEDIA)


@pytest.fixture(params=STORES, ids=lambda make: make.__name__)
def store(request, embeddings):
    store = request.param(embeddings)
    yield store
    if isinstance(store, QdrantVectorStore):
        store.client.close()


@pytest.fixture
def pictures(tmp_path):
    return draw_pictures(tmp_path / "pictures")


@pytest.fixture
def documents(pictures):
    return [media_document(path, store=MEDIA, metadata={"name": name}) for name, path in pictures.items()]


def test_text_and_pictures_find_the_right_picture_and_its_bytes(store, embeddings, documents, pictures):
    store.add_documents(documents)
    for name, path in pictures.items():
        by_text = store.similarity_search(name, k=1)
        by_reference = store.similarity_search(media_document(path, store=MEDIA).page_content, k=1)
        (vector,) = embeddings.embed_images([Image(path)], role="query")
        by_vector = store.similarity_search_by_vector(vector, k=1)
        for (hit,) in (by_text, by_reference, by_vector):
            assert hit.metadata["name"] == name
            assert open_store(MEDIA).read(hit.metadata["media_ref"]) == path.read_bytes()


def test_pictures_by_the_hooks_of_stores(pictures, embeddings):
    """Chroma's ``add_images`` keeps files in base64, which are read as media where that is asked for."""
    uris = [str(path) for path in pictures.values()]
    store = chroma(embeddings)
    store.add_images(uris=uris, metadatas=[{"name": name} for name in pictures])
    for name, path in pictures.items():
        assert store.similarity_search(name, k=1)[0].metadata["name"] == name
        assert store.similarity_search_by_image(str(path), k=1)[0].metadata["name"] == name
    found = store.similarity_search("a picture", k=4)
    reranker = MediaReranker(store=MEDIA, data_uris=True, top_n=1)
    for name in pictures:
        (best,) = reranker.compress_documents(found, name)
        assert best.metadata["name"] == name
        blocks = documents_to_content_blocks([best], data_uris=True, labels=False)
        assert [base64.b64decode(one["base64"]) for one in blocks] == [pictures[name].read_bytes()]


def test_pictures_by_the_hook_of_singlestore(pictures, embeddings):
    class Table:
        """What `SingleStoreDB` is made of, without a server."""

        embedding = embeddings
        add_images = SingleStoreDB.add_images

        def add_texts(self, texts, metadatas, embeddings, *, return_ids=False):
            self.rows = list(zip(texts, embeddings, strict=True))

    table, uris = Table(), [str(path) for path in pictures.values()]
    table.add_images(uris)
    assert table.rows == list(zip(uris, embeddings.embed_image(uris=uris), strict=True))


async def test_pictures_by_the_hook_of_alloydb(pictures, embeddings):
    """Google's stores ask for ``embed_images`` first, by position, and synchronously within the event loop."""
    uris = [str(path) for path in pictures.values()]

    async def aadd_images(service, uris):
        return service.embed_images(uris) if hasattr(service, "embed_images") else service.embed_image(uris)

    expected = embeddings.embed_image(uris=uris)
    assert await aadd_images(embeddings, uris) == expected
    assert embeddings.embed_image(uris) == expected
    assert (await aadd_images(embeddings, uris[:1]))[0] == expected[0]


def test_content_and_metadata_come_back_exactly(store, documents):
    store.add_documents(documents)
    for original in documents:
        (hit,) = store.similarity_search(original.page_content, k=1)
        assert hit.page_content == original.page_content
        kept = {key: value for key, value in hit.metadata.items() if not key.startswith("_")}  # Qdrant adds its own
        assert kept == original.metadata


async def test_the_asynchronous_road_finds_the_same(store, documents, pictures):
    await store.aadd_documents(documents)
    for name in pictures:
        (hit,) = await store.asimilarity_search(name, k=1)
        assert hit.metadata["name"] == name
    retriever = store.as_retriever(search_kwargs={"k": 1})
    assert await retriever.ainvoke(documents[0].page_content) == retriever.invoke(documents[0].page_content)


def test_pictures_with_captions_are_found_by_text_and_by_picture(store, pictures):
    """Text and picture in one vector: the caption says nothing of the colour, which the picture alone shows."""
    documents = [
        media_document(path, caption=f"number {number}", store=MEDIA, metadata={"name": name})
        for number, (name, path) in enumerate(pictures.items())
    ]
    assert all(len(one.page_content) < 300 for one in documents)
    store.add_documents(documents)
    for original in documents:
        name = original.metadata["name"]
        by_text = store.similarity_search(name, k=1)
        by_picture = store.similarity_search(original.metadata["media_ref"], k=1)
        assert [hit.metadata["name"] for hit in (*by_text, *by_picture)] == [name, name]
        assert by_text[0].page_content == original.page_content


def test_text_and_pictures_share_a_store(store, documents):
    letter = Document("a letter about taxes", metadata={**documents[0].metadata, "name": "letter"})
    store.add_documents([*documents, letter])
    (hit,) = store.similarity_search("a letter about taxes", k=1)
    assert hit.metadata["name"] == "letter"


def test_index_skips_what_it_knows_and_renews_what_changed(store, documents, pictures):
    records = InMemoryRecordManager("pictures")
    records.create_schema()

    def update(documents):
        done = index(documents, records, store, cleanup="incremental", source_id_key="source", key_encoder=document_key)
        return {key: value for key, value in done.items() if value}

    assert update(documents) == {"num_added": 4}
    assert update(documents) == {"num_skipped": 4}
    path = draw_picture(pictures["a blue picture"], "black")
    renewed = media_document(path, store=MEDIA, metadata={"name": "a black picture"})
    assert update([renewed]) == {"num_added": 1, "num_deleted": 1}
    names = {hit.metadata["name"] for hit in store.similarity_search("a black picture", k=10)}
    assert names == {"a red picture", "a green picture", "a yellow picture", "a black picture"}
    (hit,) = store.similarity_search(renewed.page_content, k=1)
    assert hit.metadata["name"] == "a black picture"


def test_chroma_reads_pictures_through_its_own_hook(embeddings, pictures):
    store = chroma(embeddings)
    store.add_images([str(path) for path in pictures.values()], metadatas=[{"name": name} for name in pictures])
    for name, path in pictures.items():
        assert store.similarity_search(name, k=1)[0].metadata["name"] == name
        assert store.similarity_search_by_image(str(path), k=1)[0].metadata["name"] == name


def test_lancedb_reads_pictures_through_the_same_hook(embeddings, pictures, tmp_path):
    with open_vector_store("LanceDB", embeddings, tmp_path / "lance") as store:
        store.add_images([str(path) for path in pictures.values()], metadatas=[{"name": name} for name in pictures])
        for name in pictures:
            assert store.similarity_search(name, k=1)[0].metadata["name"] == name


def test_langchains_cache_of_vectors_knows_the_same_bytes_at_another_path(embeddings, documents, pictures, tmp_path):
    asked = []

    class Counting(MediaEmbeddings):
        def embed_documents(self, texts):
            asked.extend(texts)
            return super().embed_documents(texts)

    cached = CacheBackedEmbeddings.from_bytes_store(
        Counting(store=MEDIA), InMemoryByteStore(), namespace="demo", key_encoder="sha256"
    )
    texts = [one.page_content for one in documents]
    first = cached.embed_documents(texts)
    moved = tmp_path / "moved.png"
    moved.write_bytes(pictures["a red picture"].read_bytes())
    again = cached.embed_documents([media_document(moved, store=MEDIA).page_content])
    assert again == [first[0]]
    assert asked == texts


def test_an_ordinary_text_splitter_leaves_a_reference_whole(documents):
    pieces = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=0).split_documents(documents)
    assert [piece.page_content for piece in pieces] == [one.page_content for one in documents]
