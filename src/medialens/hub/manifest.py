"""What a repository says about itself, read once into one frozen value."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast, get_args

from medialens.errors import IncompleteRepositoryError
from medialens.hub.adapter import SETTINGS, Adapter, OpenBase, base_name
from medialens.hub.modules import TRANSFORMER_KINDS, Module, read_modules
from medialens.hub.repository import Repository
from medialens.outputs import Similarity

# Of the transformer module; the older names are those of the first backbones it had.
_TRANSFORMER_CONFIGS = (
    "sentence_bert_config.json",
    "sentence_roberta_config.json",
    "sentence_distilbert_config.json",
    "sentence_camembert_config.json",
    "sentence_albert_config.json",
    "sentence_xlm-roberta_config.json",
    "sentence_xlnet_config.json",
)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Manifest:
    """The small files of a repository.

    Attributes:
        repository: Where they lie.
        folder: The folder of the backbone: the repository's, or its first module's.
        config: The backbone's ``config.json``.
        modules: The rows of ``modules.json``; empty for a plain transformers repository.
        transformer: The transformer module's own settings (``sentence_bert_config.json`` and older names).
        settings: ``config_sentence_transformers.json``: prompts, similarity, truncation, activation.
        image_processor: ``preprocessor_config.json``, or its place in ``processor_config.json``.
        video_processor: ``video_preprocessor_config.json``, or its place in ``processor_config.json``; where there is
            neither, that of pictures.
        feature_extractor: Of sounds: ``preprocessor_config.json``, or its place in ``processor_config.json``.
        tokenizer: ``tokenizer_config.json``.
        adapter: What is to be added to the backbone's weights; its base is the backbone then.
    """

    repository: Repository
    folder: Path
    config: Mapping[str, Any]
    modules: tuple[Module, ...] = ()
    transformer: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    image_processor: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    video_processor: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    feature_extractor: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    tokenizer: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    adapter: Adapter | None = None

    @property
    def name(self) -> str:
        """The repository's name, as the caller wrote it."""
        return self.repository.name

    @property
    def model_type(self) -> str:
        """The backbone's architecture in transformers' spelling; "" where nothing says so."""
        return str(self.config.get("model_type", ""))

    @property
    def architectures(self) -> tuple[str, ...]:
        """The classes that saved the backbone."""
        names = self.config.get("architectures")
        return tuple(map(str, names)) if isinstance(names, list) else ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of the modules, in their order."""
        return tuple(module.kind for module in self.modules)

    @property
    def foreign_modules(self) -> tuple[str, ...]:
        """Module classes that are the repository's own code."""
        return tuple(module.type for module in self.modules if not module.kind)

    @property
    def backbone_folder(self) -> Path:
        """The folder of the backbone's ``config.json`` and weights: `folder`, or that of an adapter's base."""
        return self.folder if self.adapter is None else self.adapter.base.folder

    @property
    def weight_folders(self) -> tuple[str, ...]:
        """Folders that must hold weights, relative to the repository: those of Dense modules, and the backbone's.

        An adapter in the backbone's place has its own way (`Adapter.fetch_weights`).
        """
        backbone = self.folder.relative_to(self.repository.folder).as_posix()
        own = () if self._is_adapter else ("" if backbone == "." else backbone,)
        return (*own, *(one.path for one in self.modules if one.kind == "Dense"))

    def fetch_weights(self, *, allow_pickle: bool = False) -> tuple[Path, ...]:
        """The weight files of all that it is made of, each found whole; see `Repository.fetch_weights`.

        Raises:
            IncompleteRepositoryError: Some are missing or cut short.
            UntrustedCodeError: They are pickled, and `allow_pickle` is False.
        """
        changed = self.adapter.fetch_weights(allow_pickle=allow_pickle) if self.adapter else ()
        folders = self.weight_folders if self._is_adapter or not self.adapter else ()
        own = self.repository.fetch_weights(folders, allow_pickle=allow_pickle) if folders else ()
        return (*changed, *own)

    @property
    def repositories(self) -> tuple[Repository, ...]:
        """All whose files decide its numbers."""
        others = (self.adapter.repository, self.adapter.base.repository) if self.adapter else ()
        return (self.repository, *(other for other in others if other is not self.repository))

    @property
    def _is_adapter(self) -> bool:
        """Whether an adapter lies in the backbone's place; else it may lie elsewhere and change this repository's."""
        return self.adapter is not None and self.adapter.repository is self.repository

    @property
    def prompts(self) -> Mapping[str, str]:
        """Prompts by name, as the repository has them."""
        prompts = self.settings.get("prompts")
        known = prompts.items() if isinstance(prompts, dict) else ()
        return {name: text for name, text in known if isinstance(text, str)}

    @property
    def default_prompt_name(self) -> str | None:
        """Which prompt applies where none is asked for."""
        name = self.settings.get("default_prompt_name")
        return str(name) if name else None

    @property
    def similarity(self) -> Similarity:
        """How the repository compares vectors; cosine where it says nothing that is known here."""
        name = self.settings.get("similarity_fn_name")
        return cast("Similarity", name) if name in get_args(Similarity) else "cosine"

    @property
    def truncate_dim(self) -> int | None:
        """How many leading dimensions the repository keeps of a vector."""
        dim = self.settings.get("truncate_dim")
        return int(dim) if dim else None

    @property
    def saved_as(self) -> str:
        """``SentenceTransformer``, ``CrossEncoder``, ...; "" where nothing says so."""
        return str(self.settings.get("model_type", "SentenceTransformer" if self.modules else ""))


def read_manifest(repository: Repository, open_base: OpenBase | None = None) -> Manifest:
    """The small files of `repository`.

    Args:
        repository: What to read.
        open_base: How the base of an adapter is found; None where there must be none.

    Raises:
        IncompleteRepositoryError: ``config.json`` is missing, a file is broken, or a module's folder is missing.
        RepositoryError: ``modules.json`` points outside the repository.
    """
    modules = read_modules(repository)
    path = next((module.path for module in modules if module.kind in TRANSFORMER_KINDS), "")
    at = f"{path}/" if path else ""
    config = repository.read_json(f"{at}config.json")
    if not isinstance(config, dict):
        if open_base is None or not (repository.folder / at / SETTINGS).is_file():
            raise _no_config(repository, f"{at}config.json")
        return _read_adapted(repository, path, modules, open_base)
    return _read_whole(repository, path, modules, config)


def _read_adapted(repository: Repository, path: str, modules: tuple[Module, ...], open_base: OpenBase) -> Manifest:
    """The base as the adapter's repository uses it; as it is, where that says nothing of modules."""
    settings = repository.read_fields(f"{path}/{SETTINGS}" if path else SETTINGS)
    base = read_manifest(open_base(*base_name(repository, path, settings)))
    adapter = Adapter(repository=repository, path=path, settings=settings, base=base)
    if not modules:
        return dataclasses.replace(base, adapter=adapter)
    own = _read_whole(repository, path, modules, base.config)
    names = ("transformer", "image_processor", "video_processor", "feature_extractor", "tokenizer")
    inherited = {name: getattr(own, name) or getattr(base, name) for name in names}
    return dataclasses.replace(own, adapter=adapter, **inherited)


def _read_whole(repository: Repository, path: str, modules: tuple[Module, ...], config: Mapping[str, Any]) -> Manifest:
    at = f"{path}/" if path else ""
    return Manifest(
        repository=repository,
        folder=repository.folder / path,
        config=config,
        modules=modules,
        transformer=_read_first(repository, at),
        settings=repository.read_fields("config_sentence_transformers.json"),
        image_processor=_read_processor(repository, at, "image_processor"),
        video_processor=_read_processor(repository, at, "video_processor", "video_preprocessor_config.json"),
        feature_extractor=_read_processor(repository, at, "feature_extractor"),
        tokenizer=repository.read_fields(f"{at}tokenizer_config.json"),
    )


def _read_first(repository: Repository, at: str) -> Mapping[str, Any]:
    found = (repository.read_fields(f"{at}{file}") for file in _TRANSFORMER_CONFIGS)
    return next((content for content in found if content), {})


def _read_processor(repository: Repository, at: str, kind: str, *own: str) -> Mapping[str, Any]:
    """From the processor's file, as transformers 5 writes it, else from its `own`, else from that of pictures."""
    processor = repository.read_fields(f"{at}processor_config.json")
    inside = processor.get(kind)
    if isinstance(inside, dict):
        return inside
    files = (repository.read_fields(f"{at}{file}") for file in (*own, "preprocessor_config.json"))
    return next((content for content in files if content), {})


def _no_config(repository: Repository, path: str) -> IncompleteRepositoryError:
    inside = sorted(file.name for file in repository.folder.iterdir())
    shown = ", ".join(inside[:8]) or "nothing"
    msg = (
        f"{repository.name!r}: no {path}, so this is no model repository or only a part of one; "
        f"the folder {repository.folder} holds {shown}"
    )
    return IncompleteRepositoryError(msg, repository=repository.name, missing=(path,))
