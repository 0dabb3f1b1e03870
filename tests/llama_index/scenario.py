"""One scenario for all vector stores, in two processes: index media of every kind; then, in a new process, find them.

python -m tests.llama_index.scenario FOLDER STORE...      answers as JSON, on the last line
"""

from __future__ import annotations

import base64
import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from llama_index.core import StorageContext
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import BaseNode, Document, MetadataMode, NodeWithScore, QueryBundle
from tests.llama_index.llms import RecordingLLM
from tests.llama_index.vector_stores import open_vector_store
from tests.pictures import draw_picture

from medialens.inputs import Image
from medialens.llama_index import (
    ClipSplitter,
    MediaEmbedding,
    MediaQuery,
    MediaReader,
    MediaRerank,
    MediaRetriever,
    MediaVectorStoreIndex,
    PageSplitter,
    PrepareMediaForLLM,
    TileSplitter,
)
from medialens.media.store import MediaStore
from medialens.testing.fake_model import MEDIA, fake_models

QUESTIONS = {
    "image": "a red picture",
    "tile": "a blue picture",
    "page": "a green picture",
    "clip": "a yellow picture",
    "sound": "440",
    "text": "a letter about taxes",
}


def embedding(root: Path) -> MediaEmbedding:
    return MediaEmbedding(store=root / "media")


def transformations(root: Path) -> list[Any]:
    store = str(root / "media")
    clips = ClipSplitter(store=store, overlap_seconds=0)
    return [PageSplitter(store=store, thumbnails=True), TileSplitter(store=store), clips, SentenceSplitter()]


def read_documents(root: Path, files: Path) -> list[BaseNode]:
    letter = Document(text="a letter about taxes", id_="letter")
    return [*MediaReader(store=root / "media").load_data(files), letter]


@contextlib.contextmanager
def open_index(name: str, root: Path) -> Iterator[MediaVectorStoreIndex]:
    """The index as another process left it, or a new one."""
    folder = root / name
    with open_vector_store(name, folder) as vector_store:
        kept = folder / "storage"
        storage = StorageContext.from_defaults(
            vector_store=vector_store, **({"persist_dir": str(kept)} if kept.exists() else {})
        )
        settings = {"embed_model": embedding(root), "transformations": transformations(root)}
        if kept.exists():
            index = MediaVectorStoreIndex.from_storage(storage, **settings)
        else:
            index = MediaVectorStoreIndex(nodes=[], storage_context=storage, **settings)
        yield index
        storage.docstore.persist(str(kept / "docstore.json"))
        storage.index_store.persist(str(kept / "index_store.json"))


def everything(index: MediaVectorStoreIndex) -> list[NodeWithScore]:
    return index.as_retriever(similarity_top_k=100).retrieve("anything")


def index_everything(name: str, root: Path, files: Path) -> list[tuple[int, int]]:
    """How many documents were renewed, and nodes there are: at first; again; one changed; one deleted."""
    steps = []
    with open_index(name, root) as index:

        def refresh() -> None:
            renewed = index.refresh_ref_docs(read_documents(root, files))
            steps.append((sum(renewed), len(everything(index))))

        refresh()
        refresh()
        draw_picture(files / "changing.png", "black")
        refresh()
        index.delete_file(files / "going.png")
        (files / "going.png").unlink()
        refresh()
    return steps


def ask_everything(name: str, root: Path, files: Path) -> dict[str, Any]:
    """What a new process finds, and what a language model is sent of it."""
    store = str(root / "media")
    with open_index(name, root) as index:
        renewed = index.refresh_ref_docs(read_documents(root, files))
        retriever = MediaRetriever(index, similarity_top_k=8)
        answers = {}
        for kind, question in QUESTIONS.items():
            found = retriever.retrieve(question)
            (best,) = MediaRerank(store=store, top_n=1).postprocess_nodes(found, query_str=question)
            (plain,) = index.as_retriever(similarity_top_k=1).retrieve(question)
            (sent,) = PrepareMediaForLLM(store=store, audio="block").postprocess_nodes([best])
            answers[kind] = {
                "best": best.metadata,
                "ref_doc_id": best.node.ref_doc_id,
                "plain": plain.metadata,
                "kinds": [one.metadata["media_type"] for one in found],
                "bytes": _bytes_of(best, store),
                "blocks": [block.model_dump(mode="json") for block in sent.node.get_content_blocks(MetadataMode.LLM)],
            }
        red = draw_picture(root / name / "red.png", (250, 5, 5))
        by_picture = [retriever.retrieve(query)[0] for query in _asked(red)]
        llm = RecordingLLM()
        engine = index.as_query_engine(
            llm=llm,
            multimodal=True,
            similarity_top_k=20,
            node_postprocessors=[MediaRerank(store=store, top_n=1), PrepareMediaForLLM(store=store)],
        )
        engine.query(QueryBundle("one like this?", image_path=str(red)))
        images = [block.inline_url() for block in llm.blocks() if block.block_type == "image"]
        return {
            "renewed": sum(renewed),
            "answers": answers,
            "by_picture": [one.metadata["source"] for one in by_picture],
            "sources": sorted({Path(one.metadata["source"] or "letter").name for one in everything(index)}),
            "images": images,
            "red": base64.b64encode(red.read_bytes()).decode(),
        }


def _asked(red: Path) -> list[QueryBundle]:
    return [MediaQuery(media=Image(red)), QueryBundle("", image_path=str(red))]


def _bytes_of(found: NodeWithScore, store: str) -> str:
    reference = found.metadata["media_ref"]
    return base64.b64encode(MediaStore(store).read(reference)).decode() if reference else ""


def main() -> None:
    root, *names = sys.argv[1:]
    answers: dict[str, Any] = {}
    with fake_models(modalities=MEDIA):
        for name in names:
            try:
                answers[name] = ask_everything(name, Path(root), Path(root) / f"files-{name}")
            except Exception as error:  # noqa: BLE001  # the test of that store tells it
                answers[name] = {"error": f"{type(error).__name__}: {error}"}
    print()
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
