"""`MediaStore`: content digest -> bytes, or a pointer to the file or URL that has them.

    <store>/9f/86/9f86d081...         the bytes, where they were copied
    <store>/9f/86/9f86d081....json    the record: type, size, and where it came from

The record makes an entry: it is written last, so whatever the digest of a record names is complete. Bytes that
are there are used; otherwise the path or URL of the record is read, at every read, and must still have the
registered digest. Nothing is locked: an entry's bytes have one possible content, and writing it twice is harmless.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import platformdirs

from medialens.errors import (
    InputError,
    MediaChangedError,
    MediaLimitError,
    UnknownReferenceError,
)
from medialens.media.access.fetch import fetch_url
from medialens.media.access.files import path_of_url, read_file
from medialens.media.access.local_file import LocalFile, is_sought_in, read_content, summarise_file
from medialens.media.access.sniff import sniff
from medialens.media.limits import MediaLimits
from medialens.media.reference import MediaReference
from medialens.media.stores.backends import open_backend
from medialens.media.stores.records import Record, entry_name, follow, is_url, record_name, sha256, still_has

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(?:::[^/]+)*://")  # two letters at least: C:// is a drive
_NAME = re.compile(r"(?:[0-9a-f]{2}/){2}(?P<digest>[0-9a-f]{64})(?P<record>\.json)?")
_DEFAULT_LIMITS = MediaLimits()


class MediaStore:
    """Media by the digest of their bytes. Safe with many writers in many processes, also when one is killed.

    Stores with the same `url` are the same store, and equal; a store pickles as its URL. ``memory://`` stores
    belong to one process.

    Args:
        location: A folder (`str`, `Path` or ``file://`` URL), ``memory://name``, or any URL that fsspec opens,
            e.g. ``s3://bucket/media``. None is the folder named by the environment variable MEDIALENS_STORE, or
            else ``media`` in the user's data folder.
    """

    def __init__(self, location: str | Path | None = None) -> None:
        self.url = store_url(location)
        self._backend = open_backend(self.url)

    def put(self, data: bytes, *, mime_type: str | None = None) -> MediaReference:
        """Keep a copy of `data`; putting the same bytes again changes nothing.

        Args:
            data: The encoded file, whole.
            mime_type: Of `data`; None tells it from the first bytes.
        """
        if not data:
            msg = "there is nothing to put into the store: data is empty"
            raise InputError(msg)
        data = bytes(data)
        found = Record(digest=sha256(data), mime_type=mime_type or sniff(data), n_bytes=len(data))
        return self._put(data, found)

    def register(
        self, path: str | Path, *, copy: bool = False, limits: MediaLimits = _DEFAULT_LIMITS
    ) -> MediaReference:
        """Make a local file or a URL known: as a pointer with size and digest, or with `copy` as bytes.

        A pointer costs no space; reading it fails with `MediaChangedError` once the file is not the one that was
        registered. Where several files have the same content, any of them will do: the one registered last is
        tried first.

        Args:
            path: A path, ``file://`` URL, or ``http``/``https`` URL (fetched, as far as `limits` allow).
            copy: Whether to keep the bytes themselves.
            limits: What may be read; for a URL pointer, those of each read count then.

        Raises:
            MediaError: It cannot be read, or the limits forbid it; see `read_file` and `fetch_url`.
        """
        if isinstance(path, str) and re.match("https?://", path, re.IGNORECASE):
            data = fetch_url(path, limits)
            found = Record(digest=sha256(data), mime_type=sniff(data), n_bytes=len(data), url=path)
            return self._put(data, found) if copy else self._write_record(found)
        local = Path(os.path.abspath(local_path(path)))  # noqa: PTH100  # links stay as the caller named them
        if copy:
            data = read_file(local, limits)
            found = Record(digest=sha256(data), mime_type=sniff(data), n_bytes=len(data), path=str(local))
            return self._put(data, found)
        summary = summarise_file(local, limits)
        return self._write_record(Record(**dataclasses.asdict(summary), path=str(local)))

    def read(self, reference: MediaReference | str, *, limits: MediaLimits = _DEFAULT_LIMITS) -> bytes:
        """The original bytes, whole, whatever part of them the reference selects.

        Raises:
            UnknownReferenceError: This store never issued it, or has let go of it since.
            MediaChangedError: What is there now has another digest.
            MediaNotFoundError: The file pointed to is gone.
            MediaAccessError, MediaLimitError: The limits forbid it.
        """
        content = self.look_up(reference, limits=limits)
        return content.read() if isinstance(content, LocalFile) else content

    def look_up(self, reference: MediaReference | str, *, limits: MediaLimits = _DEFAULT_LIMITS) -> bytes | LocalFile:
        """The original bytes, or the local file that has them where its decoder seeks in it: a video, sound or PDF.

        Raises the same errors as `read`.
        """
        record = self._record(reference)
        stored = self._backend.path(entry_name(record.digest)) if is_sought_in(record.mime_type) else None
        if stored is not None:
            return self._checked(stored, record, limits)
        n_bytes = self._backend.size(entry_name(record.digest))
        if n_bytes is None:
            return follow(record, limits)
        if n_bytes > limits.max_bytes:
            msg = f"{record.reference} has {n_bytes} bytes, above the limit of {limits.max_bytes} (max_bytes)"
            raise MediaLimitError(msg, limit="max_bytes", value=n_bytes, maximum=limits.max_bytes)
        data = self._backend.read(entry_name(record.digest)) or b""
        if sha256(data) != record.digest:
            raise self._damaged(record)
        return data

    def path(self, reference: MediaReference | str) -> Path | None:
        """A local file that has exactly these bytes now, if there is one.

        Raises:
            UnknownReferenceError: This store never issued it.
        """
        record = self._record(reference)
        stored = self._backend.path(entry_name(record.digest))
        if stored is not None:
            return stored
        pointed = (Path(source) for source in record.sources if not is_url(source))
        return next((path for path in pointed if still_has(path, record)), None)

    def source(self, reference: MediaReference | str) -> str:
        """The path or URL it was registered from, or "" if it came as bytes.

        Raises:
            UnknownReferenceError: This store never issued it.
        """
        return self._record(reference).source

    def references(self) -> Iterator[MediaReference]:
        """Every medium of the store, in no particular order."""
        for name in self._backend.names():
            match = _NAME.fullmatch(name)
            if match and match["record"]:
                record = Record.from_json(self._backend.read(name), match["digest"])
                if record is not None:
                    yield record.reference

    def gc(
        self, keep: Iterable[MediaReference | str], *, leftovers_older_than_seconds: float = 3600.0
    ) -> tuple[MediaReference, ...]:
        """Let go of all media but those of `keep`; files that pointers point to are never touched.

        Run it while nobody adds media that are not in `keep`. What killed writers left is removed as well.

        Args:
            keep: References, also of parts: the medium they belong to is kept.
            leftovers_older_than_seconds: Younger incomplete entries may belong to a writer at work, and stay.

        Returns:
            What was removed.
        """
        kept = {_as_reference(reference).digest for reference in keep}
        removed = tuple(reference for reference in list(self.references()) if reference.digest not in kept)
        for reference in removed:
            # The record first: an entry without a record does not exist.
            self._backend.remove(record_name(reference.digest))
            self._backend.remove(entry_name(reference.digest))
        self._remove_leftovers(leftovers_older_than_seconds)
        return removed

    def __contains__(self, reference: MediaReference | str) -> bool:
        return self._find(_as_reference(reference).digest) is not None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MediaStore) and self.url == other.url

    def __hash__(self) -> int:
        return hash((MediaStore, self.url))

    def __repr__(self) -> str:
        return f"MediaStore({self.url!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return MediaStore, (self.url,)

    def _find(self, digest: str) -> Record | None:
        return Record.from_json(self._backend.read(record_name(digest)), digest)

    def _record(self, reference: MediaReference | str) -> Record:
        digest = _as_reference(reference).digest
        record = self._find(digest)
        if record is None:
            msg = (
                f"no medium with digest {digest} in the store {self.url}; register the file there again, "
                "or pass the store that issued the reference as store="
            )
            raise UnknownReferenceError(msg, digest=digest, store=self.url)
        return record

    def _checked(self, stored: Path, record: Record, limits: MediaLimits) -> bytes | LocalFile:
        """The store's own copy in a file; the roots are for other files."""
        content = read_content(stored, dataclasses.replace(limits, roots=None))
        digest = content.summary.digest if isinstance(content, LocalFile) else sha256(content)
        if digest != record.digest:
            raise self._damaged(record)
        return content

    def _damaged(self, record: Record) -> MediaChangedError:
        where = f"{self.url}/{entry_name(record.digest)}"
        msg = f"the stored bytes at {where} are damaged: they do not have the digest {record.digest}; put them anew"
        return MediaChangedError(msg, path=where, digest=record.digest)

    def _put(self, data: bytes, found: Record) -> MediaReference:
        name = entry_name(found.digest)
        if self._backend.size(name) != len(data) or self._backend.read(name) != data:
            self._backend.write(name, data, lasting=True)
        return self._write_record(found, lasting=True)

    def _write_record(self, found: Record, *, lasting: bool = False) -> MediaReference:
        known = self._find(found.digest)
        if known is not None:
            found = found.after(known)
        if found != known:
            self._backend.write(record_name(found.digest), found.to_json(), lasting=lasting)
        return found.reference

    def _remove_leftovers(self, older_than_seconds: float) -> None:
        self._backend.sweep(older_than_seconds=older_than_seconds)
        for name in list(self._backend.names()):
            match = _NAME.fullmatch(name)
            if match and self._find(match["digest"]) is None and self._backend.age_seconds(name) >= older_than_seconds:
                self._backend.remove(name)


def open_store(store: MediaStore | str | Path | None = None) -> MediaStore:
    """The store itself, or the one of this process at that location; None is the default store."""
    if isinstance(store, MediaStore):
        return store
    url = store_url(store)
    return _stores.get(url) or _stores.setdefault(url, MediaStore(url))


_stores: dict[str, MediaStore] = {}


def store_url(location: str | Path | None) -> str:
    """The one spelling of a store's location; see `MediaStore`."""
    if location is None:
        chosen = os.environ.get("MEDIALENS_STORE")
        return store_url(chosen or Path(platformdirs.user_data_dir("medialens", appauthor=False)) / "media")
    if isinstance(location, str) and _URL.match(location) and not location.startswith("file://"):
        return location if location == "memory://" else location.rstrip("/")
    folder = local_path(location).expanduser()
    return Path(os.path.abspath(folder)).as_uri()  # noqa: PTH100  # links stay as the caller named them


def local_path(path: str | Path) -> Path:
    """The path that a path or ``file://`` URL names."""
    if isinstance(path, str) and path.lower().startswith("file://"):
        return path_of_url(path)
    return Path(path)


def _as_reference(reference: MediaReference | str) -> MediaReference:
    return MediaReference.parse(reference) if isinstance(reference, str) else reference
