"""Local files: opened once, checked before and while they are read, and only as the limits allow."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from medialens.errors import (
    InputError,
    MediaAccessError,
    MediaDecodeError,
    MedialensError,
    MediaLimitError,
    MediaNotFoundError,
)
from medialens.media.limits import MediaLimits

_CHUNK_BYTES = 1024**2

# The path is resolved before it is opened, so a link in its place now is one that was put there meanwhile. A FIFO
# without a writer would block `open` for ever. Windows has neither flag, but needs to be told of binary files.
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

# A folder on the way need not be readable, where the system knows how to go through it without reading.
_FOLDER_FLAGS = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)


def read_file(path: str | Path, limits: MediaLimits) -> bytes:
    """All bytes of a regular file.

    Raises:
        MediaNotFoundError: Nothing is there, or a directory is.
        MediaAccessError: Outside `limits.roots`, not permitted, or no regular file (pipe, device, socket).
        MediaLimitError: Larger than `limits.max_bytes`.
        MediaDecodeError: Empty.
    """
    handle = open_file(path, limits)
    try:
        return read_handle(handle, str(path), limits)
    finally:
        os.close(handle)


def path_of_url(url: str) -> Path:
    """The local path that a ``file://`` URL spells.

    Raises:
        InputError: The URL names another host, or no path.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        msg = f"{url!r:.200} is no file:// URL: {error}; expected file:///absolute/path"
        raise InputError(msg, source=url) from error
    if parts.netloc not in {"", "localhost"} or not parts.path:
        msg = f"{url!r} is no file on this machine; expected file:///absolute/path"
        raise InputError(msg, source=url)
    return Path(url2pathname(parts.path))


def open_file(path: str | Path, limits: MediaLimits, *, limit: str = "max_bytes") -> int:
    """A descriptor of a regular file, at its beginning; the caller closes it.

    Args:
        path: Where it is.
        limits: What may be read.
        limit: Which of the limits its size must keep.

    Raises the same errors as `read_file`.
    """
    name = str(path)
    with told_as_media_errors(name):
        resolved = Path(path).resolve(strict=True)
        _check_roots(name, resolved, limits)
        _check_regular(name, resolved.stat().st_mode)  # opening a device can have effects of its own
        handle = os.open(resolved, _FLAGS) if limits.roots is None else _open_step_by_step(resolved)
        try:
            status = os.fstat(handle)
            _check_regular(name, status.st_mode)
            check_size(name, status.st_size, limits, limit)
        except BaseException:
            os.close(handle)
            raise
    return handle


def _open_step_by_step(resolved: Path) -> int:
    """Open a path that was resolved, through folders none of which became a link since: none leads out of the roots."""
    if os.open not in os.supports_dir_fd:
        return os.open(resolved, _FLAGS)
    folder = os.open(resolved.anchor, _FOLDER_FLAGS)
    try:
        for name in resolved.parts[1:-1]:
            inner = os.open(name, _FOLDER_FLAGS, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(resolved.name, _FLAGS, dir_fd=folder)
    finally:
        os.close(folder)


def read_handle(handle: int, name: str, limits: MediaLimits) -> bytes:
    """All bytes from where an opened file stands.

    Raises:
        MediaLimitError: More than `limits.max_bytes`.
        MediaError: They cannot be read.
    """
    with told_as_media_errors(name):
        return b"".join(read_chunks(handle, name, limits))


def read_chunks(handle: int, name: str, limits: MediaLimits, limit: str = "max_bytes") -> Iterator[bytes]:
    """The same, piece by piece."""
    n_bytes = 0
    while chunk := os.read(handle, _CHUNK_BYTES):
        n_bytes += len(chunk)
        if n_bytes > getattr(limits, limit):  # it grew since its size was checked
            raise too_many_bytes(name, n_bytes, limits, limit)
        yield chunk


@contextlib.contextmanager
def told_as_media_errors(name: str) -> Iterator[None]:
    """Whatever the system refuses is an error of ours, which names the file."""
    try:
        yield
    except MedialensError:
        raise
    except FileNotFoundError as error:
        where = "" if os.path.isabs(name) else f" in the current folder {os.getcwd()!r}"  # noqa: PTH109, PTH117  # text
        msg = f"{name!r} does not exist{where}; check the path"
        raise MediaNotFoundError(msg, source=name) from error
    except PermissionError as error:
        msg = f"{name!r} may not be read by this user"
        raise MediaAccessError(msg, source=name) from error
    except (OSError, ValueError, RuntimeError) as error:  # a name too long, a NUL in it, a loop of links, a bad disk
        msg = f"{name!r:.300} cannot be read: {error}"
        raise MediaNotFoundError(msg, source=name) from error


def _check_roots(name: str, resolved: Path, limits: MediaLimits) -> None:
    if limits.roots is None or any(resolved.is_relative_to(root) for root in limits.roots):
        return
    allowed = ", ".join(map(str, limits.roots)) or "none"
    msg = f"{name!r} leads to {str(resolved)!r}, which lies outside the allowed folders ({allowed})"
    raise MediaAccessError(msg, source=name)


def _check_regular(name: str, mode: int) -> None:
    if stat.S_ISDIR(mode):
        msg = f"{name!r} is a directory; expected a file, so name one that is in it"
        raise MediaNotFoundError(msg, source=name)
    if not stat.S_ISREG(mode):
        msg = f"{name!r} is no regular file but a pipe, device or socket; read it yourself and pass the bytes"
        raise MediaAccessError(msg, source=name)


def check_size(name: str, n_bytes: int, limits: MediaLimits, limit: str = "max_bytes") -> None:
    """Refuse a file by its size.

    Raises:
        MediaDecodeError: Empty.
        MediaLimitError: Larger than the limit of that name.
    """
    if n_bytes == 0:
        msg = f"{name!r} is empty: the file has 0 bytes; write or download it again"
        raise MediaDecodeError(msg, source=name)
    if n_bytes > getattr(limits, limit):
        raise too_many_bytes(name, n_bytes, limits, limit)


def too_many_bytes(name: str, n_bytes: int, limits: MediaLimits, limit: str = "max_bytes") -> MediaLimitError:
    """The error for something larger than the limit of that name."""
    maximum = getattr(limits, limit)
    msg = f"{name!r} has {n_bytes} bytes or more, above the limit of {maximum} (MediaLimits.{limit})"
    return MediaLimitError(msg, limit=limit, value=n_bytes, maximum=maximum, source=name)
