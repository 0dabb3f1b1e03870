"""PDFium's handles, its lock, and what it says of files that are none."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tests.interpreter import run_python
from tests.media.documents import corners, document, encrypted, pdf, words

from medialens.errors import MediaChangedError, MediaDecodeError, MissingExtraError
from medialens.inputs import Image, Item
from medialens.media.decode import decode, resolve
from medialens.media.decoded import MediaNeeds
from medialens.media.limits import MediaLimits
from medialens.media.pages.pdf import load_page, read_text
from medialens.media.source import encoded, read_source

pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed: pip install 'medialens[pdf]'")

from pypdfium2.internal.bases import ObjectTracker

from medialens.media.pages.pdfium import open_pdf

LIMITS = MediaLimits()
NEEDS = MediaNeeds(modalities=("image",))
GOOD = document([corners(72, 72), words("second")])


def opened(data):
    with open_pdf(encoded(data, name="a.pdf")) as document:
        return document.n_pages


def n_handles():
    gone = {kind: len(objects) for kind, objects in ObjectTracker.items() if objects}
    return gone, len(list(Path("/proc/self/fd").iterdir())) if sys.platform == "linux" else 0


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
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'medialens\[pdf\]'"):
        opened(GOOD)
