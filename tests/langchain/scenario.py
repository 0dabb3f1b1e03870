"""One scenario for all vector stores, in two processes: index media of every kind; then, in a new process, find them.

python -m tests.langchain.scenario FOLDER STORE...      answers as JSON, on the last line
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import functools
import json
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from langchain_classic.indexes import SQLRecordManager
from langchain_core.documents import Document
from langchain_core.indexing import index
from langchain_core.vectorstores import VectorStore
from tests.langchain.vector_stores import open_store
from tests.media.clips import film
from tests.media.documents import document as pdf

from medialens.engine.config import EngineConfig
from medialens.engine.engine import Engine, use_engine
from medialens.inputs import Image
from medialens.langchain import (
    MediaEmbeddings,
    MediaReranker,
    MediaRetriever,
    document_key,
    documents_to_content_blocks,
    media_document,
    media_documents,
)
from medialens.media.store import MediaStore
from medialens.testing.fake_model import FakeModel, fake_recipe

QUESTIONS = {
    "image": "a red picture",
    "tile": "a blue picture",
    "page": "a magenta picture",
    "clip": "a yellow picture",
    "sound": "440",
    "text": "a letter about taxes",
}


@contextlib.contextmanager
def all_seeing() -> Iterator[None]:
    """Every model is a fake that knows colours and tones, in pictures, clips and sounds."""
    recipe = dataclasses.replace(fake_recipe(), modalities=("text", "image", "audio", "video"))
    recipe = dataclasses.replace(recipe, n_frames=2, sample_rate_hz=16_000)
    engine = Engine(EngineConfig(cpu_lanes=1), loader=lambda _: FakeModel(recipe=recipe, identity="all-seeing"))
    with engine, use_engine(engine):
        yield


def write_files(folder: Path) -> Path:
    """One file of each kind, and two that will not stay as they are."""
    folder.mkdir(parents=True)
    for name, colour in {"image": "red", "changing": "white", "going": "orange"}.items():
        PIL.Image.new("RGB", (128, 96), colour).save(folder / f"{name}.png")
    screenshot = PIL.Image.new("RGB", (100, 420), "white")
    screenshot.paste("blue", (0, 140, 100, 280))
    screenshot.save(folder / "screenshot.png")
    (folder / "report.pdf").write_bytes(pdf([b"0 1 0 rg 0 0 72 72 re f", b"1 0 1 rg 0 0 72 72 re f"]))
    cyan, yellow = (np.full((48, 64, 3), colour, np.uint8) for colour in ((0, 255, 255), (255, 255, 0)))
    (folder / "talk.mp4").write_bytes(film([cyan] * 10 + [yellow] * 10, fps=1, keyframe_every=1))
    write_tone(folder / "tone.wav", hertz=440)
    return folder


def write_tone(path: Path, *, hertz: float, seconds: float = 1.0) -> None:
    moments = np.arange(int(16_000 * seconds)) / 16_000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((20_000 * np.sin(2 * np.pi * hertz * moments)).astype("<i2").tobytes())


def read_documents(files: Path, media_store: Path) -> list[Document]:
    letter = Document(
        "a letter about taxes", metadata={**media_document(files / "image.png", store=media_store).metadata}
    )
    letter.metadata.update(
        source="letter.txt", media_type="text", mime_type="text/plain", media_ref="", width=-1, height=-1
    )
    return [*media_documents(files, store=media_store), letter]


class Indexing:
    """A vector store, what is known to be in it, and how both are brought up to date."""

    def __init__(self, name: str, folder: Path, vector_store: VectorStore) -> None:
        self._store = vector_store
        self._namespace = name
        self._records = SQLRecordManager(name, db_url=f"sqlite:///{folder / 'records.sqlite'}")
        self._records.create_schema()

    def update(self, documents: list[Document], cleanup: str = "incremental") -> dict[str, int]:
        key = functools.partial(document_key, namespace=self._namespace)
        done = index(
            documents,
            self._records,
            self._store,
            cleanup=cleanup,
            source_id_key="source",
            key_encoder=key,  # type: ignore[arg-type]
        )
        return {what: count for what, count in done.items() if count}


def embeddings(root: Path) -> MediaEmbeddings:
    return MediaEmbeddings(model="demo", store=root / "media")


def index_everything(name: str, root: Path, files: Path) -> list[dict[str, int]]:
    """What each step did: at first; again; one file changed; one deleted."""
    folder = root / name
    with open_store(name, embeddings(root), folder) as store:
        indexing = Indexing(name, folder, store)
        documents = read_documents(files, root / "media")
        steps = [indexing.update(documents), indexing.update(documents)]
        PIL.Image.new("RGB", (128, 96), "black").save(files / "changing.png")
        (files / "going.png").unlink()
        documents = read_documents(files, root / "media")
        steps.append(indexing.update([one for one in documents if one.metadata["source"].endswith("changing.png")]))
        steps.append(indexing.update(documents, cleanup="full"))
    return steps


def ask_everything(name: str, root: Path, files: Path) -> dict[str, Any]:
    """What a new process finds: by each road, the answers to all questions."""
    media_store = str(root / "media")
    folder = root / name
    with open_store(name, embeddings(root), folder) as store:
        again = Indexing(name, folder, store).update(read_documents(files, root / "media"))
        retriever = MediaRetriever(vector_store=store, k=8)
        reranker = MediaReranker(store=media_store, top_n=1)
        answers = {}
        for kind, question in QUESTIONS.items():
            found = retriever.invoke(question)
            (best,) = reranker.compress_documents(found, question)
            (plain,) = store.similarity_search(question, k=1)
            answers[kind] = {
                "best": best.metadata,
                "plain": plain.metadata,
                "content": best.page_content,
                "kinds": [one.metadata["media_type"] for one in found],
                "bytes": _bytes_of(best, media_store),
                "blocks": documents_to_content_blocks([best], store=media_store),
            }
        red = PIL.Image.new("RGB", (30, 30), (250, 5, 5))
        by_picture = retriever.invoke(Image(red), k=1)
        by_reference = store.similarity_search(answers["page"]["content"], k=1)
        gone = [one.metadata["source"] for one in store.similarity_search("an orange picture", k=50)]
    return {
        "again": again,
        "answers": answers,
        "by_picture": by_picture[0].metadata,
        "by_reference": by_reference[0].metadata,
        "sources": sorted({Path(source).name for source in gone}),
    }


def _bytes_of(document: Document, media_store: str) -> str:
    reference = document.metadata["media_ref"]
    return base64.b64encode(MediaStore(media_store).read(reference)).decode() if reference else ""


def main() -> None:
    root, *names = sys.argv[1:]
    answers: dict[str, Any] = {}
    with all_seeing():
        for name in names:
            try:
                answers[name] = ask_everything(name, Path(root), Path(root) / f"files-{name}")
            except Exception as error:  # noqa: BLE001  # the test of that store tells it
                answers[name] = {"error": f"{type(error).__name__}: {error}"}
    print()
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
