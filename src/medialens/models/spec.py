"""Which model is wanted, and how: the one value that `load_model` takes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from medialens.errors import InputError
from medialens.models.protocol import Task

Fusion: TypeAlias = Literal["sum"]
"""How a dual encoder makes one vector of an item that mixes text and image: by the sum of its features."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """A model and how to load it; equal specs mean the same model.

    Attributes:
        repository: Folder, hub id, or the name of an embedded model such as ``demo``.
        task: ``embed`` for vectors, ``score`` for (query, document) pairs.
        revision: Branch, tag or commit of the hub.
        token: For gated and private repositories.
        cache_folder: Where the hub's files are kept.
        local_files_only: Never ask the network.
        trust_remote_code: Whether code from the repository may run.
        device, dtype, attention: Wishes for the placement; None lets it decide.
        fusion: ``sum`` lets a dual encoder take items that mix text and image; None is what the repository says.
        max_tokens: Cut text here, if the model allows no less.
        model_kwargs: Passed to transformers' ``from_pretrained`` of the model.
        processor_kwargs: Overrides of the tokenizer's settings and of the image processor's.
    """

    repository: str
    task: Task = "embed"
    revision: str | None = None
    token: str | bool | None = dataclasses.field(default=None, repr=False)
    cache_folder: str | None = None
    local_files_only: bool = False
    trust_remote_code: bool = False
    device: str | None = None
    dtype: str | None = None
    attention: str | None = None
    fusion: Fusion | None = None
    max_tokens: int | None = None
    model_kwargs: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    processor_kwargs: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("repository", "cache_folder", "device", "dtype"):
            value = getattr(self, name)
            if value is not None:  # paths, torch devices and dtypes are welcome; their text is what is compared
                object.__setattr__(self, name, str(value))
        for name in ("model_kwargs", "processor_kwargs"):
            _check_keywords(name, getattr(self, name))
            object.__setattr__(self, name, dict(getattr(self, name)))
        _check(self)

    def __hash__(self) -> int:
        return hash((self.repository, self.task, self.revision, self.device, self.dtype, self.overrides()))

    def overrides(self) -> str:
        """The kwargs as text: they change a model's numbers, so they belong to its identity."""
        return json.dumps([self.model_kwargs, self.processor_kwargs], sort_keys=True, default=str)

    @property
    def allows_pickle(self) -> bool:
        """Whether pickled weights may be read: only when the caller says so in transformers' own words."""
        return self.model_kwargs.get("use_safetensors") is False


def _check_keywords(name: str, value: Any) -> None:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        msg = f"{name}={value!r:.80} must be a mapping from names to values"
        raise InputError(msg, value=value)


def _check(spec: ModelSpec) -> None:
    if not spec.repository:
        msg = "the model's repository is empty; expected a folder, a hub id, or 'demo'"
        raise InputError(msg, value=spec.repository)
    attention: Any = spec.attention
    if attention is not None and not isinstance(attention, str):
        msg = f"attention={spec.attention!r:.80} must be the name of one of transformers' implementations, or None"
        raise InputError(msg, value=spec.attention)
    if spec.fusion not in {None, "sum"}:
        msg = f"fusion={spec.fusion!r} is not known; expected 'sum' or None"
        raise InputError(msg, value=spec.fusion)
    if spec.max_tokens is not None and not (isinstance(spec.max_tokens, int) and spec.max_tokens >= 1):
        msg = f"max_tokens={spec.max_tokens!r} must be a whole number of at least 1"
        raise InputError(msg, value=spec.max_tokens)
    for name, elsewhere in (
        ("trust_remote_code", "trust_remote_code="),
        ("dtype", "dtype="),
        ("torch_dtype", "dtype="),
        ("device_map", "device="),
    ):
        if name in spec.model_kwargs:
            msg = f"model_kwargs[{name!r}] would be decided twice; pass {elsewhere} instead"
            raise InputError(msg, value=spec.model_kwargs[name])
