"""What tells two states of a repository apart: a digest of the files that decide its numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

_WHOLE_BYTES = 64 * 1024**2
_SAMPLE_BYTES = 1024**2
_SMALL_FILES = ("*.json", "*.txt", "*.model", "*.tiktoken", "*.jinja")


def fingerprint(folder: Path, weights: Iterable[Path]) -> str:
    """Digest of the small files of `folder` and of its weight files: equal content, equal digest.

    Weight files beyond 64 MiB are not read whole: in the hub's cache their file name already is a digest;
    elsewhere size, time of change and samples of the content stand in for it.
    """
    digest = hashlib.sha256()
    small = {file for pattern in _SMALL_FILES for file in folder.rglob(pattern) if _counts(file.relative_to(folder))}
    for file in sorted(small):
        _add(digest, file.relative_to(folder).as_posix(), hashlib.sha256(file.read_bytes()).hexdigest())
    for file in weights:
        _add(digest, file.name, _weight_digest(file))
    return digest.hexdigest()


def _counts(path: Path) -> bool:
    return not any(part.startswith(".") for part in path.parts) and path.name != "README.md"


def _weight_digest(file: Path) -> str:
    blob = file.resolve()
    size = blob.stat().st_size
    if size <= _WHOLE_BYTES:
        with blob.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    if blob.parent.name == "blobs":
        return f"{blob.name}:{size}"
    digest = hashlib.sha256(f"{size}:{blob.stat().st_mtime_ns}".encode())
    with blob.open("rb") as stream:
        for part in range(8):
            stream.seek(size * part // 8)
            digest.update(stream.read(_SAMPLE_BYTES))
    return digest.hexdigest()


def _add(digest: hashlib._Hash, *texts: str) -> None:
    for text in texts:
        digest.update(f"{len(text)}:{text}".encode())
