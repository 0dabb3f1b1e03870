"""Local files that are sought in, not held: known by the digest of their bytes, opened whenever they are looked at.

    path --opened once--> head: what it is --picture--> its bytes
                                           --video, sound, PDF--> LocalFile: digest, size, type; `open` when needed

Whether a file is still the one whose digest was taken is told from its stamp: size, inode and times of change. Only
where the stamp is another one, or too young to be trusted, the file is read through again. So a film of gigabytes is
read through once, not once for each of its clips.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import time
from pathlib import Path
from typing import BinaryIO, TypeAlias

from medialens.errors import MediaChangedError
from medialens.media.access.files import check_size, open_file, read_chunks, read_handle, told_as_media_errors
from medialens.media.access.sniff import HEAD_BYTES, sniff, sniff_file
from medialens.media.limits import MediaLimits
from medialens.media.threads.memo import Memo

_Stamp: TypeAlias = tuple[int, ...]

# Changes closer together than the clock of the file system ticks leave the same stamp (2 seconds on FAT).
_SETTLED_NS = 2 * 10**9


@dataclasses.dataclass(frozen=True, kw_only=True)
class FileSummary:
    """What identifies the content of a file, without the content."""

    digest: str
    n_bytes: int
    mime_type: str


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LocalFile:
    """A file that is opened whenever it is looked at, and must then still have the same bytes.

    Attributes:
        path: Where it is.
        summary: What it holds.
        limits: What may be read; they count at every opening.
    """

    path: Path
    summary: FileSummary
    limits: MediaLimits

    def open(self) -> BinaryIO:
        """The file, to read and to seek in; the caller closes it.

        Raises:
            MediaChangedError: It holds other bytes now.
            MediaError: It cannot be read any more.
        """
        handle = open_file(self.path, self.limits, limit="max_file_bytes")
        try:
            self._check(handle)
            return os.fdopen(handle, "rb")
        except BaseException:
            os.close(handle)
            raise

    def read(self) -> bytes:
        """All of it.

        Raises:
            MediaLimitError: Larger than `limits.max_bytes`.
            MediaChangedError: It holds other bytes now.
        """
        check_size(str(self.path), self.summary.n_bytes, self.limits)
        handle = open_file(self.path, self.limits)
        try:
            data = read_handle(handle, str(self.path), self.limits)
        finally:
            os.close(handle)
        if hashlib.sha256(data).hexdigest() != self.summary.digest:
            raise self._changed()
        return data

    def _check(self, handle: int) -> None:
        has_size = os.fstat(handle).st_size == self.summary.n_bytes
        if not has_size or _summary_of(handle, self.path, self.limits).digest != self.summary.digest:
            raise self._changed()

    def _changed(self) -> MediaChangedError:
        msg = (
            f"{str(self.path)!r} changed after it was looked at first; leave it alone while it is in use, or try again"
        )
        return MediaChangedError(msg, path=str(self.path), digest=self.summary.digest)


def is_sought_in(mime_type: str) -> bool:
    """Whether files of that type are decoded by seeking in them; all others are held in memory."""
    return mime_type.startswith(("video/", "audio/")) or mime_type == "application/pdf"


def read_content(path: str | Path, limits: MediaLimits) -> bytes | LocalFile:
    """The bytes of a regular file, or, where its decoder seeks, the file.

    Raises:
        MediaNotFoundError: Nothing is there, or a directory is.
        MediaAccessError: Outside `limits.roots`, not permitted, or no regular file (pipe, device, socket).
        MediaLimitError: Larger than `limits.max_bytes` or, where its decoder seeks, `limits.max_file_bytes`.
        MediaDecodeError: Empty.
    """
    handle, is_sought = _open(path, limits)
    try:
        if not is_sought:
            return read_handle(handle, str(path), limits)
        summary = _summary_of(handle, path, limits)
        absolute = Path(os.path.abspath(path))  # noqa: PTH100  # links stay as the caller named them
        return LocalFile(path=absolute, summary=summary, limits=limits)
    finally:
        os.close(handle)


def summarise_file(path: str | Path, limits: MediaLimits) -> FileSummary:
    """Digest, size and type of a regular file of any size within the limits, in constant memory.

    Raises the same errors as `read_content`.
    """
    handle, _ = _open(path, limits)
    try:
        return _summary_of(handle, path, limits)
    finally:
        os.close(handle)


def _open(path: str | Path, limits: MediaLimits) -> tuple[int, bool]:
    """A descriptor at the beginning of the file, and whether it is of a kind that is sought in."""
    handle = open_file(path, limits, limit=_larger(limits))
    try:
        with told_as_media_errors(str(path)):
            is_sought = is_sought_in(sniff(os.read(handle, HEAD_BYTES)))
            os.lseek(handle, 0, os.SEEK_SET)
            check_size(str(path), os.fstat(handle).st_size, limits, "max_file_bytes" if is_sought else "max_bytes")
    except BaseException:
        os.close(handle)
        raise
    return handle, is_sought


def _summary_of(handle: int, path: str | Path, limits: MediaLimits) -> FileSummary:
    """Of the opened file, which is at its beginning, and stays there."""
    with told_as_media_errors(str(path)):
        status = os.fstat(handle)
        stamp, now = _stamp(status), time.time_ns()
        summary = _summaries.get(stamp, lambda: _summarise(handle, str(path), limits))
        has_settled = now - _changed_at_ns(status) > _SETTLED_NS
        if not has_settled or _stamp(os.fstat(handle)) != stamp:
            _summaries.forget(stamp)
    return summary


def _summarise(handle: int, name: str, limits: MediaLimits) -> FileSummary:
    digest, n_bytes = hashlib.sha256(), 0
    for chunk in read_chunks(handle, name, limits, _larger(limits)):
        digest.update(chunk)
        n_bytes += len(chunk)
    with os.fdopen(os.dup(handle), "rb") as file:
        mime_type = sniff_file(file)
    os.lseek(handle, 0, os.SEEK_SET)
    return FileSummary(digest=digest.hexdigest(), n_bytes=n_bytes, mime_type=mime_type)


def _larger(limits: MediaLimits) -> str:
    """The limit that holds while nobody knows yet what the file is."""
    return "max_bytes" if limits.max_bytes > limits.max_file_bytes else "max_file_bytes"


_summaries: Memo[_Stamp, FileSummary] = Memo(max_entries=4096)


def _stamp(status: os.stat_result) -> _Stamp:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _changed_at_ns(status: os.stat_result) -> int:
    """When it was written last, by the clock of this machine where there is such a time."""
    return status.st_ctime_ns if os.name == "posix" else status.st_mtime_ns
