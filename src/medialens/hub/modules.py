"""The modules of a Sentence Transformers repository, by one name each, however old the spelling."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from medialens.errors import IncompleteRepositoryError, RepositoryError
from medialens.hub.repository import Repository

_KINDS = (
    *("Transformer", "Pooling", "Normalize", "Dense", "CLIPModel", "LogitScore", "Router", "Asym", "StaticEmbedding"),
    *("SpladePooling", "MLMTransformer", "SparseAutoEncoder", "SparseStaticEmbedding", "CSRSparsity"),
    *("MultiVectorMask", "LayerNorm", "Dropout", "WeightedLayerPooling", "WordEmbeddings", "WordWeights"),
    *("LSTM", "CNN", "BoW"),
)

# Every home these classes have had: up to 5.3, 5.4 to 5.x, and 6.
_HOMES = (
    "sentence_transformers.models",
    "sentence_transformers.base.modules",
    "sentence_transformers.sentence_transformer.modules",
    "sentence_transformers.cross_encoder.modules",
    "sentence_transformers.sparse_encoder.models",
    "sentence_transformers.sparse_encoder.modules",
    "sentence_transformers.multi_vector_encoder.modules",
)

# Code of repositories whose whole effect a family reproduces, so that it need not run.
_REPRODUCED = {"bge_vl_clip_transformer.BGEVLCLIPTransformer": "BGEVLCLIPTransformer"}

TRANSFORMER_KINDS = ("Transformer", "CLIPModel", "BGEVLCLIPTransformer")


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Module:
    """One row of ``modules.json``.

    Attributes:
        kind: Its class by its one name, or "" for a class that is not in the table.
        type: The class as the repository spells it.
        path: Its folder, relative to the repository; "" is the root.
        config: Its ``config.json``; empty where there is none.
    """

    kind: str
    type: str
    path: str
    config: Mapping[str, Any]


def module_kind(type_name: str) -> str:
    """One name for a module class, whatever path it is spelled with; "" for a class that is not in the table."""
    if type_name in _REPRODUCED:
        return _REPRODUCED[type_name]
    path, _, kind = type_name.rpartition(".")
    known = any(path == home or path.startswith(f"{home}.") for home in _HOMES)
    if type_name == "pylate.models.Dense.Dense":
        return "Dense"
    return kind if known and kind in _KINDS else ""


def read_modules(repository: Repository) -> tuple[Module, ...]:
    """The rows of ``modules.json`` in their order; empty for a plain transformers repository.

    Raises:
        RepositoryError: A path leads out of the repository.
        IncompleteRepositoryError: A module's folder is missing.
    """
    rows = repository.read_json("modules.json")
    if rows is None:
        return ()
    try:
        spelled = [(str(row["type"]), str(row.get("path", ""))) for row in rows]
    except (TypeError, KeyError, AttributeError) as error:
        msg = f"{repository.name!r}: modules.json is not a list of rows with 'type' and 'path'; download it again"
        raise IncompleteRepositoryError(msg, repository=repository.name, missing=("modules.json",)) from error
    return tuple(_read_module(repository, type_name, path) for type_name, path in spelled)


def _read_module(repository: Repository, type_name: str, path: str) -> Module:
    parts = PurePosixPath(path.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in path:
        msg = f"{repository.name!r}: modules.json points outside the repository: path {path!r} of {type_name}"
        raise RepositoryError(msg, repository=repository.name, path=path)
    kind = module_kind(type_name)
    # A hub download brings files only, so a module without any file has no folder: Normalize needs none. A LogitScore
    # whose folder is misspelt is published (Qwen3-VL-Reranker-8B), and what it would say can be found out elsewhere.
    if path and kind not in {"Normalize", "LogitScore"} and not (repository.folder / path).is_dir():
        msg = f"{repository.name!r}: modules.json names the folder {path!r} ({type_name}), which is not there"
        raise IncompleteRepositoryError(msg, repository=repository.name, missing=(path,))
    config = {} if kind in TRANSFORMER_KINDS else repository.read_fields(_join(path, "config.json"))
    return Module(kind=kind, type=type_name, path=path, config=config)


def _join(folder: str, file: str) -> str:
    return f"{folder}/{file}" if folder else file
