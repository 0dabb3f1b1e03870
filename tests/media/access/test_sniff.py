import uuid

import pytest
from tests.media.encoding import encode, noise

from medialens.media.access.sniff import UNKNOWN, sniff

# As [MS-ASF] writes these GUIDs: the first three numbers have their last byte first.
ASF, ASF_AUDIO, ASF_VIDEO = (
    uuid.UUID(guid).bytes_le
    for guid in (
        "75B22630-668E-11CF-A6D9-00AA0062CE6C",
        "F8699E40-5B4D-11CF-A8FD-00805F5C442B",
        "BC19EFC0-5B4D-11CF-A8FD-00805F5C442B",
    )
)


@pytest.mark.parametrize(
    ("file_format", "expected"),
    [
        ("PNG", "image/png"),
        ("JPEG", "image/jpeg"),
        ("GIF", "image/gif"),
        ("WEBP", "image/webp"),
        ("BMP", "image/bmp"),
        ("TIFF", "image/tiff"),
        ("PPM", "image/x-portable-anymap"),
        ("AVIF", "image/avif"),
        ("JPEG2000", "image/jp2"),
        ("PDF", "application/pdf"),
    ],
)
def test_files_that_pillow_writes(file_format, expected):
    assert sniff(encode(noise(8, 8), file_format)) == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"RIFF\x24\x08\0\0WAVEfmt ", "audio/wav"),
        (b"caff\0\x01\0\0desc", "audio/x-caf"),
        (b".snd\0\0\0\x18", "audio/basic"),
        (b"#!AMR\n\x3c", "audio/amr"),
        (b"#!AMR-WB\n\x3c", "audio/amr"),
        (ASF + b"..." + ASF_AUDIO, "audio/x-ms-wma"),
        (ASF + b"..." + ASF_AUDIO + b"..." + ASF_VIDEO, "video/x-ms-asf"),
        (ASF + b"..." + ASF_VIDEO + b"..." + ASF_AUDIO, "video/x-ms-asf"),
        (ASF, "video/x-ms-asf"),
        (b"RIFF\x24\x08\0\0AVI LIST", "video/x-msvideo"),
        (b"\0\0\0\x1cftypM4A \0\0\0\0", "audio/mp4"),
        (b"\0\0\0\x1cftypisom\0\0\0\0", "video/mp4"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0", "video/quicktime"),
        (b"\0\0\0\x1cftypheic\0\0\0\0", "image/heic"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webmB", "video/webm"),
        (b"\x1aE\xdf\xa3\xa3B\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x88matroska", "video/x-matroska"),
        (b"RF64\xff\xff\xff\xffWAVEds64", "audio/wav"),
        (b"FORM\0\xa1\x7f\xeeAIFFCOMM", "audio/aiff"),
        (b"ID3\x04\0\0\0\0\0\x23", "audio/mpeg"),
        (b"\xff\xfb\x90\x64\0", "audio/mpeg"),  # MPEG 1, layer 3, 128 kbit/s, 44.1 kHz
        (b"\xff\xe3\x18\xc4\0", "audio/mpeg"),  # MPEG 2.5, layer 3, 8 kbit/s, 8 kHz
        (b"\xff\xfd\xe0\x04\0", "audio/mpeg"),  # MPEG 1, layer 2
        (b"\xff\xfb\xf0\x64\0", UNKNOWN),  # a bit rate that is none
        (b"\xff\xfb\x9c\x64\0", UNKNOWN),  # a sample rate that is none
        (b"\xff\xf1\x50\x80\0", "audio/aac"),
        (b"\xff\xfe\0\0\0", UNKNOWN),  # UTF-16's mark looks like layer 1
        (b"fLaC\0\0\0\x22", "audio/flac"),
        (b"OggS\0\x02", "audio/ogg"),
        (b"\n <HTML>", "text/html"),
        (b'<?xml version="1.0"?>\n<!-- drawn -->\n<svg width="1">', "image/svg+xml"),
        ("Überschrift".encode(), "text/plain"),
        (b"", UNKNOWN),
        (b"\0\1\2\3", UNKNOWN),
        (b"BMW is a car maker, not a bitmap", "text/plain"),
    ],
)
def test_heads_as_their_standards_spell_them(head, expected):
    assert sniff(head) == expected


def test_many_comments_cost_no_time():
    assert sniff(b"<!---->" * 70 + b"x") == "text/plain"  # with two ways to read each, there would be 2 ** 70
    assert sniff(b"<!---->" * 60 + b"<svg>") == "image/svg+xml"


@pytest.mark.parametrize("junk", [b"\xef\xbb\xbf", b"\r\n", b"junk", b"HTTP/1.1 200 OK\r\n\r\n", b"\0" * 1024])
def test_a_pdf_may_begin_late(junk):
    """ISO 32000-1, Annex H, note 13: Acrobat takes the header anywhere in the first 1024 bytes."""
    assert sniff(junk + b"%PDF-1.4\n1 0 obj") == "application/pdf"


@pytest.mark.parametrize(
    "head", [b"\0" * 1025 + b"%PDF-1.4\n", b"A PDF begins with %PDF-1.4 and goes on", b"x%PDF-?\n"]
)
def test_what_only_mentions_a_pdf_is_none(head):
    assert sniff(head) != "application/pdf"
