"""PDFium's handles: every one is closed, whatever happens."""

import numpy as np
import pytest
from tests.media.documents import corners, document, encrypted, pdf, words

from medialens.media.pages.messages import Refusal

pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed: pip install 'medialens[pdf]'")

from pypdfium2.internal.bases import ObjectTracker

from medialens.media.pages.pdfium import Document, Library, RefusedError

GOOD = document([corners(72, 72), words("second")])
BROKEN = GOOD.replace(b"6 0 obj", b"9 0 obj")  # the second page is not where it should be


def opened(data):
    return Document(Library(), len(data), lambda position, n_bytes: data[position : position + n_bytes])


def n_handles():
    return {kind: len(objects) for kind, objects in ObjectTracker.items() if objects}


def test_text_sizes_and_pixels_and_nothing_stays_open():
    before = n_handles()
    document = opened(GOOD)
    assert (document.n_pages, document.size_points(1), document.text(2).strip()) == (2, (72, 72), "second")
    pixels = np.frombuffer(document.draw(1, (9, 8), (1, 0, 7, 8)), np.uint8)
    assert len(pixels) == 7 * 8 * 3  # no padding at the end of a row
    assert list(pixels[:3]) == [255, 0, 0]
    document.close()
    assert n_handles() == before


def test_errors_leave_nothing_open():
    before = n_handles()
    document = opened(BROKEN)
    for page in (2, 3):
        for look in (document.size_points, document.text, lambda page: document.draw(page, (9, 9), (0, 0, 9, 9))):
            with pytest.raises(RefusedError) as caught:
                look(page)
            assert caught.value.code == Refusal.BAD_PAGE
    document.close()
    assert n_handles() == before


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (GOOD[:200], 3),
        (encrypted(words("x"), password=b"secret"), 4),
        (document([]), Refusal.NO_PAGES),
        (pdf([b"<</Type/Nothing>>"]), Refusal.NO_PAGES),
    ],
)
def test_what_cannot_be_opened_leaves_nothing_open(data, code):
    before = n_handles()
    with pytest.raises(RefusedError) as caught:
        opened(data)
    assert caught.value.code == code
    assert n_handles() == before


def test_a_file_that_cannot_be_read_is_one_that_is_corrupt():
    with pytest.raises(RefusedError):
        Document(Library(), len(GOOD), lambda _position, _n_bytes: b"")
