"""PDFium, one call at a time: the thin place that opens its handles, and closes each of them.

PDFium is not thread-safe, not even for different documents: every call happens under one lock of the process, and
behind the gate that forks wait for, so that a child never finds the library in the middle of something. Code outside
this package that uses pypdfium2 on other threads is not covered by the lock.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from medialens.errors import MediaDecodeError, MedialensError
from medialens.extras import require
from medialens.media.source import Encoded
from medialens.media.threads.fork_gate import gate

_lock = threading.RLock()


def _renew_lock() -> None:
    global _lock  # noqa: PLW0603  # a fork that lost patience at the gate left it with a thread that is no more
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


@contextlib.contextmanager
def _turn() -> Iterator[None]:
    with gate, _lock:
        yield


# FPDF_GetLastError (fpdfview.h) -> what is wrong, and what to do.
_ERRORS: dict[int, str] = {
    2: "its bytes cannot be read",
    3: "it is corrupt, truncated or no PDF; repair it by opening it in a viewer and saving it anew",
    4: "it is encrypted, and opens with a password only; save a copy without the password, and use that",
    5: "it is encrypted in a way that PDFium does not know; save a copy without the protection, and use that",
}

_MAX_CHARACTERS = 200_000
"""Of the text of one page; what follows is cut off. A page set in the smallest print holds about a tenth."""


class Pdf:
    """An open document. Pages count from 1, as people count them; any thread may call any method."""

    def __init__(self, document: Any, raw: ModuleType, pdfium: ModuleType, name: str) -> None:
        self._document, self._raw, self._pdfium, self._name = document, raw, pdfium, name
        with _turn():
            self.n_pages: int = len(document)

    def size_points(self, page: int) -> tuple[float, float]:
        """Width and height of the upright page as it is seen, of its crop box where it has one, in 1/72 inch.

        Raises:
            MediaDecodeError: The page is corrupt.
        """
        size = self._raw.FS_SIZEF()
        with _turn():
            found = self._raw.FPDF_GetPageSizeByIndexF(self._document, page - 1, size)
        if not found:
            raise self._corrupt(page)
        return float(size.width), float(size.height)

    def text(self, page: int) -> str:
        """What its text layer says within the page as it is seen, as PDFium gives it; unpaired surrogates are left out.

        Raises:
            MediaDecodeError: The page is corrupt.
        """
        with self._page(page) as opened, contextlib.closing(opened.get_textpage()) as layer:
            return str(layer.get_text_bounded())[:_MAX_CHARACTERS]

    def render(self, page: int, *, page_size: tuple[int, int], box: tuple[int, int, int, int]) -> npt.NDArray[np.uint8]:
        """A part of the page on white, with its annotations and filled-in forms: uint8 (height, width, 3), RGB.

        Args:
            page: Which.
            page_size: Width and height in pixels that the whole page would have.
            box: x, y, width and height of the part of that.

        Raises:
            MediaDecodeError: The page is corrupt.
        """
        x, y, width, height = box
        flags = self._raw.FPDF_ANNOT | self._raw.FPDF_REVERSE_BYTE_ORDER
        with self._page(page) as opened:
            bitmap = self._pdfium.PdfBitmap.new_native(width, height, self._raw.FPDFBitmap_BGR, rev_byteorder=True)
            with contextlib.closing(bitmap):
                bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, height)
                place = (bitmap, opened, -x, -y, *page_size, 0, flags)
                self._raw.FPDF_RenderPageBitmap(*place)
                if self._document.formenv:
                    self._raw.FPDF_FFLDraw(self._document.formenv, *place)
                rows = np.frombuffer(bitmap.buffer, dtype=np.uint8).reshape(height, bitmap.stride)
                return np.ascontiguousarray(rows[:, : width * 3]).reshape(height, width, 3)

    @contextlib.contextmanager
    def _page(self, page: int) -> Iterator[Any]:
        with _turn():
            try:
                opened = self._document[page - 1]
            except self._pdfium.PdfiumError as error:
                raise self._corrupt(page) from error
            with contextlib.closing(opened):
                try:
                    yield opened
                except self._pdfium.PdfiumError as error:
                    raise self._corrupt(page) from error

    def _corrupt(self, page: int) -> MediaDecodeError:
        msg = f"page {page} of {self._name!r} cannot be read; repair the file by saving it anew from a PDF viewer"
        return MediaDecodeError(msg, source=self._name, page=page)


@contextlib.contextmanager
def open_pdf(content: Encoded) -> Iterator[Pdf]:
    """The document, from memory or from its file, closed afterwards whatever happens.

    Raises:
        MediaDecodeError: Corrupt, truncated, encrypted with a password, or without pages.
        MissingExtraError: pypdfium2 is not installed.
    """
    pdfium = require("pypdfium2", extra="pdf", to="Looking at PDF pages")
    raw = require("pypdfium2.raw", extra="pdf", to="Looking at PDF pages")
    with content.open() as file, contextlib.ExitStack() as stack:
        reader = stack.enter_context(_Reader.of(file, content.name))
        with _turn():
            document = pdfium.PdfDocument(_load(reader, raw, content.name))
            stack.callback(_close, document)
            with contextlib.suppress(pdfium.PdfiumError):  # a broken form must not cost the pages
                document.init_forms()
        yield Pdf(document, raw, pdfium, content.name)


class _Reader:
    """What PDFium reads a file by. An error of the file is kept for later, since it cannot pass through C."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._kept: Any = None  # what must live as long as the document
        self._error: Exception | None = None

    @classmethod
    @contextlib.contextmanager
    def of(cls, file: BinaryIO, name: str) -> Iterator[_Reader]:
        """Raises what went wrong while the file was read, in the place of what PDFium made of it."""
        reader = cls(file)
        try:
            yield reader
        finally:
            error = reader._error
            if error is not None:
                msg = f"{name!r} cannot be read any more: {type(error).__name__}: {error}"
                raise error if isinstance(error, MedialensError) else MediaDecodeError(msg, source=name) from error

    def load(self, raw: ModuleType) -> Any:
        """PDFium's handle of the document, null if it cannot be opened."""
        if isinstance(self._file, io.BytesIO):
            self._kept = self._file.getvalue()  # the same bytes, not a copy
            return raw.FPDF_LoadMemDocument64(self._kept, len(self._kept), None)
        self._kept = access = raw.FPDF_FILEACCESS()
        access.m_FileLen = self._file.seek(0, os.SEEK_END)
        access.m_GetBlock = type(access.m_GetBlock)(self._read)
        return raw.FPDF_LoadCustomDocument(access, None)

    def _read(self, _parameter: Any, position: int, buffer: Any, n_bytes: int) -> int:
        try:
            self._file.seek(position)
            data = self._file.read(n_bytes)
            ctypes.memmove(buffer, data, len(data))
        except Exception as error:  # noqa: BLE001  # raised by `of`, outside of PDFium
            self._error = error
            return 0
        return int(len(data) == n_bytes)


def _load(reader: _Reader, raw: ModuleType, name: str) -> Any:
    handle = reader.load(raw)
    if not handle:
        code = raw.FPDF_GetLastError()
        reason = _ERRORS.get(code, f"PDFium gives up on it with error {code}")
        raise MediaDecodeError(f"the PDF {name!r} cannot be opened: {reason}", source=name)
    if raw.FPDF_GetPageCount(handle) < 1:
        raw.FPDF_CloseDocument(handle)
        raise MediaDecodeError(f"the PDF {name!r} has no pages", source=name)
    return handle


def _close(document: Any) -> None:
    with _turn():
        document.close()
