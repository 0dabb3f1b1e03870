"""Where the bytes of a part come from: path, URL, data URI, bytes, open file, or media reference.

A string inside a part says where the medium is, and its spelling decides how: ``<media://...>`` is a media
reference, ``data:`` a data URI, ``http://`` and ``https://`` a URL, ``file://`` and all else a path.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import io
import os
import re
from collections.abc import Callable
from typing import Any, BinaryIO
from urllib.parse import unquote_to_bytes

from medialens.errors import InputError, MediaAccessError, MediaDecodeError, MedialensError
from medialens.inputs import Media
from medialens.media.access.fetch import fetch_url, shown
from medialens.media.access.files import too_many_bytes
from medialens.media.access.local_file import LocalFile, read_content
from medialens.media.access.sniff import UNKNOWN, sniff
from medialens.media.limits import MediaLimits
from medialens.media.reference import MediaReference
from medialens.media.store import local_path, open_store
from medialens.media.threads.locks import lock_of

_DATA_URI = re.compile(r"data:(?P<meta>[^,]{0,512}),", re.IGNORECASE)
_OTHER_SCHEME = re.compile(r"(?!(?i:file):)[A-Za-z][A-Za-z0-9+.-]+://")
_CHUNK_BYTES = 1024**2
_HEAD_BYTES = 8


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Encoded:
    """A medium as it came: the bytes of a file, or the file.

    Attributes:
        content: The bytes; or, where the decoder seeks and they are in a local file, that file: a film is not held.
        digest: Their sha256, 64 hex digits.
        mime_type: Told from the bytes themselves, never from a name or header.
        name: What messages call it: the path, the URL without secrets, the reference.
    """

    content: bytes | LocalFile
    digest: str
    mime_type: str
    name: str

    @property
    def data(self) -> bytes:
        """All bytes; of a file they are read now. For what is never held whole, use `open`.

        Raises:
            MediaLimitError: The file is larger than `MediaLimits.max_bytes`.
            MediaChangedError: It is not what it was.
        """
        return self.content if isinstance(self.content, bytes) else self.content.read()

    @property
    def n_bytes(self) -> int:
        """How many there are."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.summary.n_bytes

    @property
    def what(self) -> str:
        """What it is, for messages: of a type that is not known the first bytes, of texts nothing that they say."""
        if self.mime_type != UNKNOWN:
            return self.mime_type
        with self.open() as file:
            return f"{self.mime_type} (first bytes {file.read(_HEAD_BYTES)!r})"

    def open(self) -> BinaryIO:
        """All of it, as a file to read and to seek in; the caller closes it.

        Raises:
            MediaChangedError: The file is not what it was.
        """
        return io.BytesIO(self.content) if isinstance(self.content, bytes) else self.content.open()

    def __repr__(self) -> str:
        return f"Encoded({self.name!r}, {self.mime_type}, {self.n_bytes} bytes)"


def says_where(source: Any) -> bool:
    """Whether `source` says where bytes are (or is bytes); False for decoded objects such as arrays."""
    return isinstance(source, (str, os.PathLike, bytes, bytearray, memoryview, MediaReference)) or hasattr(
        source, "read"
    )


def reference_of(part: Media) -> MediaReference | None:
    """The media reference that a part holds, if it holds one.

    Raises:
        MediaReferenceError: It begins like one, but is none.
    """
    source = part.source
    if isinstance(source, str) and source.startswith("<media://"):
        return MediaReference.parse(source)
    return source if isinstance(source, MediaReference) else None


def read_part(part: Media, limits: MediaLimits) -> Encoded:
    """The bytes of a part whose source `says_where` they are.

    Raises:
        MediaError: They cannot be read, or the limits forbid it; the message names the source.
        InputError: The source is of no kind that is known.
    """
    reference = reference_of(part)
    if reference is not None:
        store = open_store(part.store)
        content = store.look_up(reference, limits=limits)
        return encoded(content, name=store.source(reference) or str(reference.whole()))
    return read_source(part.source, limits)


def read_source(source: Any, limits: MediaLimits) -> Encoded:
    """The bytes of anything that `says_where`, media references apart."""
    if isinstance(source, str):
        return _read_spelled(source, limits)
    if isinstance(source, os.PathLike):
        path = _path_of(source)
        return encoded(read_content(path, limits), name=path)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _checked(source, f"<{memoryview(source).nbytes} bytes>", limits)
    if callable(getattr(source, "read", None)):
        return _read_stream(source, limits)
    msg = f"cannot read a {type(source).__name__} ({source!r:.80}); expected a path, URL, bytes or an open file"
    raise InputError(msg, value=source)


def _path_of(source: os.PathLike[Any]) -> str:
    try:
        return os.fsdecode(source)
    except Exception as error:  # somebody's own class
        msg = f"a {type(source).__name__} gives no path: {type(error).__name__}: {error}; pass a str or a pathlib.Path"
        raise InputError(msg, value=source) from error


def encoded(content: bytes | LocalFile, *, name: str) -> Encoded:
    """`content` with what its bytes tell."""
    if isinstance(content, LocalFile):
        summary = content.summary
        return Encoded(content=content, digest=summary.digest, mime_type=summary.mime_type, name=name)
    digest = hashlib.sha256(content).hexdigest()
    return Encoded(content=content, digest=digest, mime_type=sniff(content), name=name)


def _read_spelled(source: str, limits: MediaLimits) -> Encoded:
    for prefix, read in _SPELLINGS:
        if source[: len(prefix)].lower() == prefix:
            return read(source, limits)
    return _read_path(source, limits)


def _read_path(source: str, limits: MediaLimits) -> Encoded:
    if not source:
        msg = "the path is an empty string; expected a path, URL, data URI or media reference"
        raise InputError(msg, source=source)
    if _OTHER_SCHEME.match(source):
        msg = f"{source!r:.200} cannot be fetched; expected http://, https://, file:// or a path, or pass the bytes"
        raise MediaAccessError(msg, source=source)
    return encoded(read_content(local_path(source), limits), name=source)


def _read_url(source: str, limits: MediaLimits) -> Encoded:
    return encoded(fetch_url(source, limits), name=shown(source))


def _read_data_uri(source: str, limits: MediaLimits) -> Encoded:
    match = _DATA_URI.match(source)
    name = f"{source[:40]}..." if len(source) > 40 else source  # noqa: PLR2004  # enough to recognise it
    if match is None:
        msg = f"{name!r} is no data URI; expected data:<type>;base64,<data> or data:<type>,<percent-encoded data>"
        raise MediaDecodeError(msg, source=name)
    if len(source) - match.end() > 4 * limits.max_bytes + _CHUNK_BYTES:  # too long however it is encoded
        raise too_many_bytes(name, (len(source) - match.end()) // 4, limits)
    try:
        data = unquote_to_bytes(source[match.end() :])
    except UnicodeEncodeError as error:
        msg = f"{name!r} holds a character that no bytes stand for: {error}"
        raise MediaDecodeError(msg, source=name) from error
    if match["meta"].lower().rstrip().endswith(";base64"):
        data = _from_base64(data, name)
    return _checked(data, name, limits)


def _from_base64(data: bytes, name: str) -> bytes:
    compact = b"".join(data.split()).rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    try:
        return base64.b64decode(compact + b"=" * (-len(compact) % 4), validate=True)
    except binascii.Error as error:
        msg = f"{name!r} does not hold base64: {error}"
        raise MediaDecodeError(msg, source=name) from error


_SPELLINGS: tuple[tuple[str, Callable[[str, MediaLimits], Encoded]], ...] = (
    ("http://", _read_url),
    ("https://", _read_url),
    ("data:", _read_data_uri),
)


def _read_stream(file: Any, limits: MediaLimits) -> Encoded:
    """All of an open file, from its beginning where it can seek; it stays open and where it was."""
    name = str(getattr(file, "name", type(file).__name__))
    try:
        with lock_of(file):
            return _checked(_all_of(file, name, limits), name, limits)
    except MedialensError:
        raise
    except Exception as error:  # somebody's own class
        msg = f"the open file {name!r} cannot be read: {type(error).__name__}: {error}; open it anew, or pass the bytes"
        raise MediaDecodeError(msg, source=name) from error


def _all_of(file: Any, name: str, limits: MediaLimits) -> bytes:
    position = file.tell() if hasattr(file, "seekable") and file.seekable() else None
    if position is not None:
        file.seek(0)
    try:
        return _up_to_limit(file, name, limits)
    finally:
        if position is not None:
            file.seek(position)


def _up_to_limit(file: Any, name: str, limits: MediaLimits) -> bytes:
    chunks, n_bytes = [], 0
    while chunk := file.read(_CHUNK_BYTES):
        if not isinstance(chunk, (bytes, bytearray)):
            msg = f"the open file {name!r} gives {type(chunk).__name__}, not bytes; open it in binary mode: 'rb'"
            raise InputError(msg, source=name)
        n_bytes += len(chunk)
        if n_bytes > limits.max_bytes:
            raise too_many_bytes(name, n_bytes, limits)
        chunks.append(bytes(chunk))
    return b"".join(chunks)


def _checked(data: bytes | bytearray | memoryview, name: str, limits: MediaLimits) -> Encoded:
    n_bytes = data.nbytes if isinstance(data, memoryview) else len(data)
    if n_bytes == 0:
        msg = f"{name!r} is empty"
        raise MediaDecodeError(msg, source=name)
    if n_bytes > limits.max_bytes:
        raise too_many_bytes(name, n_bytes, limits)
    return encoded(bytes(data), name=name)
