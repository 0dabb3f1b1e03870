"""Media in LangChain's own retrievers, caches and chains, unmodified; and many callers at once."""

import asyncio
import functools
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from langchain_classic.embeddings import CacheBackedEmbeddings
from langchain_classic.retrievers import (
    ContextualCompressionRetriever,
    EnsembleRetriever,
    MultiVectorRetriever,
    ParentDocumentRetriever,
)
from langchain_classic.retrievers.document_compressors import DocumentCompressorPipeline, EmbeddingsFilter
from langchain_core.documents import Document
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableLambda, RunnablePassthrough
from langchain_core.stores import InMemoryByteStore, InMemoryStore
from langchain_core.tools import create_retriever_tool
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_text_splitters import RecursiveCharacterTextSplitter
from tests.engine.gates import PATIENCE_SECONDS, Gate
from tests.pictures import draw_pictures

from medialens.engine.config import EngineConfig
from medialens.engine.engine import Engine, use_engine
from medialens.errors import EngineClosedError
from medialens.langchain import (
    CaptionRetriever,
    MediaEmbeddings,
    MediaReranker,
    MediaRetriever,
    documents_to_content_blocks,
    media_document,
)
from medialens.testing.fake_model import FakeModel

STORE = "memory://langchain-chains"
ONE_OF_EACH = EngineConfig(cpu_lanes=1, prepare_threads=1)


@pytest.fixture
def documents(tmp_path):
    return [
        media_document(path, store=STORE, metadata={"name": name}) for name, path in draw_pictures(tmp_path).items()
    ]


@pytest.fixture
def store(documents, fakes):
    store = InMemoryVectorStore(MediaEmbeddings(store=STORE))
    store.add_documents(documents)
    return store


def names(found):
    return [one.metadata["name"] for one in found]


async def test_an_ensemble_tells_pictures_apart_and_merges_the_same(store, documents):
    for one in documents:
        one.metadata["caption"] = one.metadata["name"]
    by_vector = store.as_retriever(search_kwargs={"k": 4})
    ensemble = EnsembleRetriever(retrievers=[by_vector, CaptionRetriever(documents=documents)], weights=[0.5, 0.5])
    for found in (ensemble.invoke("a green picture"), await ensemble.ainvoke("a green picture")):
        assert names(found)[0] == "a green picture"
        assert sorted(names(found)) == sorted(names(documents))


async def test_an_ensemble_of_media_retrievers(store):
    alone = MediaRetriever(vector_store=store, k=4)
    ensemble = EnsembleRetriever(retrievers=[alone, alone], weights=[0.5, 0.5])
    assert names(ensemble.invoke("a green picture")) == names(alone.invoke("a green picture"))


async def test_compression_pipelines_and_filters_by_embedding(store):
    pipeline = DocumentCompressorPipeline(
        transformers=[
            EmbeddingsFilter(embeddings=store.embeddings, similarity_threshold=0.0, k=3),
            MediaReranker(store=STORE, top_n=1),
        ]
    )
    chain = ContextualCompressionRetriever(
        base_compressor=pipeline, base_retriever=store.as_retriever(search_kwargs={"k": 4})
    )
    for found in (chain.invoke("a yellow picture"), await chain.ainvoke("a yellow picture")):
        assert names(found) == ["a yellow picture"]


async def test_a_cache_around_the_embeddings_serves_the_retriever_words_and_media(documents, fakes):
    cached = CacheBackedEmbeddings.from_bytes_store(
        MediaEmbeddings(store=STORE), InMemoryByteStore(), namespace="demo", key_encoder="sha256"
    )
    store = InMemoryVectorStore(cached)
    store.add_documents(documents)
    retriever = MediaRetriever(vector_store=store, k=1)
    blue = documents[1].page_content
    for query in ("a blue picture", blue, [{"type": "image", "media_ref": blue}]):
        assert names(retriever.invoke(query)) == names(await retriever.ainvoke(query)) == ["a blue picture"]


async def test_several_vectors_lead_to_one_picture_and_pieces_to_their_parents(documents, fakes):
    vectors = InMemoryVectorStore(MediaEmbeddings(store=STORE))
    several = MultiVectorRetriever(vectorstore=vectors, docstore=InMemoryStore(), id_key="name")
    several.docstore.mset([(one.metadata["name"], one) for one in documents])
    about = [Document(f"what {one.metadata['name']} is like", metadata=one.metadata) for one in documents]
    vectors.add_documents([*documents, *about])
    for query in ("a blue picture", documents[1].page_content):
        assert several.invoke(query)[0] == (await several.ainvoke(query))[0] == documents[1]
    parents = ParentDocumentRetriever(
        vectorstore=InMemoryVectorStore(MediaEmbeddings(store=STORE)),
        docstore=InMemoryStore(),
        child_splitter=RecursiveCharacterTextSplitter(chunk_size=130, chunk_overlap=0),
    )
    captioned = documents[2].model_copy(update={"page_content": f"{'words ' * 60}\n{documents[2].page_content}"})
    parents.add_documents([*documents[:2], captioned])
    assert parents.invoke("a green picture")[0].page_content == captioned.page_content


def test_langchains_own_tool_puts_a_reference_into_the_prompt_and_not_the_picture(store, documents):
    tool = create_retriever_tool(store.as_retriever(search_kwargs={"k": 1}), "look", "Looks.")
    assert tool.invoke({"query": "a green picture"}) == documents[2].page_content
    assert len(documents[2].page_content) < 120


class Seeing(GenericFakeChatModel):
    """Says what it is shown."""

    def _generate(self, messages, *args, **kwargs):
        kinds = [block["type"] for block in messages[-1].content]
        self.messages = iter([AIMessage(" ".join(kinds))])
        return super()._generate(messages, *args, **kwargs)


async def test_a_chain_from_question_to_answer_on_both_roads(store):
    show = functools.partial(documents_to_content_blocks, store=STORE)

    def ask(given):
        return [HumanMessage(content=[*given["blocks"], {"type": "text", "text": given["question"]}])]

    retriever = MediaRetriever(vector_store=store, reranker=MediaReranker(store=STORE), k=2)
    chain = (
        {"question": RunnablePassthrough(), "blocks": retriever | show}
        | RunnableLambda(ask)
        | Seeing(messages=iter([]))
        | StrOutputParser()
    )
    expected = "text image text image text"
    assert chain.invoke("a green picture") == await chain.ainvoke("a green picture") == expected
    assert chain.batch(["a green picture", "a red picture"]) == [expected] * 2


class Counted(FakeModel):
    """Tells how many texts are prepared, and so wait for a lane."""

    def prepare(self, items, *, instruction):
        prepared = super().prepare(items, instruction=instruction)
        PREPARED.release()
        return prepared


PREPARED = threading.Semaphore(0)


@pytest.fixture
def gate():
    made = Gate()
    yield made
    made.open()


async def test_threads_and_event_loops_share_batches(gate):
    engine = Engine(ONE_OF_EACH, loader=lambda _: Counted(on_batch=gate))
    with engine, use_engine(engine), ThreadPoolExecutor(9) as threads:
        embeddings = MediaEmbeddings()
        first = threads.submit(embeddings.embed_documents, ["hold"])
        await asyncio.to_thread(gate.reached.wait, PATIENCE_SECONDS)
        waiting = [threads.submit(embeddings.embed_documents, [f"thread {number}"]) for number in range(8)]
        tasks = [asyncio.create_task(embeddings.aembed_documents([f"loop {number}"])) for number in range(8)]
        for _ in range(17):
            assert await asyncio.to_thread(PREPARED.acquire, timeout=PATIENCE_SECONDS)
        gate.open()
        vectors = await asyncio.gather(*tasks, *map(asyncio.wrap_future, [first, *waiting]))
    assert [len(one) for one in vectors] == [1] * 17
    sizes = [len(batch) for batch in gate.batches]
    assert sum(sizes) == 17
    assert sum(sizes) / len(sizes) > 2  # 16 that came from everywhere, in a few batches


async def test_a_caller_who_goes_away_leaves_the_others_unharmed(gate):
    engine = Engine(ONE_OF_EACH, loader=lambda _: gate.model())
    with engine, use_engine(engine):
        embeddings = MediaEmbeddings()
        held = asyncio.create_task(embeddings.aembed_documents(["hold"]))
        await asyncio.to_thread(gate.reached.wait, PATIENCE_SECONDS)
        gone, kept = (asyncio.create_task(embeddings.aembed_documents([text])) for text in ("gone", "kept"))
        await asyncio.sleep(0)
        gone.cancel()
        gate.open()
        assert [len(one) for one in (*(await held), *(await kept))] == [32, 32]
        with pytest.raises(asyncio.CancelledError):
            await gone


async def test_whoever_waits_when_the_engine_is_closed_is_told(gate):
    engine = Engine(ONE_OF_EACH, loader=lambda _: gate.model())
    with use_engine(engine):
        tasks = [asyncio.create_task(MediaEmbeddings().aembed_documents([text])) for text in ("hold", "later")]
        await asyncio.to_thread(gate.reached.wait, PATIENCE_SECONDS)
        closing = asyncio.create_task(asyncio.to_thread(engine.close))
        told = await asyncio.gather(*tasks, return_exceptions=True)
        gate.open()
        await closing
    assert [type(one) for one in told] == [EngineClosedError] * 2
