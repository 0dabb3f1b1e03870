"""From a `ModelSpec` to a `Model`, one step a line."""

from __future__ import annotations

import dataclasses
import functools
import hashlib

import torch
import transformers

from medialens.errors import DeviceMemoryError, MedialensError, RepositoryError
from medialens.hub.fingerprint import fingerprint
from medialens.hub.manifest import Manifest, read_manifest
from medialens.hub.repository import Repository, open_repository
from medialens.models.catalogue import find_embedded
from medialens.models.family import LoadRequest
from medialens.models.placement import Placement, decide_placement
from medialens.models.protocol import Model, Task
from medialens.models.registry import find_family
from medialens.models.spec import Fusion, ModelSpec

__all__ = ["Fusion", "ModelSpec", "load_model"]

_ORGANISATIONS: dict[Task, str] = {"embed": "sentence-transformers", "score": "cross-encoder"}


def load_model(spec: ModelSpec) -> Model:
    """The model that `spec` asks for, on its device, ready for any number of threads.

    A dual encoder asked for ``score`` gives a model that embeds, with the scale and bias that turn a cosine into
    a probability in its recipe.

    Raises:
        InputError: The device or dtype is not available.
        DeviceMemoryError: It is larger than the device.
        RepositoryError: Its subclasses say whether it was not found, is incomplete, needs its own code, or is of
            no known family.
    """
    placement = decide_placement(device=spec.device, dtype=spec.dtype, attention=spec.attention)
    repository = _open(spec)
    try:
        return _load(spec, repository, placement)
    except MedialensError:
        raise
    except (MemoryError, torch.OutOfMemoryError) as error:
        msg = f"{spec.repository!r} does not fit {placement.device}: {error}; choose another device or a smaller model"
        raise DeviceMemoryError(msg, repository=spec.repository) from error
    except Exception as error:  # a repository can be broken in any way, and transformers raises what it happens to meet
        msg = (
            f"{spec.repository!r} cannot be loaded: {type(error).__name__}: {error}. Its settings and weights do not "
            "fit together, or are damaged; download it again, or tell its author"
        )
        raise RepositoryError(msg, repository=spec.repository) from error


def _load(spec: ModelSpec, repository: Repository, placement: Placement) -> Model:
    manifest = read_manifest(repository, functools.partial(_open_base, spec))
    family = find_family(manifest, spec.task, trust_remote_code=spec.trust_remote_code)
    weights = manifest.fetch_weights(allow_pickle=spec.allows_pickle)
    if spec.trust_remote_code:
        repository.fetch(["*.py"])
    first, *others = (one.folder for one in manifest.repositories)
    files = "".join((fingerprint(first, weights), *(fingerprint(other, ()) for other in others)))
    request = LoadRequest(
        manifest=manifest, spec=spec, placement=placement, identity=_identity(files, manifest, spec, placement)
    )
    return family.load(request)


def _open(spec: ModelSpec) -> Repository:
    return open_repository(
        find_embedded(spec.repository) or spec.repository,
        revision=spec.revision,
        token=spec.token,
        cache_folder=spec.cache_folder,
        local_files_only=spec.local_files_only,
        organisation=_ORGANISATIONS[spec.task],
    )


def _open_base(spec: ModelSpec, name: str, revision: str | None) -> Repository:
    """What an adapter changes; from where the adapter came, as far as that makes sense."""
    return _open(dataclasses.replace(spec, repository=name, revision=revision))


def _identity(files: str, manifest: Manifest, spec: ModelSpec, placement: Placement) -> str:
    """Digest of what decides the numbers beside the recipe: the files, the overrides, the arithmetic.

    transformers' version counts, because it decides more than arithmetic: which tokenizer class reads SigLIP 2's
    files, for one, changed between 5.17 and 5.23, and every vector of a text with it.
    """
    arithmetic = (transformers.__version__, placement.dtype, placement.attention)
    facts = (files, *(one.revision for one in manifest.repositories), spec.overrides(), *arithmetic)
    return hashlib.sha256(repr(facts).encode()).hexdigest()
