"""Local files: opened once, checked before and while they are read, and only as the limits allow."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
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
from medialens.media.sniff import HEAD_BYTES, sniff

_CHUNK_BYTES = 1024**2

# The path is resolved before it is opened, so a link in its place now is one that was put there meanwhile. A FIFO
# without a writer would block `open` for ever. Windows has neither flag, but needs to be told of binary files.
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class FileSummary:
    """What identifies the content of a file, without the content."""

    digest: str
    n_bytes: int
    mime_type: str


def read_file(path: str | Path, limits: MediaLimits) -> bytes:
    """All bytes of a regular file.

    Raises:
        MediaNotFoundError: Nothing is there, or a directory is.
        MediaAccessError: Outside `limits.roots`, not permitted, or no regular file (pipe, device, socket).
        MediaLimitError: Larger than `limits.max_bytes`.
        MediaDecodeError: Empty.
    """
    with _opened(path, limits) as handle:
        return b"".join(_chunks(handle, path, limits))


def summarise_file(path: str | Path, limits: MediaLimits) -> FileSummary:
    """Digest, size and type of a regular file of any size within the limits, in constant memory.

    Raises the same errors as `read_file`.
    """
    digest, n_bytes, head = hashlib.sha256(), 0, b""
    with _opened(path, limits) as handle:
        for chunk in _chunks(handle, path, limits):
            head = head if len(head) >= HEAD_BYTES else head + chunk[:HEAD_BYTES]
            digest.update(chunk)
            n_bytes += len(chunk)
    return FileSummary(digest=digest.hexdigest(), n_bytes=n_bytes, mime_type=sniff(head))


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


@contextlib.contextmanager
def _opened(path: str | Path, limits: MediaLimits) -> Iterator[int]:
    name = str(path)
    with _told_as_media_errors(name):
        resolved = Path(path).resolve(strict=True)
        _check_roots(name, resolved, limits)
        _check_regular(name, resolved.stat().st_mode)  # opening a device can have effects of its own
        handle = os.open(resolved, _FLAGS)
        try:
            status = os.fstat(handle)
            _check_regular(name, status.st_mode)
            _check_size(name, status.st_size, limits)
            yield handle
        finally:
            os.close(handle)


@contextlib.contextmanager
def _told_as_media_errors(name: str) -> Iterator[None]:
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


def _check_size(name: str, n_bytes: int, limits: MediaLimits) -> None:
    if n_bytes == 0:
        msg = f"{name!r} is empty: the file has 0 bytes; write or download it again"
        raise MediaDecodeError(msg, source=name)
    if n_bytes > limits.max_bytes:
        raise too_many_bytes(name, n_bytes, limits)


def _chunks(handle: int, path: str | Path, limits: MediaLimits) -> Iterator[bytes]:
    n_bytes = 0
    while chunk := os.read(handle, _CHUNK_BYTES):
        n_bytes += len(chunk)
        if n_bytes > limits.max_bytes:  # it grew since its size was checked
            raise too_many_bytes(str(path), n_bytes, limits)
        yield chunk


def too_many_bytes(name: str, n_bytes: int, limits: MediaLimits) -> MediaLimitError:
    """The error for something larger than `limits.max_bytes`."""
    msg = f"{name!r} has {n_bytes} bytes or more, above the limit of {limits.max_bytes} (MediaLimits.max_bytes)"
    return MediaLimitError(msg, limit="max_bytes", value=n_bytes, maximum=limits.max_bytes, source=name)
