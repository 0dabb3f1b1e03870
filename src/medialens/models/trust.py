"""Whether a repository's backbone can be built without running the repository's code."""

from __future__ import annotations

from transformers import CONFIG_MAPPING, __version__

from medialens.errors import RepositoryError, UnknownFamilyError, UntrustedCodeError
from medialens.hub.manifest import Manifest


def needs_code(manifest: Manifest) -> bool:
    """Whether transformers lacks the model type, and the repository brings code for it."""
    return manifest.model_type not in CONFIG_MAPPING and bool(manifest.config.get("auto_map"))


def code_error(manifest: Manifest) -> UntrustedCodeError:
    """What to raise where it does and is not trusted."""
    msg = (
        f"{manifest.name!r} needs code from the repository (auto_map in config.json; transformers has no model_type "
        f"{manifest.model_type!r}). Read that code, and if you trust it pass trust_remote_code=True"
    )
    return UntrustedCodeError(msg, repository=manifest.name)


def check_buildable(manifest: Manifest, *, trust_remote_code: bool) -> None:
    """Nothing, if transformers can build the backbone, by itself or with code that is trusted.

    Raises:
        UntrustedCodeError: It needs code that is not trusted.
        UnknownFamilyError: This version of transformers does not know the type, and there is no code.
    """
    if needs_code(manifest) and not trust_remote_code:
        raise code_error(manifest)
    if manifest.model_type not in CONFIG_MAPPING and not manifest.config.get("auto_map"):
        raise _too_new(manifest)


def _too_new(manifest: Manifest) -> RepositoryError:
    msg = f"{manifest.name!r}: transformers {__version__} has no model_type {manifest.model_type!r}; a newer one may"
    return UnknownFamilyError(msg, repository=manifest.name, reasons={})
