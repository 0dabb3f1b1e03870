"""Picture files that cost far more than the picture in them: told by their outline, before Pillow reads them.

Pillow reads some outlines piece by piece, in Python: a few megabytes of pieces without anything in them take it
seconds, and a file within the limit of bytes minutes, whatever the size of the picture.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from medialens.errors import MediaLimitError
from medialens.media.source import Encoded

_MOST_PIECES = 100_000
"""Chunks of a PNG file, segments of a JPEG file, blocks of a GIF file: the largest pictures that are met have some ten
thousand."""

_MOST_SCANS = 100
"""Of a JPEG file, as in libtiff; usual are 1 to 20. Each goes over the whole picture, in a few bytes."""

_MOST_HEAD_BYTES = 64 * 1024
"""Of a PPM file: two sizes and comments."""

_PNG_HEAD, _PNG_CHUNK = 8, 12
_JPEG_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])", re.DOTALL)
_SCAN, _END = 0xDA, 0xD9
_GIF_HEAD, _GIF_EXTENSION = 13, 0x21
_PPM_HEAD = re.compile(rb"P([1-6])(?:(?:[ \t\r\n\v\f]++|#[^\r\n]*+)++[0-9]++){2,3}[ \t\r\n\v\f#]")


def check_effort(picture: Encoded) -> None:
    """Refuse a file that takes an effort out of all proportion.

    Raises:
        MediaLimitError: It has too many pieces, goes over the picture too often, or begins too late.
    """
    check = _CHECKS.get(picture.mime_type)
    why = check(picture.data) if check is not None else None
    if why is not None:
        what, value, maximum = why
        msg = f"{picture.name!r} {what}; save it anew, as a usual {picture.mime_type.partition('/')[2]}"
        raise MediaLimitError(msg, limit="effort", value=value, maximum=maximum, source=picture.name)


_Why = tuple[str, int, int]


def _check_png(data: bytes) -> _Why | None:
    return _check_count(_png_chunks(data), "chunks")


def _check_jpeg(data: bytes) -> _Why | None:
    n_scans = 0
    for n_segments, kind in enumerate(_jpeg_segments(data)):
        n_scans += kind == _SCAN
        if n_scans > _MOST_SCANS:
            return f"goes over the picture more than {_MOST_SCANS} times", n_scans, _MOST_SCANS
        if n_segments > _MOST_PIECES:
            return f"has more than {_MOST_PIECES} segments", n_segments, _MOST_PIECES
    return None


def _check_gif(data: bytes) -> _Why | None:
    return _check_count(_gif_blocks(data), "blocks before its first picture")


def _check_ppm(data: bytes) -> _Why | None:
    if len(data) > _MOST_HEAD_BYTES and _PPM_HEAD.match(data, 0, _MOST_HEAD_BYTES) is None:
        return f"has more than {_MOST_HEAD_BYTES} bytes before its first pixel", len(data), _MOST_HEAD_BYTES
    return None


_CHECKS: dict[str, Callable[[bytes], _Why | None]] = {
    "image/png": _check_png,
    "image/jpeg": _check_jpeg,
    "image/gif": _check_gif,
    "image/x-portable-anymap": _check_ppm,
}


def _check_count(pieces: Iterator[int], what: str) -> _Why | None:
    for n_pieces, _ in enumerate(pieces, start=1):
        if n_pieces > _MOST_PIECES:
            return f"has more than {_MOST_PIECES} {what}", n_pieces, _MOST_PIECES
    return None


def _png_chunks(data: bytes) -> Iterator[int]:
    """Where they begin (PNG specification, 5.3)."""
    at = _PNG_HEAD
    while at + _PNG_CHUNK <= len(data):
        yield at
        at += _PNG_CHUNK + int.from_bytes(data[at : at + 4], "big")


def _jpeg_segments(data: bytes) -> Iterator[int]:
    """Their kinds, up to the end of the picture (ITU T.81, B.1.1); what is appended is not looked at."""
    at = 2
    while (marker := _JPEG_MARKER.search(data, at)) is not None and marker[1][0] != _END:
        yield marker[1][0]
        at = marker.end() + max(2, int.from_bytes(data[marker.end() : marker.end() + 2], "big"))


def _gif_blocks(data: bytes) -> Iterator[int]:
    """Where extensions before the first picture begin (GIF89a specification, 23 to 26)."""
    flags = data[10] if len(data) > _GIF_HEAD else 0
    at = _GIF_HEAD + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    while at + 2 < len(data) and data[at] == _GIF_EXTENSION:
        yield at
        at += 2
        while at < len(data) and data[at]:
            at += 1 + data[at]
        at += 1
