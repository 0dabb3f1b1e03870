"""Who runs the scenarios of `benchmarks.qwen3_vl`: Sentence Transformers and medialens, behind the same two verbs.

An input is a text, or the bytes of a JPEG file. Both decode the files themselves, inside what is timed.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import PIL.Image

Input = str | bytes
Numbers = npt.NDArray[np.float64]


class Contender(Protocol):
    """Vectors of inputs, and logits of a query's documents."""

    def encode(self, inputs: Sequence[Input], *, are_queries: bool = False) -> Numbers: ...  # noqa: D102  # above

    def score(self, query: Input, documents: Sequence[Input]) -> Numbers: ...  # noqa: D102  # above

    def close(self) -> None: ...  # noqa: D102  # above


class Theirs:
    """Sentence Transformers at its defaults."""

    def __init__(self, folders: tuple[Path, Path], *, device: str, dtype: str, batch_size: int) -> None:
        from sentence_transformers import CrossEncoder, SentenceTransformer  # noqa: PLC0415  # may be missing

        settings: Any = {"device": device, "model_kwargs": {"dtype": dtype}}
        self._embedder = SentenceTransformer(str(folders[0]), **settings)
        self._reranker = CrossEncoder(str(folders[1]), **settings)
        self._batch_size = batch_size

    def encode(self, inputs: Sequence[Input], *, are_queries: bool = False) -> Numbers:
        """As users of pictures do."""
        encode = self._embedder.encode_query if are_queries else self._embedder.encode
        opened = [_opened(one) for one in inputs]
        return np.asarray(encode(opened, batch_size=self._batch_size, show_progress_bar=False), dtype=np.float64)

    def score(self, query: Input, documents: Sequence[Input]) -> Numbers:
        """As its `rank` does."""
        query = _opened(query)
        pairs = [(query, _opened(one)) for one in documents]
        scores = self._reranker.predict(pairs, batch_size=self._batch_size, show_progress_bar=False)
        return np.asarray(scores, dtype=np.float64)

    def close(self) -> None:
        """Nothing to end."""


def _opened(value: Input) -> Any:
    return PIL.Image.open(io.BytesIO(value)) if isinstance(value, bytes) else value


class Ours:
    """medialens at its defaults, without the caches that hold whole results."""

    def __init__(self, folders: tuple[Path, Path], *, device: str, dtype: str) -> None:
        from medialens import Encoder, EngineConfig, Reranker  # noqa: PLC0415  # their side can be measured alone
        from medialens.engine.engine import Engine  # noqa: PLC0415

        self.engine = Engine(EngineConfig(vector_cache_bytes=0, score_cache_bytes=0))
        settings: Any = {"device": device, "dtype": dtype, "engine": self.engine}
        self._encoder = Encoder(folders[0], **settings)
        self._reranker = Reranker(folders[1], score_kind="logit", **settings)

    def encode(self, inputs: Sequence[Input], *, are_queries: bool = False) -> Numbers:
        """One call."""
        encode = self._encoder.encode_queries if are_queries else self._encoder.encode
        return np.asarray(encode([_typed(one) for one in inputs], show_progress=False), dtype=np.float64)

    def score(self, query: Input, documents: Sequence[Input]) -> Numbers:
        """One call."""
        asked = _typed(query)
        return self._reranker.score([(asked, _typed(one)) for one in documents], show_progress=False)

    def close(self) -> None:
        """Ends the engine's threads."""
        self.engine.close()


def _typed(value: Input) -> Any:
    from medialens import Image  # noqa: PLC0415  # as above

    return Image(value) if isinstance(value, bytes) else value
