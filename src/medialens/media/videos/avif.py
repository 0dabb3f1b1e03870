"""How long each frame of an animated AVIF is shown, told from the boxes of its track; nothing is decoded.

ftyp: avis   moov[ trak[ mdia[ mdhd: units a second  hdlr: pict  minf[ stbl[ stsz: frames  stts: how long each ]]]]]

Sources: ISO/IEC 14496-12, 8.4.2, 8.6.1.2 and 8.7.3; AV1 Image File Format 1.1, section 7 (image sequences).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from fractions import Fraction

from medialens.media.access.iso_boxes import Span, inside

_SEQUENCE, _PICTURES = b"avis", b"pict"
_FIXED_SIZE_AT, _COUNT_AT, _SIZES_AT = 4, 8, 12
_MICROSECONDS = 1_000_000


def read_avif_durations(data: bytes, check: Callable[[int], None]) -> list[int]:
    """Microseconds of each frame; empty for a picture that stands still.

    Args:
        data: The file.
        check: Called with the number of frames before there is anything of that length.

    Raises:
        IndexError, struct.error: The boxes are cut off, or contradict each other.
    """
    if data[8:12] != _SEQUENCE:  # else the still picture in it is meant, whatever tracks there are
        return []
    file = io.BytesIO(data)
    for track in inside(file, [(0, len(data))], b"moov", b"trak"):
        media = inside(file, [track], b"mdia")
        ((handler, _),) = _only(inside(file, media, b"hdlr"))
        if data[handler + 8 : handler + 12] == _PICTURES:
            table = inside(file, media, b"minf", b"stbl")
            n_frames = _count(data, inside(file, table, b"stsz"))
            check(n_frames)
            units = _units_a_second(data, inside(file, media, b"mdhd"))
            return _durations(data, inside(file, table, b"stts"), n_frames, units)
    return []


def _only(spans: list[Span]) -> list[Span]:
    if len(spans) != 1:
        raise IndexError(len(spans))
    return spans


def _count(data: bytes, spans: list[Span]) -> int:
    """How many frames there are: no more than there are bytes for."""
    ((start, end),) = _only(spans)
    size, n_frames = struct.unpack_from(">II", data, start + _FIXED_SIZE_AT)
    if n_frames * size > len(data) or (not size and start + _SIZES_AT + 4 * n_frames > end):
        raise IndexError(n_frames)
    return int(n_frames)


def _units_a_second(data: bytes, spans: list[Span]) -> int:
    ((start, _),) = _only(spans)
    (units,) = struct.unpack_from(">I", data, start + (20 if data[start] == 1 else 12))  # times of 64 bits or of 32
    if not units:
        raise IndexError(units)
    return int(units)


def _durations(data: bytes, spans: list[Span], n_frames: int, units: int) -> list[int]:
    ((start, end),) = _only(spans)
    durations: list[int] = []
    for count, length in _runs(data, start, end):
        shown = round(Fraction(length * _MICROSECONDS, units))
        durations += [shown] * min(count, n_frames - len(durations))
    if len(durations) != n_frames:
        raise IndexError(n_frames)
    return durations


def _runs(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    (n_runs,) = struct.unpack_from(">I", data, start + 4)
    if start + 8 + 8 * n_runs > end:
        raise IndexError(n_runs)
    yield from struct.iter_unpack(">II", data[start + 8 : start + 8 + 8 * n_runs])
