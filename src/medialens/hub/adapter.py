"""Low-rank adapters as peft saves them: a small file of changes to another repository's weights.

Sentence Transformers saves one in the place of its backbone, beside its ``modules.json``; peft saves it alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from medialens.errors import IncompleteRepositoryError, RepositoryError, UntrustedCodeError
from medialens.hub.repository import Repository
from medialens.hub.weights import check_whole

if TYPE_CHECKING:
    from medialens.hub.manifest import Manifest

SETTINGS = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"

OpenBase: TypeAlias = Callable[[str, str | None], Repository]
"""The repository of a name and a revision, None for the newest."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Adapter:
    """Changes to the weights of `base`.

    Attributes:
        repository: Where they lie.
        path: The folder in it; "" is the root.
        settings: ``adapter_config.json``.
        base: What they change.
    """

    repository: Repository
    path: str
    settings: Mapping[str, Any]
    base: Manifest

    @property
    def weights(self) -> Path:
        """The file of the changes; `fetch_weights` sees to it that it is there."""
        return self.repository.folder / self.path / WEIGHTS

    def fetch_weights(self, *, allow_pickle: bool = False) -> tuple[Path, ...]:
        """The base's weight files and that of the changes, each found whole.

        Raises:
            IncompleteRepositoryError: Some are missing or cut short.
            UntrustedCodeError: They are pickled.
        """
        base = self.base.repository.fetch_weights(self.base.weight_folders, allow_pickle=allow_pickle)
        self.repository.fetch([f"{self.path}/{WEIGHTS}" if self.path else WEIGHTS])
        if not self.weights.is_file():
            raise self._no_weights()
        check_whole(self.weights, self.repository.name)
        return *base, self.weights

    def _no_weights(self) -> IncompleteRepositoryError | UntrustedCodeError:
        name = self.repository.name
        if self.weights.with_name("adapter_model.bin").is_file():
            msg = f"{name!r} has a pickled adapter only (adapter_model.bin); save it again with safetensors"
            return UntrustedCodeError(msg, repository=name)
        msg = f"{name!r}: no {WEIGHTS} beside {SETTINGS}; download the repository again"
        return IncompleteRepositoryError(msg, repository=name, missing=(WEIGHTS,))


def base_name(repository: Repository, path: str, settings: Mapping[str, Any]) -> tuple[str, str | None]:
    """The name and the revision of what an adapter changes.

    Raises:
        RepositoryError: It does not say.
    """
    name, revision = settings.get("base_model_name_or_path"), settings.get("revision")
    if not isinstance(name, str) or not name:
        where = f"{path}/{SETTINGS}" if path else SETTINGS
        msg = f"{repository.name!r}: {where} has base_model_name_or_path={name!r}, expected the name of the base model"
        raise RepositoryError(msg, repository=repository.name)
    return name, str(revision) if revision else None
