"""What a store knows of a medium besides its bytes, and how it follows a pointer to them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

from medialens.errors import MediaChangedError, MediaError, MediaNotFoundError
from medialens.media.access.fetch import fetch_url, shown
from medialens.media.access.local_file import LocalFile, read_content, summarise_file
from medialens.media.limits import MediaLimits
from medialens.media.reference import MediaReference

_MAX_OTHERS = 15


@dataclasses.dataclass(frozen=True, kw_only=True)
class Record:
    """What a store knows of one medium besides its bytes.

    Attributes:
        digest, mime_type, n_bytes: Of the original bytes.
        path, url: Where they came from, if anywhere.
        others: Paths and URLs that were registered with the same bytes before, the latest first: picture folders
            are full of duplicates, and one of them may go while the others stay.
    """

    digest: str
    mime_type: str
    n_bytes: int
    path: str | None = None
    url: str | None = None
    others: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "others", tuple(self.others))
        spelled = isinstance(self.path, str | None) and isinstance(self.url, str | None)
        spelled = spelled and all(isinstance(other, str) for other in self.others)
        if not (spelled and isinstance(self.n_bytes, int) and self.n_bytes >= 0):
            msg = f"a record takes text for path and url, and a whole number of bytes; got {self!r:.200}"
            raise TypeError(msg)
        MediaReference(digest=self.digest, mime_type=self.mime_type)  # refuses what cannot be spelled

    @property
    def source(self) -> str:
        """The path or URL, "" if there is none."""
        return self.path or self.url or ""

    @property
    def sources(self) -> tuple[str, ...]:
        """All places where the bytes may be, the likeliest first."""
        return (self.source, *self.others) if self.source else self.others

    @property
    def reference(self) -> MediaReference:
        """The reference to the whole medium."""
        return MediaReference(digest=self.digest, mime_type=self.mime_type)

    def after(self, known: Record) -> Record:
        """This record, which replaces `known`, with the places that one knew."""
        if not self.source:
            return dataclasses.replace(self, path=known.path, url=known.url, others=known.others)
        others = [source for source in known.sources if source != self.source]
        return dataclasses.replace(self, others=tuple(others[:_MAX_OTHERS]))

    def to_json(self) -> bytes:
        """The record as it is kept."""
        fields = {key: value for key, value in dataclasses.asdict(self).items() if value not in {None, ()}}
        return json.dumps(fields, indent=1).encode()

    @classmethod
    def from_json(cls, data: bytes | None, digest: str) -> Record | None:
        """The record of `digest`; None if there is none, or only what a killed writer left of it."""
        try:
            record = cls(**json.loads(data or b""))
        except (ValueError, TypeError, RecursionError):
            return None
        return record if record.digest == digest else None


def follow(record: Record, limits: MediaLimits) -> bytes | LocalFile:
    """The bytes that a record points to, or the file that has them, checked now against its digest.

    The places are tried in turn; when none has the bytes, the error is that of the latest.

    Raises:
        MediaChangedError: They are others than those registered.
        MediaNotFoundError: They are gone, or the record points nowhere.
        MediaAccessError, MediaLimitError: The limits forbid it.
    """
    first: MediaError | None = None
    for source in record.sources:
        try:
            return _read_source(source, record, limits)
        except MediaError as error:
            first = first or error
    if first is not None:
        raise first
    msg = f"the bytes of {record.reference} are gone from the store; put them anew"
    raise MediaNotFoundError(msg, source=str(record.reference))


def is_url(source: str) -> bool:
    """Whether a source is fetched, not read."""
    return source.lower().startswith(("http://", "https://"))


def _read_source(source: str, record: Record, limits: MediaLimits) -> bytes | LocalFile:
    content = fetch_url(source, limits) if is_url(source) else _read_pointed(source, record, limits)
    digest = content.summary.digest if isinstance(content, LocalFile) else sha256(content)
    if digest != record.digest:
        raise _changed(shown(source) if is_url(source) else source, record)
    return content


def _read_pointed(path: str, record: Record, limits: MediaLimits) -> bytes | LocalFile:
    try:
        n_bytes = Path(path).stat().st_size
    except FileNotFoundError as error:
        msg = (
            f"{path!r} does not exist any more; the media reference with digest {record.digest} points to it. "
            "Put the file back, or register it where it is now (copy=True keeps the bytes)"
        )
        raise MediaNotFoundError(msg, source=path, digest=record.digest) from error
    except (OSError, ValueError):
        return read_content(path, limits)  # which says what is wrong
    if Path(path).is_file() and n_bytes != record.n_bytes:
        raise _changed(path, record)
    return read_content(path, limits)


def still_has(path: Path, record: Record) -> bool:
    """Whether a local file has exactly the bytes that were registered."""
    if not path.is_file() or path.stat().st_size != record.n_bytes:
        return False
    limits = MediaLimits(max_bytes=record.n_bytes, max_file_bytes=record.n_bytes)
    return summarise_file(path, limits).digest == record.digest


def _changed(where: str, record: Record) -> MediaChangedError:
    msg = (
        f"{where!r} is not what was registered with digest {record.digest} and {record.n_bytes} bytes: it has "
        "changed since. Register it again, and index it again under its new reference"
    )
    return MediaChangedError(msg, path=where, digest=record.digest)


def entry_name(digest: str) -> str:
    """Where a store keeps the bytes of a digest."""
    return f"{digest[:2]}/{digest[2:4]}/{digest}"


def record_name(digest: str) -> str:
    """Where a store keeps the record of a digest."""
    return f"{entry_name(digest)}.json"


def sha256(data: bytes) -> str:
    """64 hex digits."""
    return hashlib.sha256(data).hexdigest()
