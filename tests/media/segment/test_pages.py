"""Documents, page by page."""

import dataclasses
import io
import signal
import sys

import numpy as np
import PIL.Image
import pytest
from tests.interpreter import run_python
from tests.media.documents import corners, document, encrypted, illustrated, nested, picture, words

from medialens.errors import InputError, MediaDecodeError, MediaLimitError
from medialens.inputs import Image, Item
from medialens.media.decode import decode, resolve
from medialens.media.decoded import MediaNeeds
from medialens.media.limits import MediaLimits
from medialens.media.pages.document import Pdf
from medialens.media.pages.pdf import load_page
from medialens.media.reference import MediaReference
from medialens.media.segment.pages import choose_pages, split_pages
from medialens.media.source import encoded
from medialens.media.store import MediaStore

pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed: pip install 'medialens[pdf]'")

LIMITS = MediaLimits()
NEEDS = MediaNeeds(modalities=("image",))
KEYS = [b"/MediaBox[0 0 72 36]", b"/MediaBox[0 0 72 36]/Rotate 90", b"/MediaBox[0 0 100 100]"]
THREE = document([words("one", (5, 5)), corners(72, 36), words("three", (5, 50))], keys=KEYS)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(THREE)
    return path


@pytest.fixture
def store(tmp_path):
    return MediaStore(tmp_path / "store")


def seen(segment):
    return decode(resolve(Item(segment.part), LIMITS), NEEDS, LIMITS).images[0].pixels


def test_each_page_is_a_reference_with_its_text_and_size(path, store):
    segments = split_pages(path, store=store)
    assert [segment.reference.page for segment in segments] == [1, 2, 3]
    assert [segment.text for segment in segments] == ["one", "", "three"]
    assert [(segment.width, segment.height) for segment in segments] == [(144, 72), (72, 144), (200, 200)]
    assert {segment.parent for segment in segments} == set(store.references())
    assert {segment.source for segment in segments} == {str(path)}
    assert str(segments[1].reference).endswith("?type=application/pdf#page=2>")


def test_a_segment_is_looked_at_as_its_page_and_has_its_size(path, store):
    for segment in split_pages(path, store=store):
        assert isinstance(segment.part, Image)
        pixels = seen(segment)
        assert pixels.shape == (segment.height, segment.width, 3)
        assert np.array_equal(pixels, load_page(encoded(THREE, name="a.pdf"), page=segment.reference.page))


def test_the_store_holds_one_file_and_copies_only_on_request(path, store, tmp_path):
    split_pages(path, store=store)
    assert len(list(store.references())) == 1
    assert not [file for file in (tmp_path / "store").rglob("*") if file.is_file() and file.suffix != ".json"]
    segments = split_pages(path, store=store, copy=True)
    path.unlink()
    assert seen(segments[1]).shape == (144, 72, 3)
    assert len(list(store.references())) == 1


def test_bytes_are_put_into_the_store(store):
    segments = split_pages(THREE, store=store)
    assert [segment.source for segment in segments] == [""] * 3
    assert seen(segments[0]).shape == (72, 144, 3)


@pytest.mark.parametrize(
    ("pages", "chosen"),
    [
        (None, (1, 2, 3, 4, 5, 6, 7, 8)),
        ("3", (3,)),
        ("1-3,7", (1, 2, 3, 7)),
        (" 7 , 1 - 3 ", (7, 1, 2, 3)),
        ("6-", (6, 7, 8)),
        ("2,2,1-2", (2, 1)),
        (4, (4,)),
        ([8, 1], (8, 1)),
        (range(2, 5), (2, 3, 4)),
        (np.array([2, 3]), (2, 3)),
        ((page for page in (5, 6)), (5, 6)),
        ([], ()),
    ],
)
def test_which_pages(pages, chosen):
    assert choose_pages(pages, 8, "a.pdf", LIMITS) == chosen


@pytest.mark.parametrize("pages", ["", "a", "1-3;7", "3-1", "-3", "1--2", "٣", "1,,2", "1.5"])
def test_pages_that_are_not_spelled(pages):
    with pytest.raises(InputError, match="not spelled like '1-3,7'"):
        choose_pages(pages, 8, "a.pdf", LIMITS)


@pytest.mark.parametrize("pages", [0, 9, "9", "0", "7-9", "9-", [1, 9], [-1], [True], [1.0], ["1"], 1.5, range(1, 10)])
def test_pages_beyond_the_end_name_the_count(pages):
    with pytest.raises(InputError, match=r"no page of 'a.pdf', whose pages are 1 to 8") as caught:
        choose_pages(pages, 8, "a.pdf", LIMITS)
    assert caught.value.n_pages == 8


def test_only_some_pages(path, store):
    assert [segment.text for segment in split_pages(path, store=store, pages="3,1")] == ["three", "one"]


def test_ten_thousand_pages_are_refused_at_once_and_some_of_them_taken(store, tmp_path, monkeypatch):
    path = tmp_path / "long.pdf"
    path.write_bytes(document([words(f"page {page}") for page in range(1, 10_001)]))
    with monkeypatch.context() as patch:
        patch.setattr("medialens.media.segment.pages.read_text", None)  # no page is read before they are counted
        with pytest.raises(MediaLimitError, match=r'has 10000 pages.*max_pages.*pages="1-2000"') as caught:
            split_pages(path, store=store)
        assert (caught.value.value, caught.value.maximum, caught.value.limit) == (10_000, 2000, "max_pages")
        with pytest.raises(MediaLimitError):
            split_pages(path, store=store, pages="5000-9999")
    assert [segment.text for segment in split_pages(path, store=store, pages="9999-")] == ["page 9999", "page 10000"]
    assert len(split_pages(path, store=store, pages="1-2000")) == 2000  # the advice


def test_a_page_that_is_corrupt_costs_only_itself(store, tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(THREE.replace(b"6 0 obj", b"9 0 obj"))
    first, second, third = split_pages(path, store=store)
    assert (first.text, third.text) == ("one", "three")
    assert (second.text, second.width, second.height, second.reference.page) == ("", -1, -1, 2)
    with pytest.raises(MediaDecodeError, match="page 2 of"):
        seen(second)
    assert seen(third).shape == (200, 200, 3)
    *_, last = split_pages(path, store=store, thumbnails=True)
    assert last.thumbnail in store


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system does not end processes by processor time")
def test_pages_that_are_too_expensive_cost_themselves_and_together_not_too_much(store, path):
    """Each may take all of the time that it gets: a document of thousands of them would take hours."""
    endless = nested(levels=9, width=10, n_pages=5)
    limits = MediaLimits(max_pdf_seconds=0.05)
    path.write_bytes(endless)
    segments = split_pages(path, store=store, pages="1-3", thumbnails=True, limits=limits)
    assert [(one.reference.page, one.text, one.width) for one in segments] == [(1, "", -1), (2, "", -1), (3, "", -1)]
    with pytest.raises(MediaLimitError, match=r"page 4 of .*max_pdf_seconds"):
        split_pages(path, store=store, limits=limits)


def test_a_page_that_can_be_read_but_not_drawn_has_no_thumbnail(store, path, monkeypatch):
    path.write_bytes(THREE)
    draw = Pdf.render

    def render(pdf, page, **options):
        if page == 2:
            raise MediaLimitError("too long", limit="max_pdf_seconds", is_costly=True)
        return draw(pdf, page, **options)

    monkeypatch.setattr(Pdf, "render", render)
    segments = split_pages(path, store=store, thumbnails=True)
    assert [segment.thumbnail is None for segment in segments] == [False, True, False]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"These are words.", "is no PDF: it holds text/plain$"),
        (b"\x89PNG\r\n\x1a\n1234", "is no PDF: it holds image/png"),
        (THREE[:200], "cannot be opened"),
        (document([]), "has no pages"),
        (encrypted(b"", password=b"secret"), "password"),
    ],
)
def test_what_is_no_readable_pdf_whatever_its_name(path, store, data, said):
    path.write_bytes(data)
    with pytest.raises(MediaDecodeError, match=said) as caught:
        split_pages(path, store=store)
    assert caught.value.source == str(path)


def test_thumbnails_are_small_pictures_in_the_store(path, store):
    path.write_bytes(document([corners(720, 360)], keys=b"/MediaBox[0 0 720 360]"))
    (segment,) = split_pages(path, store=store, thumbnails=True)
    small = PIL.Image.open(io.BytesIO(store.read(segment.thumbnail)))
    assert small.size == (320, 160)
    assert [small.getpixel(at) for at in ((9, 9), (300, 9))] == [(255, 0, 0), (0, 255, 0)]
    assert split_pages(path, store=store)[0].thumbnail is None


def test_a_box_of_a_page_can_be_referred_to(path, store):
    whole = split_pages(path, store=store)[1]
    part = dataclasses.replace(whole, reference=dataclasses.replace(whole.reference, box=(0, 0, 36, 72)))
    assert np.array_equal(seen(part), seen(whole)[:72, :36])
    assert MediaReference.parse(str(part.reference)) == part.reference


PEAK = """
import pathlib, re, sys, time
from medialens.inputs import Item
from medialens.media.decode import decode, resolve
from medialens.media.decoded import MediaNeeds
from medialens.media.limits import MediaLimits
from medialens.media.pages import processes
from medialens.media.segment.pages import split_pages

limits, needs = MediaLimits(), MediaNeeds(modalities=("image",), max_pixels=int(sys.argv[3]))

def peak():
    # Not getrusage: after an exec, that still counts the peak of the process that started this one.
    all_of_them = ["self", *(one._process.pid for one in processes.everyone)]
    said = [pathlib.Path(f"/proc/{pid}/status").read_text() for pid in all_of_them]
    return sum(int(re.search(r"VmHWM:\\s*(\\d+) kB", one)[1]) for one in said) // 1024

def look(path):
    segments = split_pages(path, store="memory://peak")
    for segment in segments:
        decode(resolve(Item(segment.part), limits), needs, limits)
    return len(segments)

look(sys.argv[1])
before = peak()
print(look(sys.argv[2]), peak() - before, round(time.process_time()))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
def test_a_document_of_500_pages_is_not_held(tmp_path):
    """500 scanned pages, all split, and all drawn; unpacked at once they would be 800 MB."""
    scan = PIL.Image.effect_noise((620, 877), 20).convert("RGB")
    file = io.BytesIO()
    scan.save(file, "JPEG", quality=75)
    image = picture(620, 877, file.getvalue(), "DCTDecode")
    content = b"q 595 0 0 842 0 0 cm /I Do Q " + words("some words " * 8, (50, 400), 9)
    for name, n_pages in (("one.pdf", 1), ("many.pdf", 500)):
        (tmp_path / name).write_bytes(illustrated([(content, image)] * n_pages, (595, 842)))
    printed = run_python(PEAK, str(tmp_path / "one.pdf"), str(tmp_path / "many.pdf"), "9216", timeout_seconds=280)
    n_pages, above_baseline_mb, seconds = map(int, printed.split())
    on_disk_mb = (tmp_path / "many.pdf").stat().st_size // 2**20
    print(f"{on_disk_mb} MB on disk, {above_baseline_mb} MB above the baseline, {seconds} s of processor time")
    assert n_pages == 500
    assert above_baseline_mb <= 300
