"""The fields that adapter classes of all frameworks share, and how they reach the handles.

Frameworks configure by pydantic fields, dump them, pickle them and take them for an object's identity. So the
fields are the whole state: no handle is kept. One is made where work is done, which costs nothing, because the
engine of the process holds each loaded model once. That is what makes adapters picklable, copyable, and safe to
hand to spawned or forked workers.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_serializer, field_validator

from medialens.errors import MedialensError
from medialens.inputs import Input, Role
from medialens.media.limits import MediaLimits
from medialens.media.store import store_url
from medialens.outputs import RankResult

if TYPE_CHECKING:
    from medialens.encoder import Encoder
    from medialens.reranker import Reranker

Ranking: TypeAlias = list[tuple[int, float | None]]
"""Positions of documents, best first, with their scores; None is that of one which failed."""

_LOG = logging.getLogger(__name__)


class MediaSettings(BaseModel):
    """Where media are registered, and what may be read. Unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, protected_namespaces=())

    store: str | None = Field(
        default=None,
        description="Where media references were issued: a folder, 'memory://name' or any fsspec URL. None is the "
        "default store in the user's data folder.",
    )
    limits: MediaLimits = Field(default=MediaLimits(), description="What may be read: sizes, URLs, folders.")

    @field_validator("store", mode="before")
    @classmethod
    def _take_url(cls, value: Any) -> Any:
        # A store is its URL, and a folder its absolute one: fields are dumped, pickled and read elsewhere.
        value = getattr(value, "url", value)
        return store_url(value) if isinstance(value, (str, Path)) else value

    @field_serializer("limits")
    def _dump_limits(self, limits: MediaLimits) -> dict[str, Any]:
        # In JSON's own types, whichever way it is dumped: LlamaIndex writes a dump with json.dumps.
        roots = None if limits.roots is None else [str(root) for root in limits.roots]
        return {**dataclasses.asdict(limits), "url_hosts": list(limits.url_hosts), "roots": roots}


class ModelSettings(MediaSettings):
    """Which model, where it runs, and which media it may read."""

    revision: str | None = Field(default=None, description="Branch, tag or commit of the repository.")
    token: SecretStr | None = Field(
        default=None, exclude=True, repr=False, description="Access token of the hub; never part of a dump."
    )
    cache_folder: str | None = Field(default=None, description="Where downloads are kept.")
    local_files_only: bool = Field(default=False, description="Never ask the hub.")
    trust_remote_code: bool = Field(default=False, description="Allow code from the repository.")
    device: str | None = Field(default=None, description="Such as 'cpu' or 'cuda:0'; None decides by the machine.")
    dtype: str | None = Field(default=None, description="Of the computation: 'float32', 'bfloat16', 'float16'.")
    attention: str | None = Field(default=None, description="Of the model: 'sdpa', 'eager', 'flash_attention_2'.")
    fusion: Literal["sum"] | None = Field(
        default=None, description="'sum' lets a dual encoder take items that mix text and picture."
    )
    max_tokens: int | None = Field(default=None, gt=0, description="Cut text here.")
    model_kwargs: dict[str, Any] = Field(default_factory=dict, description="For the model's constructor.")
    processor_kwargs: dict[str, Any] = Field(default_factory=dict, description="For its processor.")

    def _handle_arguments(self) -> dict[str, Any]:
        names = set(ModelSettings.model_fields) - {"token"}
        arguments = {name: getattr(self, name) for name in sorted(names)}
        return {**arguments, "token": self.token.get_secret_value() if self.token else None}


class EmbeddingSettings(ModelSettings):
    """The settings of classes that embed."""

    truncate_dim: int | None = Field(default=None, gt=0, description="Keep this many leading dimensions.")
    prompts: dict[str, str] = Field(
        default_factory=dict, description="Added to the repository's own, by name: 'query', 'document'."
    )
    query_instruction: str | None = Field(
        default=None, description="Put before queries in place of the repository's own prompt; '' for none."
    )
    document_instruction: str | None = Field(
        default=None, description="Put before documents in place of the repository's own prompt; '' for none."
    )

    def _open_encoder(self, repository: str) -> Encoder:
        from medialens.encoder import Encoder  # noqa: PLC0415  # torch comes with it; constructing adapters is light

        return Encoder(repository, truncate_dim=self.truncate_dim, prompts=self.prompts, **self._handle_arguments())

    def _instruction(self, role: Role) -> str | None:
        return self.query_instruction if role == "query" else self.document_instruction

    def _embed(
        self, repository: str, items: Sequence[Input], role: Role, *, show_progress: bool | None = None
    ) -> list[list[float]]:
        """A list of Python floats for each item; nothing in, nothing out, without loading a model."""
        if not items:
            return []
        encoder = self._open_encoder(repository)
        encode = encoder.encode_queries if role == "query" else encoder.encode_documents
        vectors = encode(items, instruction=self._instruction(role), show_progress=show_progress)
        return cast("list[list[float]]", vectors.tolist())

    def _check(self, repository: str, items: Sequence[Input | MedialensError]) -> dict[int, MedialensError]:
        """What cannot be embedded as a document, by position; the vectors of the others are kept by the engine."""
        checking = _Checking(items)
        if checking.inputs:
            encoder, instruction = self._open_encoder(repository), self._instruction("document")
            result = encoder.encode_documents(checking.inputs, instruction=instruction, errors="return")
            checking.note(result.errors)
        return checking.errors

    async def _acheck(self, repository: str, items: Sequence[Input | MedialensError]) -> dict[int, MedialensError]:
        checking = _Checking(items)
        if checking.inputs:
            encoder, instruction = self._open_encoder(repository), self._instruction("document")
            result = await encoder.aencode_documents(checking.inputs, instruction=instruction, errors="return")
            checking.note(result.errors)
        return checking.errors

    async def _aembed(
        self, repository: str, items: Sequence[Input], role: Role, *, show_progress: bool | None = None
    ) -> list[list[float]]:
        if not items:
            return []
        encoder = self._open_encoder(repository)
        encode = encoder.aencode_queries if role == "query" else encoder.aencode_documents
        vectors = await encode(items, instruction=self._instruction(role), show_progress=show_progress)
        return cast("list[list[float]]", vectors.tolist())


class _Checking:
    """Inputs, of which some are errors already, and what becomes of them."""

    def __init__(self, items: Sequence[Input | MedialensError]) -> None:
        self._errors = {at: one for at, one in enumerate(items) if isinstance(one, MedialensError)}
        self._positions = [at for at in range(len(items)) if at not in self._errors]
        self.inputs: list[Input] = [one for one in items if not isinstance(one, MedialensError)]

    def note(self, errors: Mapping[int, MedialensError]) -> None:
        self._errors |= {self._positions[at]: one.at(self._positions[at]) for at, one in errors.items()}

    @property
    def errors(self) -> dict[int, MedialensError]:
        return dict(sorted(self._errors.items()))


class RerankSettings(ModelSettings):
    """The settings of classes that rerank."""

    top_n: int | None = Field(default=3, ge=0, description="Keep this many, best first; None keeps all.")
    score_threshold: float | None = Field(default=None, description="Keep scores of at least this much.")
    instruction: str | None = Field(default=None, description="The task, for models that take one.")
    errors: Literal["raise", "last"] = Field(
        default="raise",
        description="'raise' raises the error of the first that cannot be read or scored; 'last' puts such ones after "
        "all others, without a score, as far as there is room for them, and logs a warning.",
    )

    def _open_reranker(self, repository: str) -> Reranker:
        from medialens.reranker import Reranker  # noqa: PLC0415  # torch comes with it

        return Reranker(repository, **self._handle_arguments())

    def _rank(self, repository: str, query: Input, documents: Sequence[Input | MedialensError]) -> Ranking:
        """(position, score) best first, equal scores in the order they came; what failed has no score, and is last."""
        readable = self._readable(documents)
        inputs = [one for _, one in readable]
        try:
            ranked = self._open_reranker(repository).rank(query, inputs, self.top_n, instruction=self.instruction)
        except MedialensError as error:
            return self._placed(self._without_failed(error), readable, len(documents))
        return self._placed(RankResult(ranked=tuple(ranked), errors={}), readable, len(documents))

    async def _arank(self, repository: str, query: Input, documents: Sequence[Input | MedialensError]) -> Ranking:
        readable = self._readable(documents)
        inputs = [one for _, one in readable]
        try:
            ranked = await self._open_reranker(repository).arank(
                query, inputs, self.top_n, instruction=self.instruction
            )
        except MedialensError as error:
            return self._placed(self._without_failed(error), readable, len(documents))
        return self._placed(RankResult(ranked=tuple(ranked), errors={}), readable, len(documents))

    def _readable(self, documents: Sequence[Input | MedialensError]) -> list[tuple[int, Input]]:
        """Those that are something to be scored, with their positions."""
        for one in documents:
            if isinstance(one, MedialensError):
                if self.errors == "raise":
                    raise one
                _warn_of(one)
        return [(at, one) for at, one in enumerate(documents) if not isinstance(one, MedialensError)]

    def _without_failed(self, error: MedialensError) -> RankResult:
        """The ranking of those that did work."""
        result = getattr(error, "result", None)
        if self.errors == "raise" or error.index is None or not isinstance(result, RankResult):
            raise error  # that of a query is about no document
        return result

    def _placed(self, result: RankResult, readable: Sequence[tuple[int, Input]], n_documents: int) -> Ranking:
        lowest = float("-inf") if self.score_threshold is None else self.score_threshold
        positions = [at for at, _ in readable]
        for at, error in result.errors.items():
            _warn_of(error.at(positions[at]))
        failed = {*range(n_documents)}.difference(positions) | {positions[at] for at in result.errors}
        ranking: Ranking = [(positions[one.index], float(one.score)) for one in result.ranked if one.score >= lowest]
        ranking += [(at, None) for at in sorted(failed)]
        return ranking[: n_documents if self.top_n is None else self.top_n]


def _warn_of(error: MedialensError) -> None:
    _LOG.warning("comes last, because it cannot be reranked: %s", error)
