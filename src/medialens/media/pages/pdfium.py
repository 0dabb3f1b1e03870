"""PDFium: the thin place that opens its handles, and closes each of them.

Runs in a process of its own (`program.py`), one call at a time: PDFium is not thread-safe, cannot be interrupted, and
ends its process where memory runs out. Imports nothing heavy: the process has to start quickly.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Callable, Iterator
from typing import Any

from medialens.extras import require
from medialens.media.pages.messages import Refusal

Read = Callable[[int, int], bytes]
"""From where, how many -> these bytes of the file; fewer where it cannot be read."""

MAX_CHARACTERS = 200_000
"""Of the text of one page; what follows is cut off. A page set in the smallest print holds about a tenth."""


class RefusedError(Exception):
    """It cannot be done; `code` says why."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Library:
    """PDFium, loaded.

    Raises:
        MissingExtraError: pypdfium2 is not installed.
    """

    def __init__(self) -> None:
        self.pdfium: Any = require("pypdfium2", extra="pdf", to="Looking at PDF pages")
        self.raw: Any = self.pdfium.raw


class Document:
    """An open document. Pages count from 1, as people count them.

    Args:
        library: PDFium.
        n_bytes: How long the file is.
        read: Reads in it.

    Raises:
        RefusedError: Corrupt, truncated, encrypted with a password, or without pages; by PDFium's number.
    """

    def __init__(self, library: Library, n_bytes: int, read: Read) -> None:
        self._pdfium, self._raw = library.pdfium, library.raw
        self._access = _access(self._raw, n_bytes, read)  # which must live as long as the document
        self._document: Any = self._pdfium.PdfDocument(_load(self._raw, self._access))
        with contextlib.suppress(self._pdfium.PdfiumError):  # a broken form must not cost the pages
            self._document.init_forms()
        self.n_pages = len(self._document)

    def close(self) -> None:
        """Let go of everything."""
        self._document.close()

    def size_points(self, page: int) -> tuple[float, float]:
        """Width and height of the upright page as it is seen, of its crop box where it has one, in 1/72 inch."""
        size = self._raw.FS_SIZEF()
        if not self._raw.FPDF_GetPageSizeByIndexF(self._document, page - 1, size):
            raise RefusedError(Refusal.BAD_PAGE)
        return float(size.width), float(size.height)

    def text(self, page: int) -> str:
        """What its text layer says within the page as it is seen, as PDFium gives it, without unpaired surrogates."""
        with self._page(page) as opened, contextlib.closing(opened.get_textpage()) as layer:
            return str(layer.get_text_bounded())[:MAX_CHARACTERS]

    def draw(self, page: int, page_size: tuple[int, int], box: tuple[int, int, int, int]) -> memoryview:
        """A part of the page on white, with its annotations and filled-in forms: rows of RGB, 3 bytes a pixel.

        Args:
            page: Which.
            page_size: Width and height in pixels that the whole page would have.
            box: x, y, width and height of the part of that.
        """
        x, y, width, height = box
        raw = self._raw
        flags = raw.FPDF_ANNOT | raw.FPDF_REVERSE_BYTE_ORDER
        with self._page(page) as opened:
            bitmap = self._pdfium.PdfBitmap.new_native(width, height, raw.FPDFBitmap_BGR, rev_byteorder=True)
            with contextlib.closing(bitmap):
                bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, height)
                place = (bitmap, opened, -x, -y, *page_size, 0, flags)
                raw.FPDF_RenderPageBitmap(*place)
                if self._document.formenv:
                    raw.FPDF_FFLDraw(self._document.formenv, *place)
                return memoryview(bitmap.buffer).cast("B")

    @contextlib.contextmanager
    def _page(self, page: int) -> Iterator[Any]:
        try:
            with contextlib.closing(self._document[page - 1]) as opened:
                yield opened
        except self._pdfium.PdfiumError as error:
            raise RefusedError(Refusal.BAD_PAGE) from error


def _access(raw: Any, n_bytes: int, read: Read) -> Any:
    def get_block(_parameter: Any, position: int, buffer: Any, wanted: int) -> int:
        data = read(position, wanted)
        ctypes.memmove(buffer, data, len(data))
        return int(len(data) == wanted)

    access = raw.FPDF_FILEACCESS()
    access.m_FileLen = n_bytes
    access.m_GetBlock = type(access.m_GetBlock)(get_block)
    return access


def _load(raw: Any, access: Any) -> Any:
    """PDFium's handle of the document."""
    handle = raw.FPDF_LoadCustomDocument(access, None)
    if not handle:
        raise RefusedError(raw.FPDF_GetLastError())
    if raw.FPDF_GetPageCount(handle) < 1:
        raw.FPDF_CloseDocument(handle)
        raise RefusedError(Refusal.NO_PAGES)
    return handle
