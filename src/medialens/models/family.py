"""What a folder of `architectures/` gives to the registry: a name, a question and a constructor."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from medialens.hub.manifest import Manifest
from medialens.models.placement import Placement
from medialens.models.protocol import Model, Task
from medialens.models.spec import ModelSpec


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LoadRequest:
    """All that a family needs to load: what the repository says, what is wanted, and where it shall run."""

    manifest: Manifest
    spec: ModelSpec
    placement: Placement
    identity: str

    @property
    def folder(self) -> Path:
        """The folder of the backbone."""
        return self.manifest.folder


@dataclasses.dataclass(frozen=True, kw_only=True)
class Family:
    """A family of models.

    Attributes:
        name: The folder's name.
        why_not: None if the family can run this repository for this task, else the reason, in a few words
            that finish "dual_encoder: ...". It reads the manifest alone, never the repository's name.
        load: The model. Called only when `why_not` gave None and the weights are complete.
    """

    name: str
    why_not: Callable[[Manifest, Task], str | None]
    load: Callable[[LoadRequest], Model]
