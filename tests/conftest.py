"""Shared by all tests: shapes are checked while they run, the network and the user's folders are out of reach, and
tiny models are built once.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import hypothesis
import jaxtyping
import pytest

# Before anything imports the hub or a tokenizer; no import above does.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# Nothing that a test writes by default lands among the user's own media, vectors or models.
_HOME = Path(tempfile.mkdtemp(prefix="medialens-tests-"))
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
os.environ["MEDIALENS_STORE"] = str(_HOME / "media")
os.environ["HF_HOME"] = str(_HOME / "hub")
os.environ.pop("MEDIALENS_CACHE", None)
# How long an example takes tells of the machine and what else it does.
hypothesis.settings.register_profile("medialens", deadline=None)
hypothesis.settings.load_profile("medialens")
jaxtyping.install_import_hook(("medialens.models.layers", "medialens.models.architectures"), "beartype.beartype")


@pytest.fixture(scope="session", autouse=True)
def _no_implicit_event_loop() -> None:
    """Asked for a loop outside any, asyncio makes one that nobody closes, and the warning of its end falls upon
    whichever test the collector runs in. LlamaIndex's synchronous calls ask; told that there is none, they make and
    close one.
    """
    asyncio.set_event_loop(None)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny model by its builder's name in `tests.tiny` or `tests.tiny_qwen`, built at its first use.

    Do not write to it.
    """
    from tests import tiny, tiny_qwen

    root = tmp_path_factory.mktemp("tiny")

    def build(name: str) -> Path:
        folder = root / name
        module = tiny if hasattr(tiny, name) else tiny_qwen
        return folder if folder.is_dir() else getattr(module, name)(folder)

    return build


@pytest.fixture(scope="session")
def tiny_clip(tiny_model: Callable[[str], Path]) -> Path:
    return tiny_model("clip")


@pytest.fixture(scope="session")
def tiny_bert(tiny_model: Callable[[str], Path]) -> Path:
    """A text embedder in the layout of Sentence Transformers, with prompts."""
    return tiny_model("bert_embedder")


@pytest.fixture(scope="session")
def tiny_cross_encoder(tiny_model: Callable[[str], Path]) -> Path:
    return tiny_model("cross_encoder")
