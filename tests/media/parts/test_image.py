"""What is meant of a picture or document: pages and boxes, said by the part or by its reference."""

import dataclasses

import numpy as np
import PIL.Image
import pytest
import torch
from tests.media.documents import corners, document, words
from tests.media.encoding import encode, exif, noise

from medialens.errors import InputError, MediaDecodeError, MediaError, MediaLimitError
from medialens.inputs import Image, Item
from medialens.media.decode import decisive, decode, resolve
from medialens.media.decoded import MediaNeeds
from medialens.media.limits import MediaLimits
from medialens.media.store import MediaStore

pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed: pip install 'medialens[pdf]'")

LIMITS = MediaLimits()
NEEDS = MediaNeeds(modalities=("text", "image"))
PIXELS = noise(6, 8)
PNG = encode(PIXELS)
TWO = document([corners(72, 72), words("two")])
ONE = document([corners(72, 72)])


@pytest.fixture
def store(tmp_path):
    return MediaStore(tmp_path / "store")


def resolved(image, limits=LIMITS):
    return resolve(Item(image), limits)


def seen(image, needs=NEEDS, limits=LIMITS):
    return decode(resolved(image, limits), needs, limits).images[0]


# Boxes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source", [PNG, PIXELS, PIL.Image.fromarray(PIXELS), torch.tensor(PIXELS).permute(2, 0, 1)], ids=type
)
def test_a_box_of_a_picture_however_it_comes(source):
    assert np.array_equal(seen(Image(source, box=(1, 2, 5, 3))).pixels, PIXELS[2:5, 1:6])


def test_a_box_of_the_part_and_one_of_the_reference_are_the_same(store):
    reference = store.put(PNG)
    named = [
        Image(PNG, box=(1, 2, 5, 3)),
        Image(PNG, box=[1, 2, 5, 3]),
        Image(PNG, box=tuple(np.array([1, 2, 5, 3]))),
        Image(reference, box=(1, 2, 5, 3), store=store),
        Image(dataclasses.replace(reference, box=(1, 2, 5, 3)), store=store),
    ]
    assert len({resolved(image).digest for image in named}) == 1
    assert len({seen(image).digest for image in named}) == 1
    assert all(np.array_equal(seen(image).pixels, PIXELS[2:5, 1:6]) for image in named)


def test_a_box_is_one_of_the_upright_picture():
    turned = encode(PIXELS, exif=exif(6))
    upright = seen(Image(turned)).pixels
    assert np.array_equal(seen(Image(turned, box=(1, 2, 3, 4))).pixels, upright[2:6, 1:4])


@pytest.mark.parametrize("source", [PNG, PIXELS], ids=type)
def test_a_box_beyond_the_picture_names_both(source):
    with pytest.raises(MediaError, match=r"box \(4, 0, 5, 3\).*8x6"):
        seen(Image(source, box=(4, 0, 5, 3)))


# Pages ------------------------------------------------------------------------------------------------------------


def test_a_page_is_the_same_however_it_is_named(store, tmp_path):
    (tmp_path / "a.pdf").write_bytes(TWO)
    reference = store.put(TWO)
    named = [
        Image(TWO, page=2),
        Image(TWO, page=np.int64(2)),
        Image(tmp_path / "a.pdf", page=2),
        Image(reference, page=2, store=store),
        Image(dataclasses.replace(reference, page=2), store=store),
        Image(str(dataclasses.replace(reference, page=2)), store=store),
    ]
    assert len({resolved(image).digest for image in named}) == 1
    assert len({seen(image).digest for image in named}) == 1
    assert all(np.array_equal(seen(image).pixels, seen(named[0]).pixels) for image in named)


def test_pages_boxes_and_files_all_count():
    images = [
        Image(TWO, page=1),
        Image(TWO, page=2),
        Image(TWO, page=2, box=(0, 0, 9, 9)),
        Image(TWO, page=2, box=(0, 0, 9, 8)),
        Image(TWO),
        Image(ONE),
        Image(ONE, page=1),
        Image(PNG),
        Image(PNG, box=(0, 0, 2, 2)),
        Image(PIXELS, box=(0, 0, 2, 2)),
    ]
    assert len({resolved(image).digest for image in images}) == len(images)
    told = [image for image in images if image.source is not TWO or image.page]
    assert len({seen(image).digest for image in told}) == len(told) == 9


def test_a_page_and_a_box_of_it(store):
    expected = seen(Image(TWO, page=1)).pixels[20:50, 10:80]
    page = dataclasses.replace(store.put(TWO), page=1)
    for image in (
        Image(TWO, page=1, box=(10, 20, 70, 30)),
        Image(page, box=(10, 20, 70, 30), store=store),
        Image(dataclasses.replace(page, box=(10, 20, 70, 30)), store=store),
    ):
        assert np.array_equal(seen(image).pixels, expected)


def test_a_page_or_box_named_twice(store):
    part = dataclasses.replace(store.put(TWO), page=2, box=(0, 0, 9, 9))
    with pytest.raises(InputError, match=r"has a page of its own; leave out page=2"):
        resolved(Image(part, page=2, store=store))
    with pytest.raises(InputError, match=r"has a box of its own; leave out box=\(0, 0, 9, 9\)"):
        resolved(Image(part, box=(0, 0, 9, 9), store=store))


def test_the_only_page_needs_no_number_and_of_many_one_must_be_chosen(tmp_path):
    assert np.array_equal(seen(Image(ONE)).pixels, seen(Image(ONE, page=1)).pixels)
    (tmp_path / "a.pdf").write_bytes(TWO)
    with pytest.raises(MediaError, match=r"a.pdf' has 2 pages; say which"):
        seen(Image(tmp_path / "a.pdf"))
    with pytest.raises(MediaError, match=r"has 2 pages, and page 3 is beyond its end"):
        seen(Image(TWO, page=3))


@pytest.mark.parametrize(("source", "holds"), [(PNG, "image/png"), (PIXELS, "pixels")])
def test_only_documents_have_pages(source, holds):
    with pytest.raises(MediaError, match=f"it holds {holds}: only PDFs have pages"):
        seen(Image(source, page=1))


def test_what_is_no_pdf_but_is_called_so(tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"just words")
    with pytest.raises(MediaDecodeError, match=r"a.pdf' is no picture.*text/plain"):
        seen(Image(tmp_path / "a.pdf"))
    (tmp_path / "picture.pdf").write_bytes(PNG)
    assert np.array_equal(seen(Image(tmp_path / "picture.pdf")).pixels, PIXELS)  # what it holds counts
    (tmp_path / "document.png").write_bytes(ONE)
    assert seen(Image(tmp_path / "document.png")).pixels.shape == (144, 144, 3)


def test_junk_before_the_header():
    assert np.array_equal(seen(Image(b"junk" * 250 + ONE)).pixels, seen(Image(ONE)).pixels)


def test_limits_hold_for_pages():
    assert seen(Image(ONE), limits=MediaLimits(max_page_pixels=2500)).pixels.shape == (50, 50, 3)
    with pytest.raises(MediaLimitError, match="max_bytes"):
        seen(Image(ONE), limits=MediaLimits(max_bytes=100))


# What models of different sizes share -----------------------------------------------------------------------------


def test_only_pages_are_drawn_for_a_number_of_pixels():
    large = document([b""], keys=b"/MediaBox[0 0 720 720]")
    small, any_size = dataclasses.replace(NEEDS, max_pixels=9216), NEEDS
    assert seen(Image(large), needs=small).pixels.shape == (640, 640, 3)
    assert seen(Image(large), needs=any_size).pixels.shape == (1440, 1440, 3)
    assert decisive(small, resolved(Image(large))) == small != any_size
    assert decisive(small, resolved(Image(PNG))) == any_size
    assert decisive(small, resolve(Item("words", Image(PNG), Image(large)), LIMITS)) == small
