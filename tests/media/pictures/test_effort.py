import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from tests.media.encoding import encode, noise

from medialens.errors import MediaLimitError
from medialens.media.pictures import effort
from medialens.media.pictures.image import load_image

PIXELS = noise(9, 7)


def with_scans(n_scans, tail=b""):
    """A progressive JPEG whose last scan comes again and again."""
    data = encode(Image.new("L", (64, 64), 200), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * (n_scans - data.count(b"\xff\xda")) + data[-2:] + tail


def test_a_jpeg_that_goes_over_the_picture_again_and_again_is_refused():
    load_image(with_scans(100, tail=b"\xff\xda" * 1000))  # such as a film that a telephone appends
    with pytest.raises(MediaLimitError, match="more than 100 times"):
        load_image(with_scans(101))


def png_of(n_chunks):
    """With chunks that nobody knows after the first one."""
    data = encode(PIXELS, "PNG")
    chunk = struct.pack(">I4s", 0, b"vpAg") + struct.pack(">I", zlib.crc32(b"vpAg"))
    usual = data.count(b"IHDR") + data.count(b"IDAT") + data.count(b"IEND")
    return data[:33] + chunk * (n_chunks - usual) + data[33:]


def jpeg_of(n_segments):
    """With comments without words."""
    data = encode(PIXELS, "JPEG", quality=95)
    usual = sum(1 for _ in effort._jpeg_segments(data))  # of Pillow's own files, four or five kinds
    return data[:2] + b"\xff\xfe\0\2" * (n_segments - usual) + data[2:]


def gif_of(n_blocks):
    """With comments of a letter before the picture."""
    data = encode(Image.fromarray(PIXELS).convert("P"), "GIF")
    begin = 13 + (3 << (data[10] & 7) + 1)
    assert data[begin] == 0x2C  # the picture itself
    return data[:begin] + b"\x21\xfe\x01a\0" * n_blocks + data[begin:]


@pytest.mark.parametrize("make", [png_of, jpeg_of, gif_of])
def test_a_file_of_very_many_pieces_is_refused_before_it_is_read(make, monkeypatch):
    monkeypatch.setattr(effort, "_MOST_PIECES", 1000)
    assert load_image(make(1000)).pixels.shape == (9, 7, 3)
    with pytest.raises(MediaLimitError, match=r"has more than 1000 .*; save it anew"):
        load_image(make(1002))


@pytest.mark.parametrize("kind", ["P6", "P5", "P3"])
def test_a_ppm_whose_picture_begins_late_is_refused(kind):
    def with_comment(n_bytes):
        n_values = 2 * 2 * (1 if kind == "P5" else 3)
        body = b"7 " * n_values if kind == "P3" else bytes(n_values)
        return f"{kind}\n# {'x' * n_bytes}\n2 2\n# more\n255\n".encode() + body

    assert load_image(with_comment(60_000)).pixels.shape == (2, 2, 3)
    with pytest.raises(MediaLimitError, match="before its first pixel"):
        load_image(with_comment(70_000))


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "GIF", "PPM", "WEBP", "BMP", "TIFF"])
@pytest.mark.parametrize("size", [(1, 1), (700, 900)])
def test_usual_files_are_no_effort(file_format, size):
    pixels = np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)
    assert load_image(encode(pixels, file_format)).pixels.shape == (*size, 3)


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "GIF", "PPM"])
def test_files_that_end_anywhere_are_outlined_as_far_as_they_go(file_format):
    data = encode(PIXELS, file_format)
    for end in range(len(data)):
        effort._CHECKS[{"PPM": "image/x-portable-anymap"}.get(file_format, f"image/{file_format.lower()}")](data[:end])
