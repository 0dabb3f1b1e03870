"""What this process and the one that PDFium runs in say to each other: a kind, a length, and so many bytes.

    here  --OPEN, SIZE, TEXT, DRAW, CLOSE-->  there      one at a time, each answered by DONE or by REFUSED
          <--READ: from where, how many------            meanwhile, for bytes of the file, which stays here
          --BYTES---------------------------->

What comes back is the work of a library that has read a stranger's file. So it is nothing that is interpreted: numbers,
and raw bytes of the length that was expected. Pure but for the descriptors; imports nothing heavy.
"""

from __future__ import annotations

import enum
import os
import struct

HEADER = struct.Struct("<BQ")
OPEN = struct.Struct("<QdQ")
"""Bytes of the file; seconds for each step, 0 for any number; bytes of memory, 0 for any number."""
PAGE = struct.Struct("<I")
DRAW = struct.Struct("<IIIIIII")
"""Page; width and height of all of it, in pixels; x, y, width and height of the part that is drawn."""
N_PAGES = struct.Struct("<Q")
SIZE = struct.Struct("<dd")
READ = struct.Struct("<QQ")
MOST_READ_BYTES = 1024**2
"""At a time."""
REFUSED = struct.Struct("<i")


class Kind(enum.IntEnum):
    """What a message is."""

    READY = 1
    OPEN = 2
    SIZE = 3
    TEXT = 4
    DRAW = 5
    CLOSE = 6
    READ = 7
    BYTES = 8
    DONE = 9
    REFUSED = 10


class Refusal(enum.IntEnum):
    """Why something was not done; numbers above 0 are PDFium's own (FPDF_GetLastError in fpdfview.h)."""

    NO_PAGES = -1
    BAD_PAGE = -2
    NO_MEMORY = -3


def send(descriptor: int, kind: Kind, payload: bytes | memoryview = b"") -> None:
    """Write a message.

    Raises:
        OSError: Nobody reads it any more.
    """
    header = HEADER.pack(kind, len(payload))
    if len(payload) <= _SMALL:
        _write(descriptor, memoryview(header + bytes(payload)))
    else:
        _write(descriptor, memoryview(header))
        _write(descriptor, memoryview(payload))


def receive_header(descriptor: int) -> tuple[int, int]:
    """Kind and length of the next message.

    Raises:
        EOFError: There is none, since the other side is gone.
    """
    header = bytearray(HEADER.size)
    receive_into(descriptor, memoryview(header))
    kind, length = HEADER.unpack(header)
    return kind, length


def receive(descriptor: int, length: int) -> bytes:
    """So many bytes of a message.

    Raises:
        EOFError: The other side is gone.
    """
    payload = bytearray(length)
    receive_into(descriptor, memoryview(payload))
    return bytes(payload)


def receive_into(descriptor: int, view: memoryview) -> None:
    """Fill `view`.

    Raises:
        EOFError: The other side is gone.
    """
    while view:
        n_bytes = os.readv(descriptor, [view]) if hasattr(os, "readv") else _read_into(descriptor, view)
        if not n_bytes:
            raise EOFError
        view = view[n_bytes:]


_SMALL = 4096


def _write(descriptor: int, view: memoryview) -> None:
    while view:
        view = view[os.write(descriptor, view) :]


def _read_into(descriptor: int, view: memoryview) -> int:
    data = os.read(descriptor, min(len(view), 1024**2))
    view[: len(data)] = data
    return len(data)
