"""wav files that do not say how long they are: whoever wrote one into a pipe could not go back to fill that in.

FFmpeg and SoX do so on their way to standard output, and services that speak while they still compute.
"""

from __future__ import annotations

from typing import BinaryIO

_RIFF_HEAD = 12
_CHUNK_HEAD = 8
_MOST_CHUNKS = 100
"""Before the samples; there are seldom more than three."""

_NO_LENGTH = 0x7FFF0000
"""From here on a length is none: programs write the largest number that they know, less what else they count."""


def says_no_length(file: BinaryIO) -> bool:
    """Whether the samples of a wav file go on to its end, since its header does not say where they end.

    Args:
        file: It is left anywhere.
    """
    end = file.seek(0, 2)
    at = _RIFF_HEAD
    for _ in range(_MOST_CHUNKS):
        file.seek(at)
        head = file.read(_CHUNK_HEAD)
        if len(head) < _CHUNK_HEAD:
            return False
        name, size = head[:4], int.from_bytes(head[4:], "little")
        at += _CHUNK_HEAD
        if name == b"data":
            return size == 0 or (size >= _NO_LENGTH and at + size > end)
        at += size + size % 2
    return False
