"""The models that come with the package, by name."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from medialens.errors import RepositoryNotFoundError

EMBEDDED = {"demo": "demo", "demo-reranker": "demo-reranker"}
"""Name of each embedded model, and its folder in ``medialens/_weights``."""


def find_embedded(name: str) -> Path | None:
    """The folder of the embedded model called `name`; None for any other name.

    A folder of that name in the working directory does not shadow it: the same call means the same model
    everywhere. ``./demo`` means the folder.

    Raises:
        RepositoryNotFoundError: The package was installed without its embedded models.
    """
    if name not in EMBEDDED:
        return None
    folder = Path(str(resources.files("medialens"))) / "_weights" / EMBEDDED[name]
    if not folder.is_dir():
        msg = f"the embedded model {name!r} is missing from this installation ({folder}); reinstall medialens"
        raise RepositoryNotFoundError(msg, repository=name)
    return folder
