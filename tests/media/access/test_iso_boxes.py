"""Which tracks an mp4 has, by its boxes."""

from __future__ import annotations

import io

import pytest
from tests.media.clips import film, grey
from tests.media.sounds.test_audio import film_with_sound
from tests.media.tones import chirp, write_sound

from medialens.media.access.iso_boxes import track_kinds
from medialens.media.access.sniff import sniff, sniff_file


def box(name, *contents):
    inside = b"".join(contents)
    return (8 + len(inside)).to_bytes(4) + name + inside


def handler(kind):
    return box(b"trak", box(b"tkhd", bytes(84)), box(b"mdia", box(b"mdhd", bytes(24)), box(b"hdlr", bytes(8), kind)))


HEAD = box(b"ftyp", b"isom", bytes(4), b"isom")
SOUND = HEAD + box(b"mdat", bytes(2000)) + box(b"moov", box(b"mvhd", bytes(100)), handler(b"soun"))


@pytest.mark.parametrize(
    ("data", "kinds", "mime_type"),
    [
        (SOUND, {"soun"}, "audio/mp4"),
        (SOUND[:-20] + b"vide" + SOUND[-16:], set(), "video/mp4"),  # not where a handler is
        (HEAD + box(b"moov", handler(b"soun"), handler(b"vide")) + bytes(2000), {"soun", "vide"}, "video/mp4"),
        (
            HEAD + box(b"moov", handler(b"soun"), handler(b"text")) + box(b"free", bytes(2000)),
            {"soun", "text"},
            "audio/mp4",
        ),
        (
            HEAD + (1).to_bytes(4) + b"mdat" + (2016).to_bytes(8) + bytes(2000) + box(b"moov", handler(b"soun")),
            {"soun"},
            "audio/mp4",
        ),
        (HEAD + bytes(4) + b"mdat" + bytes(2000), set(), "video/mp4"),  # a box to the end of the file
        (SOUND[:1500], set(), "video/mp4"),  # cut off
        (HEAD + b"\0\0\0\x04moov" + bytes(2000), set(), "video/mp4"),  # a size that no box has
        (HEAD + b"\xff\xff\xff\xffmoov" + bytes(2000), set(), "video/mp4"),
    ],
)
def test_boxes_as_their_standard_spells_them(data, kinds, mime_type):
    assert track_kinds(io.BytesIO(data)) == kinds
    assert sniff(data) == sniff_file(io.BytesIO(data)) == mime_type


def test_files_that_ffmpeg_writes():
    assert sniff(write_sound(chirp(1), 48_000, "mp4")) == "audio/mp4"
    assert sniff(film([grey(100)] * 4)) == "video/mp4"
    assert sniff(film_with_sound(0.0, 1.0)) == "video/mp4"


def test_boxes_without_end_are_not_followed():
    many = HEAD + box(b"free") * 10_000 + box(b"moov", handler(b"soun"))
    assert track_kinds(io.BytesIO(many)) == frozenset()
