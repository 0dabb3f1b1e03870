"""Pictures as files, for the tests of this folder: some by Pillow, some byte by byte from the standard."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image

Pixels = npt.NDArray[np.uint8]


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


def encode(image: Image.Image | Pixels, file_format: str = "PNG", **options: Any) -> bytes:
    picture = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    file = io.BytesIO()
    picture.save(file, file_format, **options)
    return file.getvalue()


def exif(orientation: int) -> Image.Exif:
    block = Image.Exif()
    block[ExifTags.Base.Orientation] = orientation
    return block


def png(size: tuple[int, int], *, depth: int, colour_type: int, rows: list[bytes], key: bytes = b"") -> bytes:
    """A PNG file as ISO/IEC 15948 spells it, for depths and chunks that Pillow does not write."""
    header = struct.pack(">IIBBBBB", *size, depth, colour_type, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    chunks = [(b"IHDR", header), (b"tRNS", key), (b"IDAT", body), (b"IEND", b"")]
    written = b"".join(_chunk(name, data) for name, data in chunks if data or name == b"IEND")
    return b"\x89PNG\r\n\x1a\n" + written


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def linear_light_profile() -> bytes:
    """An ICC profile (ICC.1:2001-04) with the primaries of sRGB, adapted to D50, and tone curves of gamma 1."""
    xyz = {
        b"wtpt": (0.9642, 1.0, 0.8249),
        b"rXYZ": (0.43607, 0.22249, 0.01392),
        b"gXYZ": (0.38515, 0.71687, 0.09708),
        b"bXYZ": (0.14307, 0.06061, 0.71410),
    }
    tags = {name: b"XYZ \0\0\0\0" + b"".join(_fixed(value) for value in values) for name, values in xyz.items()}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), b"curv\x00\x00\x00\x00\x00\x00\x00\x00")
    tags[b"desc"] = b"desc\0\0\0\0" + struct.pack(">I", 7) + b"linear\0" + b"\0" * 78
    tags[b"cprt"] = b"text\0\0\0\0none\0"
    offset, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for name, data in tags.items():
        padded = data + b"\0" * (-len(data) % 4)
        table += name + struct.pack(">II", offset + len(body), len(data))
        body += padded
    rest = struct.pack(">I", len(tags)) + table + body
    head = struct.pack(">I4sI4s4s4s", 128 + len(rest), b"lcms", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28
    head += b"".join(_fixed(value) for value in (0.9642, 1.0, 0.8249))
    return head.ljust(128, b"\0") + rest


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))
