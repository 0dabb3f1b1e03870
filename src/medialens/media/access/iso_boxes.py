"""Which tracks an mp4 or mov file has, told from a few of its boxes: neither decoder nor index is needed.

ftyp  moov[ mvhd  trak[ tkhd  mdia[ mdhd  hdlr: vide ]]  trak[ ... hdlr: soun ]]  mdat
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO, TypeAlias

Span: TypeAlias = tuple[int, int]
"""Where something begins and ends in a file."""

_MAX_BOXES = 4096
_HANDLER_AT, _HANDLER_BYTES = 8, 4
_HEADER_BYTES, _LONG_HEADER_BYTES = 8, 16
_TO_THE_END, _IS_LONG = 0, 1


def track_kinds(file: BinaryIO) -> frozenset[str]:
    """The handlers of its tracks: ``vide``, ``soun``, ``text`` ...; empty where they cannot be told."""
    end = file.seek(0, os.SEEK_END)
    kinds = set()
    for start, stop in inside(file, [(0, end)], b"moov", b"trak", b"mdia", b"hdlr"):
        if stop - start >= _HANDLER_AT + _HANDLER_BYTES:
            file.seek(start + _HANDLER_AT)
            kinds.add(file.read(_HANDLER_BYTES).decode("latin-1"))
    return frozenset(kinds)


def inside(file: BinaryIO, spans: list[Span], *path: bytes) -> list[Span]:
    """Where the contents of the boxes at `path` lie, inside of `spans`."""
    for name in path:
        found = [box for start, stop in spans for box in _boxes(file, start, stop)]
        spans = [(start, stop) for kind, start, stop in found if kind == name]
    return spans


def _boxes(file: BinaryIO, start: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of the contents of each box."""
    for _ in range(_MAX_BOXES):
        if start + _HEADER_BYTES > stop:
            return
        file.seek(start)
        head = file.read(_LONG_HEADER_BYTES)
        size, length = int.from_bytes(head[:4]), _HEADER_BYTES
        if size == _IS_LONG:
            size, length = int.from_bytes(head[8:16]), _LONG_HEADER_BYTES
        end = stop if size == _TO_THE_END else start + size
        if end < start + length or end > stop:
            return
        yield head[4:8], start + length, end
        start = end
