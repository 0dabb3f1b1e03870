"""Ingestion pipelines, stock and ours: cache, docstore, failures, workers."""

import pickle
import uuid

import numpy as np
import pytest
from llama_index.core.ingestion import DocstoreStrategy, IngestionCache, IngestionPipeline
from llama_index.core.schema import ImageDocument, QueryBundle
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.vector_stores import SimpleVectorStore, VectorStoreQuery
from tests.llama_index.files import write_report
from tests.llama_index.vector_stores import QUIETLY, STORES, asynchronous_qdrant, let_go, open_vector_store
from tests.pictures import draw_picture, draw_pictures

from medialens.inputs import Image
from medialens.llama_index import (
    MediaEmbedding,
    MediaIngestionPipeline,
    MediaReader,
    MediaVectorStoreIndex,
    PageSplitter,
    media_node,
)

pytestmark = [pytest.mark.filterwarnings(line) for line in QUIETLY]


@pytest.fixture
def media(tmp_path):
    return str(tmp_path / "media")


@pytest.fixture
def folder(tmp_path):
    draw_pictures(tmp_path / "files")
    write_report(tmp_path / "files")
    return tmp_path / "files"


class Counting(MediaEmbedding):
    """Remembers how many nodes it embedded, and can be told to fail."""

    def __call__(self, nodes, **kwargs):
        count(nodes)
        return super().__call__(nodes, **kwargs)

    async def acall(self, nodes, **kwargs):
        count(nodes)
        return await super().acall(nodes, **kwargs)


def count(nodes):
    COUNTS.append(len(nodes))
    if FAILING:
        message = "out of memory"
        raise RuntimeError(message)


COUNTS: list[int] = []
FAILING: list[bool] = []


@pytest.fixture(autouse=True)
def _from_the_start():
    COUNTS.clear()
    FAILING.clear()


@pytest.fixture
def steps(fakes, media):
    return [PageSplitter(store=media), Counting(store=media)]


def sizes():
    taken = [count for count in COUNTS if count]
    COUNTS.clear()
    return taken


def vectors(store, query):
    return store.query(VectorStoreQuery(query_embedding=query, similarity_top_k=50)).ids


def read(folder, media):
    return MediaReader(store=media).load_data(folder)


def test_the_cache_tells_media_apart_and_knows_them_again(steps, folder, media):
    pipeline = IngestionPipeline(transformations=steps, cache=IngestionCache())
    first = pipeline.run(documents=read(folder, media))
    assert sizes() == [6]
    assert len({tuple(node.embedding) for node in first}) == 6
    again = pipeline.run(documents=read(folder, media))
    assert sizes() == []
    assert [node.node_id for node in again] == [node.node_id for node in first]
    assert np.allclose([node.embedding for node in again], [node.embedding for node in first])
    draw_picture(folder / "0.png", "magenta")
    changed = pipeline.run(documents=read(folder, media))
    assert sizes() == [6]
    assert not np.allclose(changed[0].embedding, first[0].embedding, atol=1e-3)


def test_another_model_is_another_entry_of_the_cache(steps, folder, media):
    cache = IngestionCache()
    documents = read(folder, media)
    IngestionPipeline(transformations=steps, cache=cache).run(documents=documents)
    short = [steps[0], Counting(store=media, truncate_dim=8)]
    nodes = IngestionPipeline(transformations=short, cache=cache).run(documents=documents)
    assert sizes() == [6, 6]
    assert {len(node.embedding) for node in nodes} == {8}


@pytest.mark.parametrize("kind", [IngestionPipeline, MediaIngestionPipeline])
async def test_upserts_embed_what_changed_and_nothing_else(kind, steps, folder, media):
    store = SimpleVectorStore()
    pipeline = kind(transformations=steps, docstore=SimpleDocumentStore(), vector_store=store, disable_cache=True)
    pipeline.run(documents=read(folder, media))
    assert sizes() == [6]
    query = steps[1].get_query_embedding("a magenta picture")
    assert len(vectors(store, query)) == 6
    await pipeline.arun(documents=read(folder, media))
    assert sizes() == []
    draw_picture(folder / "0.png", "magenta")
    write_report(folder, "report.pdf")
    (folder / "report.pdf").write_bytes((folder / "report.pdf").read_bytes() + b"\n")
    pipeline.run(documents=read(folder, media))
    assert sizes() == [3]
    assert len(vectors(store, query)) == 6
    assert vectors(store, query)[0] == media_node(folder / "0.png", store=media).node_id


@pytest.mark.parametrize("kind", [IngestionPipeline, MediaIngestionPipeline])
@pytest.mark.parametrize("road", ["run", "arun"])
async def test_files_that_are_gone_are_deleted_on_request(kind, road, steps, folder, media):
    store, documents = SimpleVectorStore(), SimpleDocumentStore()
    strategy = DocstoreStrategy.UPSERTS_AND_DELETE
    pipeline = kind(transformations=steps, docstore=documents, vector_store=store, docstore_strategy=strategy)

    async def run():
        if road == "run":
            return pipeline.run(documents=read(folder, media))
        return await pipeline.arun(documents=read(folder, media))

    assert len(await run()) == 6
    (folder / "0.png").unlink()
    (folder / "report.pdf").unlink()
    for _ in range(2):
        assert await run() == []
        assert len(vectors(store, [1.0] * 32)) == 3
        assert len(documents.docs) == 3
    draw_picture(folder / "0.png", "magenta")
    assert len(await run()) == 1


@pytest.mark.parametrize("road", ["run", "arun"])
async def test_nodes_that_are_gone_are_deleted_on_request(road, steps, folder, media):
    store, strategy = SimpleVectorStore(), DocstoreStrategy.UPSERTS_AND_DELETE
    pipeline = MediaIngestionPipeline(
        transformations=steps[1:], docstore=SimpleDocumentStore(), vector_store=store, docstore_strategy=strategy
    )
    for left, n_new in ((4, 4), (3, 0), (3, 0)):
        nodes = [media_node(path, store=media) for path in sorted(folder.glob("*.png"))[:left]]
        new = pipeline.run(nodes=nodes) if road == "run" else await pipeline.arun(nodes=nodes)
        assert (len(new), len(vectors(store, [1.0] * 32))) == (n_new, left)


@pytest.mark.parametrize("name", STORES)
@pytest.mark.parametrize("road", ["run", "arun"])
async def test_changed_and_deleted_files_in_every_store(name, road, steps, folder, request):
    if name == "PGVector":
        request.getfixturevalue("postgres_address")
    if (name, road) == ("Qdrant", "arun"):
        pytest.skip("Qdrant in a folder cannot be opened by a second, asynchronous client")
    with open_vector_store(name, folder.parent / f"store{uuid.uuid4().hex}") as store:
        pipeline = MediaIngestionPipeline(
            transformations=steps,
            docstore=SimpleDocumentStore(),
            vector_store=store,
            docstore_strategy=DocstoreStrategy.UPSERTS_AND_DELETE,
        )

        async def run():
            if road == "run":
                return len(pipeline.run(documents=read(folder, steps[0].store)))
            return len(await pipeline.arun(documents=read(folder, steps[0].store)))

        query = VectorStoreQuery(query_embedding=[1.0] * 32, similarity_top_k=50)
        assert await run() == 6
        (folder / "report.pdf").unlink()
        draw_picture(folder / "0.png", "magenta")
        assert await run() == 1
        found = store.query(query) if road == "run" else await store.aquery(query)
        await let_go(store)
        assert len(found.ids) == 4


async def test_qdrant_by_its_asynchronous_client(steps, folder, tmp_path):
    query = VectorStoreQuery(query_embedding=[1.0] * 32, similarity_top_k=50)
    async with asynchronous_qdrant(tmp_path / "qdrant") as store:
        pipeline = MediaIngestionPipeline(transformations=steps, docstore=SimpleDocumentStore(), vector_store=store)
        assert len(await pipeline.arun(documents=read(folder, steps[0].store))) == 6
        draw_picture(folder / "0.png", "magenta")
        assert len(await pipeline.arun(documents=read(folder, steps[0].store))) == 1
        assert len((await store.aquery(query)).ids) == 6


@pytest.mark.parametrize("kind", [IngestionPipeline, MediaIngestionPipeline])
def test_nodes_are_upserted_as_documents_are(kind, steps, folder, media):
    store = SimpleVectorStore()
    pipeline = kind(transformations=steps[1:], docstore=SimpleDocumentStore(), vector_store=store, disable_cache=True)

    def run():
        paths = sorted(folder.glob("*.png"))
        return pipeline.run(nodes=[media_node(path, store=media) for path in paths])

    run()
    run()
    assert sizes() == [4]
    draw_picture(folder / "0.png", "magenta")
    run()
    assert sizes() == [1]
    assert len(vectors(store, [1.0] * 32)) == 4


def test_old_documents_are_known_by_their_bytes(steps, folder):
    store = SimpleVectorStore()
    pipeline = MediaIngestionPipeline(
        transformations=steps, docstore=SimpleDocumentStore(), vector_store=store, disable_cache=True
    )
    path = folder / "0.png"
    for expected in ([1], []):
        pipeline.run(documents=[ImageDocument(image_path=str(path), id_="picture")])
        assert sizes() == expected
    draw_picture(path, "magenta")
    pipeline.run(documents=[ImageDocument(image_path=str(path), id_="picture")])
    assert sizes() == [1]
    assert len(vectors(store, [1.0] * 32)) == 1


@pytest.mark.parametrize("strategy", [DocstoreStrategy.DUPLICATES_ONLY, DocstoreStrategy.UPSERTS])
@pytest.mark.parametrize("road", ["run", "arun"])
async def test_a_run_that_failed_can_be_repeated(steps, folder, media, strategy, road):
    store = SimpleVectorStore()
    pipeline = MediaIngestionPipeline(
        transformations=steps, docstore=SimpleDocumentStore(), vector_store=store, docstore_strategy=strategy
    )

    async def run():
        if road == "run":
            return pipeline.run(documents=read(folder, media))
        return await pipeline.arun(documents=read(folder, media))

    FAILING.append(True)
    with pytest.raises(RuntimeError, match="out of memory"):
        await run()
    FAILING.clear()
    COUNTS.clear()
    assert len(await run()) == 6
    assert sizes() == [6]
    assert len(vectors(store, [1.0] * 32)) == 6
    assert await run() == []


def test_a_docstore_alone_drops_what_comes_twice(steps, folder, media):
    pipeline = MediaIngestionPipeline(
        transformations=steps, docstore=SimpleDocumentStore(), docstore_strategy=DocstoreStrategy.DUPLICATES_ONLY
    )
    documents = read(folder, media)
    assert len(pipeline.run(documents=[*documents, *documents])) == 6
    assert pipeline.run(documents=documents) == []


def test_a_persisted_pipeline_knows_what_it_did(steps, folder, media, tmp_path):
    def pipeline():
        return MediaIngestionPipeline(
            transformations=steps, docstore=SimpleDocumentStore(), vector_store=SimpleVectorStore()
        )

    first = pipeline()
    first.run(documents=read(folder, media))
    first.persist(str(tmp_path / "pipeline"))
    second = pipeline()
    second.load(str(tmp_path / "pipeline"))
    assert second.run(documents=read(folder, media)) == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Specified num_workers exceed:UserWarning")
def test_workers_load_the_model_themselves(folder, media):
    embedding = MediaEmbedding(store=media)
    pipeline = IngestionPipeline(transformations=[PageSplitter(store=media), embedding])
    embedding.get_query_embedding("the model is loaded here")
    assert max(len(pickle.dumps(one)) for one in pipeline.transformations) < 5000  # what a worker gets of it
    nodes = pipeline.run(documents=read(folder, media), num_workers=2)
    alone = embedding([node.model_copy(update={"embedding": None}) for node in nodes])
    assert np.allclose([node.embedding for node in nodes], [node.embedding for node in alone], atol=1e-4)
    index = MediaVectorStoreIndex(nodes=nodes, embed_model=embedding)
    path = folder / "0.png"
    query = QueryBundle("", embedding=embedding.embed_query(Image(path)))
    assert index.as_retriever(similarity_top_k=1).retrieve(query)[0].metadata["source"] == str(path)
