"""Pages of PDFs: sizes, pixels and text, from files known byte by byte."""

import io

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.media.documents import corners, document, illustrated, picture, square, stream, words

from medialens.errors import MediaDecodeError, MediaError, MediaLimitError
from medialens.media.limits import MediaLimits
from medialens.media.pages.pdf import DPI, load_page, page_size, raster_size, read_text
from medialens.media.source import encoded

pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed: pip install 'medialens[pdf]'")

from medialens.media.pages.document import open_pdf

LIMITS = MediaLimits()
RED, GREEN, BLUE, BLACK, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0), (255, 255, 255)
FLAG = corners(72, 36)


def drawn(data, page=1, **options):
    return load_page(encoded(data, name="a.pdf"), page=page, **options)


def quarters(pixels, rim=0):
    """The colours of the four quarters, row by row; each quarter has one colour only, but for a rim where scaled."""
    height, width = pixels.shape[0] // 2, pixels.shape[1] // 2
    parts = [pixels[y : y + height, x : x + width] for y in (0, height) for x in (0, width)]
    inner = [part[rim : height - rim, rim : width - rim] for part in parts]
    return [tuple(map(int, part[0, 0])) if (part == part[0, 0]).all() else None for part in inner]


def text_of(data, page=1):
    with open_pdf(encoded(data, name="a.pdf")) as pdf:
        return read_text(pdf, page)


# What is seen -----------------------------------------------------------------------------------------------------

BOX = b"/MediaBox[0 0 72 36]"


@pytest.mark.parametrize("is_inherited", [False, True])
@pytest.mark.parametrize(
    ("keys", "shape", "seen"),
    [
        (BOX, (72, 144), [RED, GREEN, BLUE, BLACK]),
        (BOX + b"/Rotate 90", (144, 72), [BLUE, RED, BLACK, GREEN]),
        (BOX + b"/Rotate 180", (72, 144), [BLACK, BLUE, GREEN, RED]),
        (BOX + b"/Rotate 270", (144, 72), [GREEN, BLACK, RED, BLUE]),
        (BOX + b"/Rotate -90", (144, 72), [GREEN, BLACK, RED, BLUE]),
        (BOX + b"/CropBox[0 0 36 36]", (72, 72), [RED, RED, BLUE, BLUE]),
        (BOX + b"/CropBox[36 0 72 36]/Rotate 90", (72, 72), [BLACK, GREEN, BLACK, GREEN]),
        (BOX + b"/CropBox[-100 -100 1000 1000]", (72, 144), [RED, GREEN, BLUE, BLACK]),
        (BOX + b"/CropBox[5 5 5 5]", (72, 144), [RED, GREEN, BLUE, BLACK]),
        (b"/MediaBox[72 36 0 0]", (72, 144), [RED, GREEN, BLUE, BLACK]),
    ],
)
def test_rotation_and_boxes_are_respected(keys, shape, seen, is_inherited):
    own, inherited = (b"", keys) if is_inherited else (keys, b"")
    pixels = drawn(document([FLAG], keys=own, inherited=inherited))
    assert (pixels.dtype, pixels.shape, pixels.flags.c_contiguous) == (np.uint8, (*shape, 3), True)
    assert quarters(pixels) == seen


def test_a_page_has_its_own_boxes_before_inherited_ones():
    keys = [BOX + b"/Rotate 0", b"", b"/CropBox[0 0 36 18]"]
    data = document([FLAG] * 3, keys=keys, inherited=b"/MediaBox[0 0 72 36]/Rotate 180")
    assert [drawn(data, page=page).shape for page in (1, 2, 3)] == [(72, 144, 3), (72, 144, 3), (36, 72, 3)]
    assert [quarters(drawn(data, page=page))[0] for page in (1, 2, 3)] == [RED, BLACK, BLUE]


def test_a_page_that_begins_elsewhere():
    pixels = drawn(document([square("red", (1000, 1000, 36, 36))], keys=b"/MediaBox[1000 1000 1072 1036]"))
    assert quarters(pixels) == [RED, WHITE, RED, WHITE]


def test_odd_widths_are_whole_rows():
    """Rows of 3 * 145 bytes are no multiple of 4, to which PDFium would like to pad them."""
    pixels = drawn(document([square("red", (0, 0, 72.5, 36))], keys=b"/MediaBox[0 0 72.5 36]"))
    assert pixels.shape == (72, 145, 3)
    assert (pixels == RED).all()


def test_annotations_and_form_fields_are_drawn_and_what_is_empty_is_white():
    appearance = [
        stream(b"%b rg 0 0 20 20 re f" % rgb, b"/Type/XObject/Subtype/Form/BBox[0 0 20 20]")
        for rgb in (b"1 0 0", b"0 0 1")
    ]
    more = [
        b"<</Type/Annot/Subtype/Stamp/F 4/Rect[0 0 20 20]/AP<</N 8 0 R>>>>",
        b"<</Type/Annot/Subtype/Widget/F 4/FT/Tx/T(a)/Rect[50 50 70 70]/AP<</N 9 0 R>>>>",
        *appearance,
        b"<</Type/Annot/Subtype/Widget/F 4/FT/Tx/T(b)/Rect[50 0 70 20]>>",
    ]
    keys, form = b"/MediaBox[0 0 72 72]/Annots[6 0 R 7 0 R 10 0 R]", b"/AcroForm<</Fields[7 0 R 10 0 R]>>"
    pixels = drawn(document([b""], keys=keys, catalogue=form, more=more))
    points = {"stamp": (120, 20), "filled in": (20, 120), "not filled in": (120, 120), "paper": (72, 72)}
    seen = {name: tuple(map(int, pixels[at])) for name, at in points.items()}
    assert seen == {"stamp": RED, "filled in": BLUE, "not filled in": WHITE, "paper": WHITE}


def test_a_picture_in_a_page_keeps_its_pixels():
    """Drawn at one pixel a pixel, an uncompressed picture is what it was, to the level."""
    original = np.random.default_rng(0).integers(0, 256, (72, 144, 3), dtype=np.uint8)
    file = io.BytesIO()
    PIL.Image.fromarray(original).save(file, "JPEG", quality=95)
    image = picture(144, 72, file.getvalue(), "DCTDecode")
    pixels = drawn(illustrated([(b"q 72 0 0 36 0 0 cm /I Do Q", image)], (72, 36)))
    expected = np.asarray(PIL.Image.open(file))
    assert np.abs(pixels.astype(int) - expected).max() <= 2  # two JPEG decoders


def test_files_that_pillow_writes():
    file = io.BytesIO()
    first, second = (PIL.Image.new("RGB", (200, 100), colour) for colour in ("red", "blue"))
    first.save(file, "PDF", resolution=DPI, save_all=True, append_images=[second])
    pages = [drawn(file.getvalue(), page=page) for page in (1, 2)]
    assert [page.shape for page in pages] == [(100, 200, 3)] * 2
    assert [np.abs(page.astype(int) - colour).max() <= 2 for page, colour in zip(pages, (RED, BLUE), strict=True)]


# Sizes ------------------------------------------------------------------------------------------------------------


def test_the_pixels_are_144_to_the_inch():
    assert page_size((595.28, 841.89), "a4") == page_size((595.276, 841.89), "a4")
    size = page_size((595.28, 841.89), "a4")
    assert (size.width, size.height) == (1191, 1684)
    assert drawn(document([b""], keys=b"/MediaBox[0 0 595.28 841.89]")).shape == (1684, 1191, 3)


@pytest.mark.parametrize("keys", [b"", b"/MediaBox[0 0 0 0]", b"/MediaBox[0 0 nan 10]", b"/MediaBox[0 0 1e30 1e30]"])
def test_a_page_without_a_size_is_a_letter_as_in_viewers(keys):
    assert drawn(document([FLAG], keys=keys)).shape == (1584, 1224, 3)


@pytest.mark.parametrize("points", [(0.0, 5.0), (5.0, -1.0), (float("nan"), 5.0), (float("inf"), 5.0)])
def test_no_area_is_refused(points):
    with pytest.raises(MediaDecodeError, match="page 3 has no area"):
        page_size(points, "page 3")


@pytest.mark.parametrize("side", [14_400, 1_000_000])
def test_an_absurdly_large_page_is_drawn_within_the_limit(side):
    limits = MediaLimits(max_page_pixels=1_000_000)
    pixels = drawn(document([corners(side, side)], keys=b"/MediaBox[0 0 %d %d]" % (side, side)), limits=limits)
    assert pixels.shape == (1000, 1000, 3)
    assert quarters(pixels, rim=1) == [RED, GREEN, BLUE, BLACK]


def test_a_long_and_narrow_page_is_refused():
    data = document([b""], keys=b"/MediaBox[0 0 1000000 1]")
    with pytest.raises(MediaLimitError, match=r"page 1 of 'a.pdf'.*max_aspect_ratio") as caught:
        drawn(data)
    assert caught.value.limit == "max_aspect_ratio"


def test_a_page_of_a_fraction_of_a_point_is_a_pixel():
    assert drawn(document([FLAG], keys=b"/MediaBox[0 0 0.01 0.01]")).shape == (1, 1, 3)


sides = st.integers(1, 60_000)


@given(sides, sides, st.one_of(st.none(), st.integers(1, 10**7)), st.integers(1, 10**8))
def test_no_more_is_drawn_than_there_is_than_is_allowed_and_enough_for_the_model(width, height, max_pixels, allowed):
    limits = MediaLimits(max_page_pixels=allowed, max_aspect_ratio=10**6)
    drawn_width, drawn_height = raster_size(width, height, "it", max_pixels=max_pixels, limits=limits)
    assert 1 <= drawn_width <= width
    assert 1 <= drawn_height <= height
    # A side of one pixel cannot shrink.
    assert drawn_width * drawn_height <= max(allowed, drawn_width, drawn_height)
    scale = drawn_width / width
    assert abs(drawn_height - height * scale) <= 1 + height / width
    if max_pixels is None and width * height <= allowed:
        assert (drawn_width, drawn_height) == (width, height)
    if max_pixels is not None and 4 * max_pixels >= width * height and width * height <= allowed:
        assert (drawn_width, drawn_height) == (width, height)


def test_a_small_model_gets_fewer_pixels_and_a_large_one_all():
    a4 = 1191, 1684
    assert raster_size(*a4, "a4", max_pixels=96 * 96, limits=LIMITS) == (640, 904)
    assert raster_size(*a4, "a4", max_pixels=384 * 384, limits=LIMITS) == (645, 913)
    assert raster_size(*a4, "a4", max_pixels=1_300_000, limits=LIMITS) == a4
    assert raster_size(*a4, "a4", max_pixels=None, limits=LIMITS) == a4


def test_drawn_smaller_it_shows_the_same():
    data = document([corners(720, 720)], keys=b"/MediaBox[0 0 720 720]")
    pixels = drawn(data, max_pixels=100)
    assert pixels.shape == (640, 640, 3)
    assert quarters(pixels, rim=1) == [RED, GREEN, BLUE, BLACK]


# Parts of pages ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("box", [(0, 0, 144, 144), (10, 20, 30, 40), (143, 143, 1, 1)])
def test_a_box_is_what_one_would_cut_out_of_the_page(box):
    data = document([corners(72, 72) + words("Words", (3, 33))])
    x, y, width, height = box
    assert np.array_equal(drawn(data, box=box), drawn(data)[y : y + height, x : x + width])


def test_a_box_means_the_same_place_however_large_it_is_drawn():
    data = document([corners(7200, 7200)], keys=b"/MediaBox[0 0 7200 7200]")
    limits = MediaLimits(max_page_pixels=250_000)
    around_the_middle = drawn(data, box=(3600, 3600, 7200, 7200), limits=limits)
    assert around_the_middle.shape == (500, 500, 3)
    assert quarters(around_the_middle, rim=1) == [RED, GREEN, BLUE, BLACK]
    # What is small is drawn at 144 dpi even of a page that is not.
    assert drawn(data, box=(0, 0, 500, 500), limits=limits).shape == (500, 500, 3)
    assert quarters(drawn(data, box=(6200, 6200, 2000, 2000), max_pixels=100), rim=1) == [RED, GREEN, BLUE, BLACK]


def test_a_box_of_a_turned_page_is_one_of_the_page_as_seen():
    data = document([FLAG], keys=BOX + b"/Rotate 90")
    assert (drawn(data, box=(0, 0, 36, 72)) == BLUE).all()


@pytest.mark.parametrize("box", [(0, 0, 145, 10), (100, 0, 45, 10), (0, 144, 1, 1)])
def test_a_box_beyond_the_page(box):
    with pytest.raises(MediaError, match=r"reaches beyond page 1 of 'a.pdf', which is 144x144 pixels at 144 dpi"):
        drawn(document([b""]), box=box)


# Which page -------------------------------------------------------------------------------------------------------


def test_the_only_page_needs_no_number():
    data = document([FLAG], keys=BOX)
    assert np.array_equal(drawn(data, page=None), drawn(data, page=1))


def test_of_several_pages_one_must_be_named():
    with pytest.raises(MediaError, match=r"'a.pdf' has 3 pages.*Image\('a.pdf', page=3\).*split_pages") as caught:
        drawn(document([b""] * 3), page=None)
    assert caught.value.n_pages == 3


@pytest.mark.parametrize(("n_pages", "said"), [(1, "has 1 page,"), (2, "has 2 pages,")])
def test_a_page_beyond_the_end(n_pages, said):
    with pytest.raises(MediaError, match=said) as caught:
        drawn(document([b""] * n_pages), page=3)
    assert (caught.value.page, caught.value.n_pages) == (3, n_pages)


# Text -------------------------------------------------------------------------------------------------------------


def test_text_comes_in_lines_of_plain_unicode():
    data = document(
        [words("Größe: 3 € (netto)", (5, 60), 8) + words("next", (5, 40), 8)], keys=b"/MediaBox[0 0 200 72]"
    )
    assert text_of(data) == "Größe: 3 € (netto)\nnext"
    assert text_of(document([FLAG])) == ""


def test_what_is_cut_off_the_page_is_not_read():
    data = document([words("in", (5, 5)) + words("out", (50, 60))], keys=b"/MediaBox[0 0 100 100]/CropBox[0 0 40 40]")
    assert text_of(data) == "in"


def test_text_of_a_turned_page():
    data = document([words("Turned", (5, 40))], keys=b"/MediaBox[0 0 100 50]/Rotate 90")
    assert text_of(data) == "Turned"


def test_words_cut_at_the_end_of_a_line_are_joined():
    lines = (("exam-", 60), ("ple of it", 48), ("next", 36))
    content = b"".join(words(text, (5, y), 10) for text, y in lines)
    assert text_of(document([content], keys=b"/MediaBox[0 0 200 72]")) == "example of it\nnext"


def test_no_half_characters_nor_what_stands_for_none():
    """A font says by ToUnicode what its codes mean, and can say anything."""
    meanings = {
        "A": "D800", "B": "0000", "C": "D83DDE00", "D": "FB01", "E": "0065", "F": "0301", "G": "FFFE", "H": "001B",
    }  # fmt: skip
    pairs = " ".join(f"<{ord(code):02x}> <{meaning}>" for code, meaning in meanings.items()).encode()
    cmap = (
        b"/CIDInit/ProcSet findresource begin 12 dict begin begincmap\n1 begincodespacerange <00> <FF> "
        b"endcodespacerange\n%d beginbfchar\n%b\nendbfchar\nendcmap end end" % (len(meanings), pairs)
    )
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>"
    keys = b"/MediaBox[0 0 200 72]/Resources<</Font<</F 7 0 R>>>>"
    found = text_of(document([words("xAyBzCwDrEFsGtHu", (5, 30), 7)], keys=keys, more=[stream(cmap), font]))
    assert found == "xyz\U0001f600wfir\u00e9stu"
