"""What encoded bytes are, told from their first bytes: extensions and declared types are not asked."""

from __future__ import annotations

import io
import re
from typing import BinaryIO

from medialens.media.access.iso_boxes import track_kinds

UNKNOWN = "application/octet-stream"

HEAD_BYTES = 1024 + 16
"""How many leading bytes are enough for `sniff`."""

_MPEG_RATES = b"".join(rb"\x%x0-\x%xb" % (high, high) for high in range(1, 15))

# [MS-ASF] 10.1 and 10.3: GUIDs of the header, and of the types of its streams.
_ASF = re.escape(bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"))
_ASF_AUDIO = re.escape(bytes.fromhex("409e69f84d5bcf11a8fd00805f5c442b"))
_ASF_VIDEO = re.escape(bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b"))

# First match wins. Dots stand for any byte (re.DOTALL), so RIFF and ISO containers can be told apart by their brand.
# Comments before SVG are skipped for good (*+): there are endless ways to divide many of them differently.
_SIGNATURES: tuple[tuple[str, bytes], ...] = (
    ("image/png", rb"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", rb"\xff\xd8\xff"),
    ("image/gif", rb"GIF8[79]a"),
    ("image/webp", rb"RIFF....WEBP"),
    ("image/bmp", rb"BM.{12}(?:\x0c|\x28|\x34|\x38|\x40|\x6c|\x7c)\0\0\0"),
    ("image/tiff", rb"II\*\0|MM\0\*|II\+\0|MM\0\+"),
    ("image/x-portable-anymap", rb"P[1-6][ \t\r\n#]"),
    ("image/avif", rb"....ftyp(?:avif|avis)"),
    ("image/heic", rb"....ftyp(?:heic|heix|heim|heis|hevc|hevx|mif1|msf1)"),
    ("image/jp2", rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51"),
    ("image/svg+xml", rb"(?i)\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*+(?:<!DOCTYPE svg[^>]*>\s*)?<svg[\s>]"),
    ("application/pdf", rb"%PDF-"),
    ("audio/wav", rb"(?:RIFF|RF64)....WAVE"),
    ("audio/flac", rb"fLaC"),
    # Frames of layer 2 and 3, with a bit rate and a sample rate that exist; frames of ADTS with one that does.
    ("audio/mpeg", rb"ID3|\xff[\xe2\xe3\xf2-\xf5\xfa-\xfd][%s]" % _MPEG_RATES),
    ("audio/aac", rb"\xff[\xf0\xf1\xf8\xf9][\x00-\x33\x40-\x73\x80-\xb3\xc0-\xf3]"),
    ("audio/aiff", rb"FORM....AIF[FC]"),
    ("audio/x-caf", rb"caff\0\x01"),
    ("audio/basic", rb"\.snd"),
    ("audio/amr", rb"#!AMR(?:-WB)?\n"),
    ("audio/ogg", rb"OggS"),
    ("audio/mp4", rb"....ftypM4A"),
    ("video/quicktime", rb"....ftypqt  "),
    ("video/mp4", rb"....ftyp"),
    ("video/webm", rb"\x1a\x45\xdf\xa3.{0,64}webm"),
    ("video/x-matroska", rb"\x1a\x45\xdf\xa3"),
    ("video/x-msvideo", rb"RIFF....AVI "),
    ("audio/x-ms-wma", rb"%s(?!.*%s).*%s" % (_ASF, _ASF_VIDEO, _ASF_AUDIO)),
    ("video/x-ms-asf", _ASF),
    ("video/x-flv", rb"FLV\x01"),
    ("video/mp2t", rb"\x47.{187}\x47.{187}\x47|.{4}\x47.{191}\x47.{191}\x47"),
    ("text/html", rb"(?i)\s*<(?:!doctype html|html|head|body)[\s>]"),
)
_MAY_BE_SOUND = frozenset({"video/mp4", "video/quicktime"})
_COMPILED = tuple((mime_type, re.compile(pattern, re.DOTALL)) for mime_type, pattern in _SIGNATURES)
# Acrobat and PDFium take a header that comes late, after this many bytes; what ends a line is no word of a sentence.
_LATE_PDF = re.compile(rb".{0,1024}?%PDF-[12]\.\d\s*[\r\n]", re.DOTALL)
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def sniff(data: bytes) -> str:
    """The MIME type that the first bytes of `data` tell; `UNKNOWN` if they tell none.

    Of an mp4, where `data` is all of it, its tracks are asked as well: one without pictures is a sound.
    """
    kind = _by_signature(bytes(data[:HEAD_BYTES]))
    return _by_tracks(kind, io.BytesIO(data)) if kind in _MAY_BE_SOUND and len(data) > HEAD_BYTES else kind


def sniff_file(file: BinaryIO) -> str:
    """The same of an open file, which is left anywhere."""
    file.seek(0)
    kind = _by_signature(file.read(HEAD_BYTES))
    return _by_tracks(kind, file) if kind in _MAY_BE_SOUND else kind


def _by_tracks(kind: str, file: BinaryIO) -> str:
    tracks = track_kinds(file)
    return "audio/mp4" if "soun" in tracks and "vide" not in tracks else kind


def _by_signature(head: bytes) -> str:
    for mime_type, pattern in _COMPILED:
        if pattern.match(head):
            return mime_type
    if _LATE_PDF.match(head):
        return "application/pdf"
    return "text/plain" if head and not _BINARY.search(head) else UNKNOWN
