"""Bad input among good: each has its own error, with its place and its reason, and costs nobody else anything.

Run on a real model, in an engine that caches nothing, so that what is compared was computed each time, and computes
one input at a time: in larger batches the same sums are added up in another order, and the last bits are noise.
"""

from __future__ import annotations

import dataclasses
import io
import itertools
import os
import struct
import threading
import zlib
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from tests.media.clips import animate, bare_gif, film, grey, levels, sound
from tests.media.documents import document, pdf, square
from tests.media.encoding import encode, noise, png
from tests.media.loopback import Server, body, redirect, serving

from medialens import Encoder, Image, Item, MediaLimits, Reranker, Video
from medialens.engine.config import EngineConfig
from medialens.engine.engine import Engine
from medialens.errors import (
    InputError,
    MediaAccessError,
    MediaDecodeError,
    MediaLimitError,
    MediaNotFoundError,
    MediaReferenceError,
    UnknownReferenceError,
    UnsupportedModalityError,
)
from medialens.media.segment.pages import split_pages

LIMITS = MediaLimits(
    allow_urls=True,
    url_hosts=("127.0.0.1",),
    max_bytes=20_000_000,
    read_timeout_seconds=0.5,
    total_timeout_seconds=20,
)


def _announcing(width: int, height: int) -> bytes:
    """A PNG file that promises so many pixels and brings one row of them."""
    return png((width, height), depth=8, colour_type=2, rows=[bytes(3 * width)])


def _png_bomb() -> bytes:
    """400 million white pixels in 50 kB."""
    header = struct.pack(">IIBBBBB", 20_000, 20_000, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(20_000 * 2501), 9)), (b"IEND", b"")]
    sums = [struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks]
    written = [
        struct.pack(">I", len(one[1])) + one[0] + one[1] + total for one, total in zip(chunks, sums, strict=True)
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


def _tiff_bomb() -> bytes:
    """A TIFF file of 20,000 x 20,000 grey pixels and no data (TIFF 6.0, section 2)."""
    tags = [(256, 20_000), (257, 20_000), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, 20_000), (279, 4)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)


def _webp_bomb() -> bytes:
    """A canvas of 16384x16384 = 268 million pixels, announced in 30 bytes (RFC 9649, 2.7)."""
    canvas = b"VP8X" + struct.pack("<IB3x", 10, 0x10) + (16383).to_bytes(3, "little") * 2
    return b"RIFF" + struct.pack("<I", 4 + len(canvas)) + b"WEBP" + canvas


def _packed_text_bomb() -> bytes:
    """A picture with a compressed note of 100 MB."""
    file = io.BytesIO()
    PIL.Image.new("L", (4, 4)).save(file, "PNG")
    note = b"note\0\0" + zlib.compress(bytes(100_000_000), 9)
    chunk = struct.pack(">I", len(note)) + b"zTXt" + note + struct.pack(">I", zlib.crc32(b"zTXt" + note))
    return file.getvalue()[:33] + chunk + file.getvalue()[33:]


def _encrypted_pdf() -> bytes:
    """A document that wants a password: the standard handler (ISO 32000-1, 7.6.3), with keys that fit none."""
    handler = b"/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>>>/ID[<00><00>]" % (b"11" * 32, b"22" * 32)
    pages = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>"]
    return pdf([*pages, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>"], trailer=handler)


def _long_pdf(n_pages: int) -> bytes:
    kids = b" ".join(b"3 0 R" for _ in range(n_pages))
    pages = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[%b]/Count %d>>" % (kids, n_pages)]
    return pdf([*pages, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>"])


class Misbehaving:
    """What the hostile server does."""

    def __init__(self) -> None:
        self.over = threading.Event()

    def never_answer(self, _request: object) -> None:
        self.over.wait(60)

    def drip(self, request: object) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n\x89PNG")
        self.over.wait(60)

    def go_on_for_ever(self, request: object) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n\x89PNG\r\n\x1a\n")
        while not self.over.is_set():
            request.wfile.write(bytes(100_000))


@pytest.fixture(scope="module")
def server():
    bad = Misbehaving()
    answers = {
        "/never": bad.never_answer,
        "/drip": bad.drip,
        "/endless": bad.go_on_for_ever,
        "/metadata": redirect("http://169.254.169.254/latest/meta-data/"),
        "/loop": redirect("/loop"),
        "/file": redirect("file:///etc/passwd"),
        "/gone": body(b"", status=404),
        "/page": body(b"<!doctype html><p>not a picture", content_type="image/png"),
        "/half": body(encode(noise(64, 64))[:500], content_type="image/png"),
        "/packed": body(zlib.compress(bytes(10**7)), content_encoding="deflate"),
        "/empty": body(b""),
        "/good": body(encode(noise(40, 40)), content_type="text/html"),
    }
    with serving(answers) as running:
        yield running
        bad.over.set()


@pytest.fixture(scope="module")
def engine():
    nothing_kept = EngineConfig(media_cache_bytes=0, vector_cache_bytes=0, score_cache_bytes=0)
    config = dataclasses.replace(nothing_kept, batch_tokens=1, batch_patches=1)
    with Engine(config) as made:
        yield made


def _bad(folder: Path, server: Server) -> list[tuple[object, type[Exception], str]]:
    """What is bad, its error, and what the message says, among which what is bad."""
    clip = film([grey(level) for level in levels(20)])
    written = {
        "truncated.png": encode(noise(64, 64))[:500],
        "truncated.jpg": encode(noise(64, 64), "JPEG")[:700],
        "truncated.mp4": clip[: len(clip) // 2],
        "no-index.mp4": clip.replace(b"moov", b"moof"),
        "empty.png": b"",
        "empty.mp4": b"",
        "lying.png": b"I am a text, whatever my name says.",
        "lying.mp4": encode(noise(8, 8), "TIFF")[:4] + b"nothing",
        "page.jpg": b"<html><body>404</body></html>",
        "song.mp4": sound(),
        "no-frames.gif": bare_gif(0),
        "wide.png": _announcing(50_000, 10),
        "huge.png": _announcing(50_000, 50_000),
        "bomb.png": _png_bomb(),
        "bomb.gif": bare_gif(1, (20_000, 20_000)),
        "bomb.tiff": _tiff_bomb(),
        "bomb.webp": _webp_bomb(),
        "encrypted.pdf": _encrypted_pdf(),
        "truncated.pdf": document([square("red", (0, 0, 9, 9))])[:200],
        "two-pages.pdf": _long_pdf(2),
        "many-frames.gif": bare_gif(20_001),
    }
    for name, data in written.items():
        (folder / name).write_bytes(data)
    os.mkfifo(folder / "pipe.png")
    path, url = (lambda name: str(folder / name)), server.url
    unknown = "<media://sha256/" + "0" * 64 + "?type=image/png>"
    return [
        (Image(path("truncated.png")), MediaDecodeError, "truncated.png"),
        (Image(path("truncated.jpg")), MediaDecodeError, "truncated.jpg"),
        (Video(path("truncated.mp4")), MediaDecodeError, "truncated.mp4"),
        (Video(path("no-index.mp4")), MediaDecodeError, "no-index.mp4"),
        (Image(path("empty.png")), MediaDecodeError, "empty.png"),
        (Video(path("empty.mp4")), MediaDecodeError, "empty.mp4"),
        (Image(b""), MediaDecodeError, "empty"),
        (Image(path("lying.png")), MediaDecodeError, "lying.png"),
        (Video(path("lying.mp4")), MediaDecodeError, "lying.mp4"),
        (Image(path("page.jpg")), MediaDecodeError, "text/html"),
        (Image(path("song.mp4")), MediaDecodeError, "song.mp4"),
        (Video(path("song.mp4")), MediaDecodeError, "only sound"),
        (Video(path("no-frames.gif")), MediaDecodeError, "no-frames.gif"),
        (Video(np.zeros((0, 4, 4, 3), np.uint8)), MediaDecodeError, "no frames"),
        (Video([]), MediaDecodeError, "no frames"),
        (Image(path("wide.png")), MediaLimitError, "50000x10"),
        (Image(path("huge.png")), MediaLimitError, "50000x50000"),
        (Image(path("bomb.png")), MediaLimitError, "bomb.png"),
        (Image(path("bomb.gif")), MediaLimitError, "bomb.gif"),
        (Image(path("bomb.tiff")), MediaLimitError, "bomb.tiff"),
        (Image(path("bomb.webp")), (MediaLimitError, MediaDecodeError), "bomb.webp"),
        (Video(path("bomb.gif")), MediaLimitError, "bomb.gif"),
        (Image(_packed_text_bomb()), MediaDecodeError, "bytes>"),
        (Video(path("many-frames.gif")), MediaLimitError, "max_frames"),
        (Image(path("encrypted.pdf"), page=1), MediaDecodeError, "password"),
        (Image(path("truncated.pdf"), page=1), MediaDecodeError, "truncated.pdf"),
        (Image(path("two-pages.pdf"), page=3), Exception, "two-pages.pdf"),
        (Image(path("pipe.png")), MediaAccessError, "no regular file"),
        (Image("/dev/zero"), MediaAccessError, "no regular file"),
        (Image(str(folder)), MediaNotFoundError, "directory"),
        (Image(path("missing.png")), MediaNotFoundError, "missing.png"),
        (Image(unknown), UnknownReferenceError, "0" * 64),
        (Image("<media://nothing>"), MediaReferenceError, "<media://nothing>"),
        (Image(f"{url}/never"), MediaLimitError, "/never did not answer in time"),
        (Image(f"{url}/drip"), MediaLimitError, "/drip did not answer in time"),
        (Image(f"{url}/endless"), MediaLimitError, "max_bytes"),
        (Image(f"{url}/metadata"), MediaAccessError, "169.254.169.254"),
        (Image(f"{url}/loop"), MediaLimitError, "redirects more than 3 times"),
        (Image(f"{url}/file"), MediaAccessError, "file:///etc/passwd"),
        (Image(f"{url}/gone"), MediaNotFoundError, "404"),
        (Image(f"{url}/page"), MediaDecodeError, "text/html"),
        (Image(f"{url}/half"), MediaDecodeError, "/half"),
        (Image(f"{url}/packed"), MediaDecodeError, "Content-Encoding"),
        (Image(f"{url}/empty"), MediaDecodeError, "/empty"),
        (Image("http://10.0.0.1/a.png"), MediaAccessError, "10.0.0.1"),
        (Image("http://user:hunter2@example.com/a.png"), MediaAccessError, "user name or password"),
        (Image("data:image/png;base64,!!!"), MediaDecodeError, "base64"),
        (np.full((4, 4, 3), np.nan), InputError, "0..1"),
        (np.zeros((5, 6, 7), np.uint8), InputError, "(5, 6, 7)"),
        (object(), InputError, "cannot encode"),
        ({"role": "assistant", "content": "hello"}, UnsupportedModalityError, "assistant"),
        ("half a character \ud800", InputError, "half a character"),
    ]


def _good(server: Server) -> list[object]:
    """As much and more, of every kind, no two alike."""
    kinds = [
        lambda at: f"a red circle number {at}",
        lambda at: Image(encode(noise(40 + at, 60, seed=at), "JPEG")),
        lambda at: Video(animate([grey(level - at // 3) for level in levels(5)], "PNG")),
        lambda at: Item(Image(noise(30, 30, seed=at)), f"caption {at}"),
        lambda at: Image(document([square("red", (at, 0, 9, 9))]), page=1),
        lambda at: {"role": "user", "content": [{"type": "text", "text": f"a message {at}"}]},
    ]
    return [
        Image(f"{server.url}/good"),
        *(make(at) for at, make in zip(range(60), itertools.cycle(kinds), strict=False)),
    ]


@pytest.fixture(scope="module")
def mixture(server, tmp_path_factory):
    """Good and bad in turns: all inputs, and of the bad ones, by position, the error and what it says."""
    bad, good = _bad(tmp_path_factory.mktemp("bad"), server), _good(server)
    inputs, wanted = [], {}
    for at, one in enumerate(good):
        inputs.append(one)
        if at < len(bad):
            wanted[len(inputs)] = bad[at][1:]
            inputs.append(bad[at][0])
    assert len(wanted) == len(bad)
    return inputs, wanted


def _check(errors, wanted):
    said = {at: f"{type(error).__name__}: {error}" for at, error in errors.items() if at not in wanted}
    assert not said
    assert errors.keys() == wanted.keys()
    for at, (kind, words) in wanted.items():
        assert isinstance(errors[at], kind), (at, errors[at])
        assert errors[at].index == at
        assert words in str(errors[at]), (words, str(errors[at]))
        assert "hunter2" not in str(errors[at])


def test_bad_input_costs_neither_process_nor_neighbours(engine, mixture):
    inputs, wanted = mixture
    encoder = Encoder("demo", engine=engine, limits=LIMITS)
    result = encoder.encode(inputs, errors="return")
    _check(result.errors, wanted)
    for at, one in enumerate(inputs):
        if at in wanted:
            assert np.isnan(result.vectors[at]).all()
        else:
            np.testing.assert_array_equal(result.vectors[at], encoder.encode(one), err_msg=f"input {at}")


def test_bad_documents_cost_the_reranker_nothing(engine, mixture):
    inputs, wanted = mixture
    reranker = Reranker("demo", engine=engine, limits=LIMITS)
    result = reranker.rank("a red circle", inputs, errors="return")
    _check(result.errors, wanted)
    good = [at for at in range(len(inputs)) if at not in wanted]
    alone = reranker.rank("a red circle", [inputs[at] for at in good])
    assert [one.index for one in result.ranked] == [good[one.index] for one in alone]
    np.testing.assert_allclose([one.score for one in result.ranked], [one.score for one in alone], atol=1e-6)


def test_a_bad_query_is_its_own_error(engine, server):
    reranker = Reranker("demo", engine=engine, limits=LIMITS)
    with pytest.raises(MediaLimitError, match=r"the query: .*/loop redirects") as caught:
        reranker.rank(Image(f"{server.url}/loop"), ["one", "two"])
    assert caught.value.index is None


def test_the_first_bad_input_is_raised_with_all_that_worked(engine, mixture):
    inputs, wanted = mixture
    with pytest.raises(MediaDecodeError, match=r"^item 1: .*truncated\.png") as caught:
        Encoder("demo", engine=engine, limits=LIMITS).encode(inputs)
    assert caught.value.index == 1
    assert caught.value.result.errors.keys() == wanted.keys()


def test_a_pdf_of_very_many_pages_is_refused_whole_and_each_page_of_it_is_fine(engine, tmp_path):
    (tmp_path / "long.pdf").write_bytes(_long_pdf(10_000))
    with pytest.raises(MediaLimitError, match=r"long\.pdf.*10000 pages") as caught:
        split_pages(tmp_path / "long.pdf", store="memory://long")
    assert (caught.value.limit, caught.value.value, caught.value.maximum) == ("max_pages", 10_000, 2_000)
    assert len(split_pages(tmp_path / "long.pdf", store="memory://long", pages="9990-")) == 11
    assert Encoder("demo", engine=engine).encode(Image(tmp_path / "long.pdf", page=10_000)).shape == (192,)


def test_nothing_of_a_url_is_touched_unless_allowed(engine, server):
    before = list(server.asked)
    urls = [Image(f"{server.url}/good"), Video(f"{server.url}/good"), {"image": f"{server.url}/good"}]
    urls.append({"role": "user", "content": [{"type": "image_url", "image_url": {"url": f"{server.url}/good"}}]})
    result = Encoder("demo", engine=engine).encode([*urls, f"{server.url}/good"], errors="return")
    assert {at: type(error) for at, error in result.errors.items()} == dict.fromkeys(range(4), MediaAccessError)
    assert server.asked == before
