"""Where a model repository lies: a local folder, or a repository of the Hugging Face hub and its cache."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.errors import RepositoryNotFoundError as HubNotFoundError

from medialens.errors import IncompleteRepositoryError, RepositoryNotFoundError
from medialens.hub.weights import check_weights, is_pointer, pointer_error

_SMALL_FILES = ("*.json", "*.txt", "*.model", "*.tiktoken", "*.jinja")
_FOREIGN_FILES = ("onnx/*", "openvino/*", "coreml/*", "*.onnx*", "*.h5", "*.msgpack", "*.ot", "*.gguf")

# Short names that the hub knows without an organisation; all other short names belong to `organisation`.
_BARE_NAMES = frozenset(
    f"{name}"
    for stem, endings in {
        "albert": ("base-v1", "base-v2", "large-v1", "large-v2", "xlarge-v1", "xlarge-v2", "xxlarge-v1", "xxlarge-v2"),
        "bert": (
            *("base-cased", "base-uncased", "large-cased", "large-uncased", "base-chinese"),
            *("base-multilingual-cased", "base-multilingual-uncased", "base-german-cased"),
        ),
        "camembert": ("base",),
        "distilbert": ("base-cased", "base-uncased", "base-german-cased", "base-multilingual-cased"),
        "distilroberta": ("base",),
        "roberta": ("base", "large", "large-mnli"),
        "t5": ("small", "base", "large", "3b", "11b"),
        "xlm": ("roberta-base", "roberta-large"),
        "xlnet": ("base-cased", "large-cased"),
    }.items()
    for name in (f"{stem}-{ending}" for ending in endings)
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class HubAccess:
    """How the hub is asked for more files of one repository."""

    repo_id: str
    revision: str | None
    token: str | bool | None = dataclasses.field(repr=False)
    cache_folder: str | None
    local_files_only: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class Repository:
    """A folder with a repository's small files; the weights come with `fetch_weights`.

    Attributes:
        name: As the caller wrote it.
        folder: Where the files lie: the folder itself, or the commit's folder in the hub's cache.
        revision: The commit, for a repository of the hub.
        hub: How to fetch more; None for a local folder.
    """

    name: str
    folder: Path
    revision: str | None = None
    hub: HubAccess | None = None

    def read_json(self, path: str) -> Any:
        """The parsed file, or None where there is none.

        Raises:
            IncompleteRepositoryError: The file is there and is not JSON.
        """
        file = self.folder / path
        if not file.is_file():
            return None
        if is_pointer(file):
            raise pointer_error(file, self.name)
        try:
            return json.loads(file.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            msg = f"{self.name!r}: {path} is not valid JSON ({error}); download the repository again"
            raise IncompleteRepositoryError(msg, repository=self.name, missing=(path,)) from error

    def read_fields(self, path: str) -> dict[str, Any]:
        """The fields of a file that holds a JSON object; none where there is no file.

        Raises:
            IncompleteRepositoryError: The file is there and holds something else.
        """
        content = self.read_json(path)
        if content is None:
            return {}
        if not isinstance(content, dict):
            msg = f"{self.name!r}: {path} holds {content!r:.40}, expected a JSON object; download the repository again"
            raise IncompleteRepositoryError(msg, repository=self.name, missing=(path,))
        return content

    def fetch_weights(self, folders: Sequence[str] = ("",), *, allow_pickle: bool = False) -> tuple[Path, ...]:
        """Download what is not there yet, check it, and return the weight files.

        Args:
            folders: The module folders that hold weights, relative to the repository; "" is its root.
            allow_pickle: Whether ``pytorch_model.bin`` may stand in for absent safetensors.

        Raises:
            IncompleteRepositoryError: Weights are missing, cut short, or mere git-lfs pointers.
            UntrustedCodeError: There are only pickled weights, and `allow_pickle` is False.
        """
        self.fetch([pattern for folder in folders for pattern in _weight_patterns(folder, allow_pickle=allow_pickle)])
        found = [check_weights(self.folder / folder, self.name, allow_pickle=allow_pickle) for folder in folders]
        return tuple(file for files in found for file in files)

    def fetch(self, patterns: Sequence[str]) -> None:
        """Download the files that match `patterns`; a local folder is left as it is.

        Raises:
            IncompleteRepositoryError: They are not in the cache, and the hub cannot be reached.
            RepositoryNotFoundError: The hub has withdrawn the repository since it was opened.
        """
        if self.hub is None:
            return
        try:
            _download(self.hub, list(patterns), self.name)
        except RepositoryNotFoundError as error:
            if not isinstance(error.__cause__, LocalEntryNotFoundError):
                raise
            msg = f"{self.name!r}: only its small files are in the cache, and the hub cannot be reached; go online once"
            raise IncompleteRepositoryError(msg, repository=self.name, missing=tuple(patterns)) from error


def open_repository(  # noqa: PLR0913  # the hub's own choices, keyword-only
    name: str | Path,
    *,
    revision: str | None = None,
    token: str | bool | None = None,
    cache_folder: str | Path | None = None,
    local_files_only: bool = False,
    organisation: str = "sentence-transformers",
) -> Repository:
    """The repository called `name`, with its small files at hand.

    Args:
        name: An existing folder, or an id of the hub (``organisation/name``).
        revision: Branch, tag or commit of the hub.
        token: For gated and private repositories; None uses the stored one.
        cache_folder: Where the hub's files are kept; None is the hub's own cache.
        local_files_only: Never ask the network; the hub's ``HF_HUB_OFFLINE`` does the same.
        organisation: Put before a short id such as ``all-MiniLM-L6-v2``, as Sentence Transformers does.

    Raises:
        RepositoryNotFoundError: Neither a folder nor a repository of the hub that can be reached.
    """
    text = str(name)
    folder = Path(os.path.expanduser(text))  # noqa: PTH111  # which leaves "~nobody" alone instead of raising
    is_file = os.path.isfile(folder)  # noqa: PTH113  # which takes any string, also one that is too long for a path
    if text and os.path.isdir(folder):  # noqa: PTH112  # see above
        return Repository(name=text, folder=folder.resolve())
    if isinstance(name, Path) or _looks_like_a_path(text) or is_file:
        what = "a file" if is_file else "not there"
        msg = f"{text!r} is no folder ({what}), and not spelled like an id of the hub; expected a folder or 'org/name'"
        raise RepositoryNotFoundError(msg, repository=text)
    bare = "/" in text or text.lower() in _BARE_NAMES
    access = HubAccess(
        repo_id=text if bare else f"{organisation}/{text}",
        revision=revision,
        token=token,
        cache_folder=None if cache_folder is None else str(cache_folder),
        local_files_only=local_files_only,
    )
    snapshot = _download(access, list(_SMALL_FILES), text)
    return Repository(
        name=text,
        folder=snapshot,
        revision=snapshot.name,
        # The commit, not the branch: weights that come later must be those that belong to the small files.
        hub=dataclasses.replace(access, revision=snapshot.name),
    )


def _looks_like_a_path(text: str) -> bool:
    return text.count("/") > 1 or text.startswith((".", "/", "~")) or "\\" in text or not text


def _weight_patterns(folder: str, *, allow_pickle: bool) -> list[str]:
    base = f"{folder}/" if folder else ""
    patterns = [f"{base}model.safetensors", f"{base}model-*-of-*.safetensors", f"{base}model.safetensors.index.json"]
    pickled = [f"{base}pytorch_model.bin", f"{base}pytorch_model-*-of-*.bin", f"{base}pytorch_model.bin.index.json"]
    return patterns + pickled if allow_pickle else patterns


def _download(access: HubAccess, patterns: list[str], name: str) -> Path:
    try:
        folder = snapshot_download(
            access.repo_id,
            revision=access.revision,
            token=access.token,
            cache_dir=access.cache_folder,
            local_files_only=access.local_files_only,
            allow_patterns=patterns,
            ignore_patterns=list(_FOREIGN_FILES),
        )
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        msg = f"{name!r} is neither a folder nor a repository of the hub that can be used: {_explain(error, access)}"
        raise RepositoryNotFoundError(msg, repository=name) from error
    return Path(folder)


def _explain(error: Exception, access: HubAccess) -> str:
    """What went wrong, and what to do about it. Most specific class first: they inherit from each other."""
    explanations: tuple[tuple[type[Exception], str], ...] = (
        (GatedRepoError, f"{access.repo_id} is gated; accept its licence on the hub and pass token="),
        (RevisionNotFoundError, f"{access.repo_id} has no revision {access.revision!r}"),
        (HubNotFoundError, f"the hub knows no {access.repo_id}, or it is private; check the name, or pass token="),
        (HFValidationError, "it is not spelled like an id ('org/name')"),
        (
            LocalEntryNotFoundError,
            f"{access.repo_id} is not in the cache, and the hub cannot be reached; go online once, or pass a folder",
        ),
    )
    for kind, text in explanations:
        if isinstance(error, kind):
            return text
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
