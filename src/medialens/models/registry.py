"""Which family runs a repository: the visible tuple is asked in order, then what other packages add."""

from __future__ import annotations

import functools
from importlib.metadata import entry_points

from medialens.errors import RepositoryError, UnknownFamilyError, UntrustedCodeError
from medialens.hub.manifest import Manifest
from medialens.models.architectures import FAMILIES
from medialens.models.family import Family
from medialens.models.protocol import Task
from medialens.models.trust import code_error, needs_code

ENTRY_POINTS = "medialens.families"


@functools.cache
def known_families() -> tuple[Family, ...]:
    """Our own, most specific first, then those of installed packages (entry points ``medialens.families``)."""
    added = [entry.load() for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda one: one.name)]
    return (*FAMILIES, *added)


def find_family(manifest: Manifest, task: Task, *, trust_remote_code: bool = False) -> Family:
    """The first family that recognises the repository.

    Raises:
        UntrustedCodeError: Nobody does, and the repository brings its own code.
        UnknownFamilyError: Nobody does; the message has each family's reason.
    """
    reasons = {}
    for family in known_families():
        reason = family.why_not(manifest, task)
        if reason is None:
            return family
        reasons[family.name] = reason
    raise _unrecognised(manifest, reasons, trusted=trust_remote_code)


def _unrecognised(manifest: Manifest, reasons: dict[str, str], *, trusted: bool) -> RepositoryError:
    if manifest.foreign_modules:
        msg = (
            f"{manifest.name!r} is made of its own code: modules.json names {', '.join(manifest.foreign_modules)}. "
            "medialens runs no module classes of a repository, trusted or not; "
            "a family can reproduce what they do, see docs/adding-a-model-family.md"
        )
        return UntrustedCodeError(msg, repository=manifest.name)
    if not trusted and needs_code(manifest):
        return code_error(manifest)
    lines = "\n".join(f"  {name}: {reason}" for name, reason in reasons.items())
    msg = f"No model family recognises {manifest.name!r}.\n{lines}\nTo add a family, see docs/adding-a-model-family.md."
    return UnknownFamilyError(msg, repository=manifest.name, reasons=reasons)
