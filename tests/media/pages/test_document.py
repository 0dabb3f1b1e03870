"""Open documents: what is wrong with files that are none, what is too expensive, many threads, forks."""

import math
import os
import signal
import sys
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tests.interpreter import run_python
from tests.media.documents import corners, document, encrypted, nested, pdf, stream, words

from medialens.errors import MediaChangedError, MediaDecodeError, MediaLimitError, MissingExtraError
from medialens.inputs import Image, Item
from medialens.media.decode import decode, resolve
from medialens.media.decoded import MediaNeeds
from medialens.media.limits import MediaLimits
from medialens.media.pages.pdf import load_page, read_text
from medialens.media.source import encoded, read_source

pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed: pip install 'medialens[pdf]'")

from medialens.media.pages import pool
from medialens.media.pages.document import open_pdf

LIMITS = MediaLimits()
NEEDS = MediaNeeds(modalities=("image",))
GOOD = document([corners(72, 72), words("second")])


def opened(data):
    with open_pdf(encoded(data, name="a.pdf")) as document:
        return document.n_pages


def n_handles():
    """Open here, while a process is at rest; what PDFium has open is looked at in test_pdfium.py."""
    opened(GOOD)
    return len(list(Path("/proc/self/fd").iterdir())) if sys.platform == "linux" else 0


BAD = {
    "text": (b"just text", "corrupt, truncated or no PDF"),
    "a header alone": (b"%PDF-1.7\n", "corrupt, truncated or no PDF"),
    "truncated": (GOOD[: len(GOOD) // 2], "corrupt, truncated or no PDF"),
    "no pages": (document([]), "has no pages"),
    "no catalogue": (pdf([b"<</Type/Nothing>>"]), "has no pages"),
    "a password": (encrypted(words("x"), password=b"secret"), "opens with a password only; save a copy"),
    "a strange lock": (
        encrypted(words("x"), password=b"").replace(b"/Filter/Standard", b"/Filter/Acme1234"),
        "encrypted in a way that PDFium does not know",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_opened_says_why_and_leaves_nothing_open(name, tmp_path):
    data, said = BAD[name]
    (tmp_path / "bad.pdf").write_bytes(data)
    before = n_handles()
    for _ in range(2):
        with pytest.raises(MediaDecodeError, match=said) as caught:
            opened(data)
        with pytest.raises(MediaDecodeError, match=said), open_pdf(read_source(tmp_path / "bad.pdf", LIMITS)):
            pass
    assert "'a.pdf'" in str(caught.value)
    assert caught.value.source == "a.pdf"
    assert n_handles() == before


@pytest.mark.parametrize("from_file", [False, True])
def test_every_handle_is_closed_also_after_errors(tmp_path, from_file):
    broken = GOOD.replace(b"6 0 obj", b"9 0 obj")  # the second page is not where it should be
    (tmp_path / "a.pdf").write_bytes(broken)
    content = read_source(tmp_path / "a.pdf", LIMITS) if from_file else encoded(broken, name="a.pdf")
    before = n_handles()
    load_page(content, page=1)
    for page in (2, 3):
        with pytest.raises(Exception, match=f"page {page} "):
            load_page(content, page=page)
    with pytest.raises(MediaDecodeError, match="page 2 of"), open_pdf(content) as found:
        read_text(found, 2)
    with pytest.raises(KeyError), open_pdf(content):
        raise KeyError
    assert n_handles() == before


def test_a_file_and_its_bytes_give_the_same(tmp_path):
    (tmp_path / "a.pdf").write_bytes(GOOD)
    content = read_source(tmp_path / "a.pdf", LIMITS)
    assert not isinstance(content.content, bytes)  # it is read where PDFium seeks
    for page in (1, 2):
        assert np.array_equal(load_page(content, page=page), load_page(encoded(GOOD, name="a.pdf"), page=page))


def test_an_empty_password_is_none():
    """What only its owner may print or change, anyone may read."""
    with open_pdf(encoded(encrypted(words("Hello"), password=b""), name="a.pdf")) as found:
        assert read_text(found, 1) == "Hello"


@pytest.mark.parametrize(
    ("asked", "n_bytes"), [((2**40, 2**40), 0), ((0, 2**40), len(GOOD)), ((9, 3), 3), ((len(GOOD), 1), 0), ((3, 0), 0)]
)
def test_nothing_is_read_but_the_file(asked, n_bytes):
    """Whatever is asked for by a process that is not itself any more."""
    with open_pdf(encoded(GOOD, name="a.pdf")) as found:
        assert len(found._read(*asked)) == n_bytes


def test_much_is_read_piece_by_piece(tmp_path):
    comment = b"%" + bytes(range(32, 127)) * 40_000 + b"\n"
    noise = np.random.default_rng(0).integers(0, 256, 3_000_000, dtype=np.uint8).tobytes()
    keys = b"/Type/XObject/Subtype/Image/ColorSpace/DeviceRGB/BitsPerComponent 8/Width 1000/Height 1000"
    show, resources = b"72 0 0 72 0 0 cm /I Do", b"/MediaBox[0 0 72 72]/Resources<</XObject<</I 6 0 R>>>>"
    data = document([comment + show], keys=resources, more=[stream(noise, keys)])
    with open_pdf(encoded(data, name="a.pdf")) as found:
        pixels = found.render(1, page_size=(1000, 1000), box=(0, 0, 1000, 1000))
    assert np.array_equal(pixels, np.frombuffer(noise, np.uint8).reshape(1000, 1000, 3))


def test_an_error_of_the_file_is_not_lost_in_pdfium(tmp_path):
    (tmp_path / "a.pdf").write_bytes(GOOD)
    content = read_source(tmp_path / "a.pdf", LIMITS)
    (tmp_path / "a.pdf").write_bytes(GOOD[:-10])
    with pytest.raises(MediaChangedError), open_pdf(content):
        pass

    class Failing:
        def __init__(self, file):
            self._file = file

        def __getattr__(self, name):
            return getattr(self._file, name)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self._file.close()

        def read(self, n_bytes):
            msg = "the network is down"
            raise OSError(msg)

    class Remote:
        name, mime_type, digest = "far.pdf", "application/pdf", "0" * 64

        def open(self):
            (tmp_path / "b.pdf").write_bytes(GOOD)
            return Failing((tmp_path / "b.pdf").open("rb"))

    before = n_handles()
    with pytest.raises(MediaDecodeError, match=r"'far.pdf' cannot be read any more.*the network is down"):
        load_page(Remote(), page=1)
    assert n_handles() == before


def test_many_threads_draw_at_once():
    items = [Item(Image(GOOD, page=1 + index % 2, box=(index, 0, 60, 60))) for index in range(24)]
    alone = [decode(resolve(item, LIMITS), NEEDS, LIMITS).images[0].pixels for item in items]
    start = threading.Barrier(8)

    def draw(_):
        start.wait()
        return [decode(resolve(item, LIMITS), NEEDS, LIMITS).images[0].pixels for item in items]

    with ThreadPoolExecutor(8) as pool:
        for pixels in pool.map(draw, range(8)):
            assert all(map(np.array_equal, pixels, alone))


FORKING = """
import os, sys, threading, warnings
import numpy as np
from medialens.media.pages.pdf import load_page
from medialens.media.source import encoded
warnings.simplefilter("ignore", DeprecationWarning)  # that threads and forks do not mix is the point
content = encoded(open(sys.argv[1], "rb").read(), name="a.pdf")
expected, over = load_page(content, page=1), threading.Event()

def draw():
    while not over.is_set():
        load_page(content, page=2)

threads = [threading.Thread(target=draw) for _ in range(2)]
for thread in threads:
    thread.start()
codes = []
for _ in range(8):
    child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(load_page(content, page=1), expected) else 1)
    codes.append(os.waitpid(child, 0)[1])
over.set()
for thread in threads:
    thread.join()
print(codes, np.array_equal(load_page(content, page=1), expected))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_child_forked_while_others_draw_can_draw(tmp_path):
    (tmp_path / "a.pdf").write_bytes(GOOD)
    assert run_python(FORKING, str(tmp_path / "a.pdf")) == f"{[0] * 8} True"


def test_without_pypdfium2_the_extra_is_named(monkeypatch):
    pool.end_all()
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'medialens\[pdf\]'"):
        opened(GOOD)


# What is made to be expensive --------------------------------------------------------------------------------------

LONG = nested(levels=9, width=10)
"""Two kilobytes that draw a thousand million rectangles."""


def heavy(n_rectangles=400_000):
    """Some kilobytes that unpack to megabytes, and become objects of hundreds of megabytes."""
    content = stream(zlib.compress(b"0 0 1 rg 1 1 9 9 re f " * n_rectangles, 9), b"/Filter/FlateDecode")
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R>>"
    return pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>", page, content])


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system does not end processes by processor time")
@pytest.mark.parametrize("look", [lambda pdf: pdf.text(1), lambda pdf: drawn(pdf, 1)], ids=["text", "pixels"])
def test_a_page_that_takes_for_ever_is_ended_and_costs_nobody_else_anything(look):
    limits = MediaLimits(max_pdf_seconds=0.3)
    with open_pdf(encoded(GOOD, name="good.pdf")) as good:
        with open_pdf(encoded(LONG, name="long.pdf"), limits) as bad:
            for _ in range(2):
                with pytest.raises(
                    MediaLimitError, match=r"page 1 of 'long.pdf' needs more than 0.3 s.*max_pdf_seconds="
                ) as caught:
                    look(bad)
                assert (caught.value.limit, caught.value.maximum, caught.value.page) == ("max_pdf_seconds", 0.3, 1)
            assert bad.size_points(1) == (99, 99)  # opened anew
        assert read_text(good, 2) == "second"  # all the while
    assert opened(GOOD) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="this system does not limit the memory of a process")
def test_a_page_that_takes_all_memory_is_ended():
    limits = MediaLimits(max_pdf_memory_bytes=64 * 1024**2)
    with open_pdf(encoded(heavy(), name="heavy.pdf"), limits) as bad:
        with pytest.raises(MediaLimitError, match=r"page 1 of 'heavy.pdf' needs .* bytes of memory") as caught:
            drawn(bad, 1)
        assert bad.size_points(1) == (99, 99)
    assert caught.value.limit == "max_pdf_memory_bytes"
    with open_pdf(encoded(heavy(1000), name="light.pdf"), limits) as light:
        assert drawn(light, 1).shape == (10, 10, 3)
    with open_pdf(encoded(GOOD, name="a.pdf"), limits) as good, pytest.raises(MediaLimitError, match="max_pdf_memory"):
        good.render(1, page_size=(9000, 9000), box=(0, 0, 9000, 9000))


def drawn(pdf, page):
    return pdf.render(page, page_size=(10, 10), box=(0, 0, 10, 10))


@pytest.mark.parametrize("limit", ["max_pdf_seconds", "max_pdf_memory_bytes"])
def test_limits_from_nothing_to_anything(limit):
    content = encoded(GOOD, name="a.pdf")
    with pytest.raises(MediaLimitError, match=limit), open_pdf(content, MediaLimits(**{limit: 0})):
        pass
    for amount in (1e30, math.inf):
        with open_pdf(content, MediaLimits(**{limit: amount})) as found:
            assert read_text(found, 2) == "second"


def test_a_process_that_is_killed_while_it_works_is_an_error_of_the_page_alone():
    with open_pdf(encoded(GOOD, name="a.pdf")) as found:
        found._process._process.kill()
        with pytest.raises(MediaDecodeError, match=r"PDFium ended \(SIGKILL\) while it looked at page 2 of 'a.pdf'"):
            found.text(2)
        assert read_text(found, 2) == "second"
