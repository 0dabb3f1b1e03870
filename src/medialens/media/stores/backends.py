"""Where a store keeps its entries: a folder, memory, or any file system that fsspec knows.

A backend maps names such as ``9f/86/9f86d0...`` to bytes. It knows nothing of media, digests and records.
To add one: a class with the methods of `Backend`, and a line in `open_backend`.
"""

# ruff: noqa: D102, ARG002  # the methods are those of `Backend`, and documented there

from __future__ import annotations

import contextlib
import functools
import os
import stat
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from medialens.errors import InputError, MediaAccessError, MedialensError, MissingExtraError
from medialens.media.access.files import path_of_url

_LEFTOVER = ".partial"


class Backend(Protocol):
    """Bytes by name."""

    def read(self, name: str) -> bytes | None:
        """The bytes, or None if there is no such entry."""
        ...

    def write(self, name: str, data: bytes, *, lasting: bool) -> None:
        """Set an entry. `lasting` entries survive a power failure once this returns."""
        ...

    def size(self, name: str) -> int | None:
        """How many bytes an entry has, or None if there is no such entry."""
        ...

    def remove(self, name: str) -> None:
        """Forget an entry; one that is not there is forgotten already."""
        ...

    def names(self) -> Iterator[str]:
        """All entries, in no particular order; never one that is still being written."""
        ...

    def path(self, name: str) -> Path | None:
        """The local file that is this entry, if the backend has such."""
        ...

    def age_seconds(self, name: str) -> float:
        """How long ago an entry was written; 0 where that is not known."""
        ...

    def sweep(self, *, older_than_seconds: float) -> None:
        """Remove what writers that were killed left behind."""
        ...


_Self = TypeVar("_Self", "FolderBackend", "FsspecBackend")
_P = ParamSpec("_P")
_R = TypeVar("_R")


def _told(method: Callable[Concatenate[_Self, _P], _R]) -> Callable[Concatenate[_Self, _P], _R]:
    """Whatever goes wrong with the place itself (full, read-only, unreachable) is an error that names it."""

    @functools.wraps(method)
    def call(self: _Self, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return method(self, *args, **kwargs)
        except MedialensError:
            raise
        except Exception as error:  # a remote file system raises errors of its own
            msg = (
                f"the media store at {self.where!r:.300} cannot be used: {type(error).__name__}: {error}; "
                "make it readable and writable, or pass another one as store="
            )
            raise MediaAccessError(msg, source=self.where) from error

    return call  # type: ignore[return-value]  # functools.wraps makes `self` a positional-only argument


class FolderBackend:
    """Files in a local folder. An entry is whole or not there, whoever is killed and whoever writes beside."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.where = str(folder)

    @_told
    def read(self, name: str) -> bytes | None:
        path = self.folder / name
        try:
            if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe or a device might never end
                msg = f"{str(path)!r} in the media store is no regular file; remove it"
                raise MediaAccessError(msg, source=str(path))
            return path.read_bytes()
        except FileNotFoundError:
            return None

    @_told
    def write(self, name: str, data: bytes, *, lasting: bool) -> None:
        # Written beside its place and moved there in one step (POSIX rename, MoveFileEx), so no reader ever sees
        # half of it; a process killed before leaves a file that `names` passes over and `sweep` removes.
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f"{target.name}.{uuid.uuid4().hex}{_LEFTOVER}")
        try:
            with partial.open("xb") as file:
                file.write(data)
                if lasting:
                    # The kernel keeps what a killed process wrote; only a power failure could leave the new name
                    # with old (no) content. These bytes may be the only copy, so it is worth the milliseconds.
                    file.flush()
                    os.fsync(file.fileno())
            _replace(partial, target)
        except BaseException:
            with contextlib.suppress(OSError):
                partial.unlink()
            raise

    @_told
    def size(self, name: str) -> int | None:
        try:
            return (self.folder / name).stat().st_size
        except FileNotFoundError:
            return None

    @_told
    def remove(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)

    def names(self) -> Iterator[str]:
        for path in self._files():
            if path.suffix != _LEFTOVER:
                yield path.relative_to(self.folder).as_posix()

    @_told
    def path(self, name: str) -> Path | None:
        path = self.folder / name
        return path if path.exists() else None

    def age_seconds(self, name: str) -> float:
        try:
            return time.time() - (self.folder / name).stat().st_mtime
        except FileNotFoundError:
            return 0.0

    def sweep(self, *, older_than_seconds: float) -> None:
        for path in self._files():
            name = path.relative_to(self.folder).as_posix()
            if path.suffix == _LEFTOVER and self.age_seconds(name) >= older_than_seconds:
                path.unlink(missing_ok=True)

    def _files(self) -> Iterator[Path]:
        # Only the two levels of short folders are walked: anything else in there is not the store's.
        for shard in self.folder.glob("??/??"):
            yield from shard.iterdir()


def _replace(partial: Path, target: Path) -> None:
    try:
        partial.replace(target)
    except PermissionError:
        # Windows refuses to replace a file that another process is reading. The entry of a digest has one
        # possible content, so the one that is there will do.
        if os.name != "nt" or not target.exists():
            raise
        partial.unlink()


class MemoryBackend:
    """Entries of this process. Single operations on a dict are atomic, so it needs no lock."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[bytes, float]] = {}

    def read(self, name: str) -> bytes | None:
        return self._entries.get(name, (None, 0.0))[0]

    def write(self, name: str, data: bytes, *, lasting: bool) -> None:
        self._entries[name] = (data, time.monotonic())

    def size(self, name: str) -> int | None:
        data = self.read(name)
        return None if data is None else len(data)

    def remove(self, name: str) -> None:
        self._entries.pop(name, None)

    def names(self) -> Iterator[str]:
        yield from list(self._entries)

    def path(self, name: str) -> Path | None:
        return None

    def age_seconds(self, name: str) -> float:
        entry = self._entries.get(name)
        return 0.0 if entry is None else time.monotonic() - entry[1]

    def sweep(self, *, older_than_seconds: float) -> None:
        pass


class FsspecBackend:
    """Files anywhere that fsspec reaches: object stores, SFTP, HDFS ... Credentials are fsspec's business.

    There is no move-into-place here: most object stores write an entry whole or not at all, and cannot rename.
    Where a killed writer does leave half an entry, the store notices by its digest and writes it anew.
    """

    def __init__(self, url: str) -> None:
        from fsspec.core import url_to_fs  # noqa: PLC0415  # slow to import, and rarely needed

        try:
            self._system, root = url_to_fs(url)
        except ValueError as error:
            msg = f"a media store cannot be opened at {url!r}: {error}"
            raise InputError(msg, location=url) from error
        except ImportError as error:
            msg = f"a media store at {url!r} needs a package that is not installed: {error}"
            raise MissingExtraError(msg, module="", extra="") from error
        self._root = str(root).rstrip("/")
        self.where = url

    @_told
    def read(self, name: str) -> bytes | None:
        try:
            return bytes(self._system.cat_file(self._at(name)))
        except FileNotFoundError:
            return None

    @_told
    def write(self, name: str, data: bytes, *, lasting: bool) -> None:
        path = self._at(name)
        self._system.makedirs(path.rpartition("/")[0], exist_ok=True)
        self._system.pipe_file(path, data)

    @_told
    def size(self, name: str) -> int | None:
        try:
            return int(self._system.size(self._at(name)))
        except FileNotFoundError:
            return None

    @_told
    def remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._system.rm_file(self._at(name))

    def names(self) -> Iterator[str]:
        with contextlib.suppress(FileNotFoundError):
            for path in self._system.find(self._root):
                yield str(path)[len(self._root) :].lstrip("/")

    def path(self, name: str) -> Path | None:
        return None

    def age_seconds(self, name: str) -> float:
        try:
            return time.time() - float(self._system.modified(self._at(name)).timestamp())
        except (NotImplementedError, FileNotFoundError):
            return 0.0

    def sweep(self, *, older_than_seconds: float) -> None:
        pass

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"


_memories: dict[str, MemoryBackend] = {}


def open_backend(url: str) -> Backend:
    """The backend that a store's URL names; ``memory://name`` is the same one for all of this process."""
    scheme = url.partition("://")[0]
    if scheme == "memory":
        return _memories.setdefault(url, MemoryBackend())
    if scheme == "file":
        return FolderBackend(path_of_url(url))
    return FsspecBackend(url)
