"""An open PDF, as the rest of medialens sees it: asked here, answered by PDFium in a process of its own.

    open_pdf --> Pdf --pool.py, processes.py--> program.py --> pdfium.py
                     <--sizes, text, pixels---------

A page that is too expensive ends that process, and costs nothing but its own error: the document is opened anew, in
another process, for whatever is asked next.
"""

from __future__ import annotations

import contextlib
import math
import os
import threading
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from medialens.errors import MediaDecodeError, MediaError, MedialensError, MediaLimitError
from medialens.media.limits import MediaLimits
from medialens.media.pages import messages, pool
from medialens.media.pages.messages import Kind, Refusal
from medialens.media.pages.processes import EndedError, Process, Question, RefusedError
from medialens.media.source import Encoded

# FPDF_GetLastError (fpdfview.h) -> what is wrong, and what to do.
_ERRORS: dict[int, str] = {
    2: "its bytes cannot be read",
    3: "it is corrupt, truncated or no PDF; repair it by opening it in a viewer and saving it anew",
    4: "it is encrypted, and opens with a password only; save a copy without the password, and use that",
    5: "it is encrypted in a way that PDFium does not know; save a copy without the protection, and use that",
}

_MOST_TEXT_BYTES = 2 * 1024**2
"""Of the text of a page, which is cut off far below that."""

_MOST_OF_ANYTHING = 2**62

_DEFAULT_LIMITS = MediaLimits()


def _or_any(amount: float) -> float:
    """As messages say it: 0 is any. What is there must fit their numbers."""
    return 0 if math.isinf(amount) else min(amount, _MOST_OF_ANYTHING)


class Pdf:
    """An open document. Pages count from 1, as people count them; any thread may call any method."""

    def __init__(self, file: BinaryIO, name: str, limits: MediaLimits) -> None:
        self._file, self._name, self._limits = file, name, limits
        self._n_bytes = file.seek(0, os.SEEK_END)
        self._error: Exception | None = None  # of the file: raised here, and not sent through PDFium
        self._process: Process | None = None
        self._lock = threading.Lock()
        with self._lock:
            self.n_pages = self._open()

    def size_points(self, page: int) -> tuple[float, float]:
        """Width and height of the upright page as it is seen, of its crop box where it has one, in 1/72 inch.

        Raises:
            MediaDecodeError: The page is corrupt.
            MediaLimitError: It needs more time or memory than the limits allow.
        """
        found = bytearray(messages.SIZE.size)
        self._ask(Question(kind=Kind.SIZE, payload=messages.PAGE.pack(page), into=memoryview(found)), page)
        width, height = messages.SIZE.unpack(found)
        return width, height

    def text(self, page: int) -> str:
        """What its text layer says within the page as it is seen, as PDFium gives it; unpaired surrogates are left out.

        Raises:
            MediaDecodeError: The page is corrupt.
            MediaLimitError: It needs more time or memory than the limits allow.
        """
        question = Question(kind=Kind.TEXT, payload=messages.PAGE.pack(page), most=_MOST_TEXT_BYTES)
        return self._ask(question, page).decode(errors="ignore")

    def render(self, page: int, *, page_size: tuple[int, int], box: tuple[int, int, int, int]) -> npt.NDArray[np.uint8]:
        """A part of the page on white, with its annotations and filled-in forms: uint8 (height, width, 3), RGB.

        Args:
            page: Which.
            page_size: Width and height in pixels that the whole page would have.
            box: x, y, width and height of the part of that.

        Raises:
            MediaDecodeError: The page is corrupt.
            MediaLimitError: It needs more time or memory than the limits allow.
        """
        _, _, width, height = box
        pixels = np.empty((height, width, 3), dtype=np.uint8)
        payload = messages.DRAW.pack(page, *page_size, *box)
        self._ask(Question(kind=Kind.DRAW, payload=payload, into=pixels.data.cast("B")), page)
        return pixels

    def close(self) -> None:
        """Let go of the process; the next document has it."""
        with self._lock:
            process, self._process = self._process, None
            if process is None:
                return
            try:
                if process.is_usable:
                    can_go_on = bytearray(1)
                    question = Question(kind=Kind.CLOSE, into=memoryview(can_go_on))
                    process.ask(question, read=self._read, seconds=self._seconds)
                    if not can_go_on[0]:
                        process.end()
            except (EndedError, RefusedError):
                process.end()  # all that was asked for is here
            finally:
                pool.give_back(process)

    def _ask(self, question: Question, page: int) -> bytes:
        with self._lock:
            if self._process is None:
                self._open()
            return self._answer(question, page)

    def _open(self) -> int:
        memory = self._limits.max_pdf_memory_bytes
        payload = messages.OPEN.pack(self._n_bytes, _or_any(self._seconds), int(_or_any(memory)))
        if not self._seconds or not memory:
            raise self._too_expensive("max_pdf_memory_bytes" if self._seconds else "max_pdf_seconds", None)
        self._process = pool.take()
        found = bytearray(messages.N_PAGES.size)
        self._answer(Question(kind=Kind.OPEN, payload=payload, into=memoryview(found)), None)
        n_pages: int = messages.N_PAGES.unpack(found)[0]
        return n_pages

    def _answer(self, question: Question, page: int | None) -> bytes:
        process = self._process
        assert process is not None  # noqa: S101  # opened by the caller
        try:
            answer = process.ask(question, read=self._read, seconds=self._seconds)
        except RefusedError as refused:
            if question.kind == Kind.OPEN:
                self._let_go()
            raise self._file_error() or self._refused(refused.code, page) from None
        except EndedError as ended:
            self._let_go()
            raise self._file_error() or self._ended(ended, page) from None
        except BaseException:
            self._let_go()  # in the middle of something: it is ended
            raise
        error = self._file_error()
        if error is not None:
            raise error
        return answer

    def _let_go(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            pool.give_back(process)

    def _file_error(self) -> Exception | None:
        """What went wrong with the file meanwhile. PDFium may remember a part of it as missing: it is opened anew."""
        error, self._error = self._error, None
        if error is None:
            return None
        if self._process is not None:
            self._process.end()
            self._let_go()
        if isinstance(error, MedialensError):
            return error
        msg = f"{self._name!r} cannot be read any more: {type(error).__name__}: {error}"
        wrapped = MediaDecodeError(msg, source=self._name)
        wrapped.__cause__ = error
        return wrapped

    @property
    def _seconds(self) -> float:
        return float(self._limits.max_pdf_seconds)

    def _read(self, position: int, n_bytes: int) -> bytes:
        n_bytes = min(n_bytes, messages.MOST_READ_BYTES, self._n_bytes - position)
        if n_bytes <= 0:
            return b""
        try:
            self._file.seek(position)
            return self._file.read(n_bytes)
        except Exception as error:  # noqa: BLE001  # raised when PDFium has given up
            self._error = error
            return b""

    def _refused(self, code: int, page: int | None) -> MediaError:
        if code == Refusal.NO_MEMORY:
            return self._too_expensive("max_pdf_memory_bytes", page)
        if code == Refusal.BAD_PAGE:
            msg = f"page {page} of {self._name!r} cannot be read; repair the file by saving it anew from a PDF viewer"
            return MediaDecodeError(msg, source=self._name, page=page)
        if code == Refusal.NO_PAGES:
            return MediaDecodeError(f"the PDF {self._name!r} has no pages", source=self._name)
        reason = _ERRORS.get(code, f"PDFium gives up on it with error {code}")
        return MediaDecodeError(f"the PDF {self._name!r} cannot be opened: {reason}", source=self._name)

    def _ended(self, ended: EndedError, page: int | None) -> MediaError:
        if ended.is_late:
            return self._too_expensive("max_pdf_seconds", page)
        if ended.is_out_of_memory and not math.isinf(self._limits.max_pdf_memory_bytes):
            return self._too_expensive("max_pdf_memory_bytes", page)
        msg = (
            f"PDFium ended ({ended.how}) while it looked at {self._what(page)}, which is broken or made to do that, or "
            "the system is out of memory; save the file anew from a PDF viewer, or leave it out"
        )
        return MediaDecodeError(msg, source=self._name, page=page, is_costly=True)

    def _too_expensive(self, limit: str, page: int | None) -> MediaLimitError:
        maximum = getattr(self._limits, limit)
        needs = f"{maximum:g} s of processor time" if limit == "max_pdf_seconds" else f"{maximum:.0f} bytes of memory"
        msg = (
            f"{self._what(page)} needs more than {needs}, the limit ({limit}): it is unusually large, or made to be "
            f"expensive; leave it out, or raise the limit with limits=MediaLimits({limit}=...)"
        )
        facts: dict[str, Any] = {"source": self._name, "page": page, "is_costly": True}
        return MediaLimitError(msg, limit=limit, value=maximum, maximum=maximum, **facts)

    def _what(self, page: int | None) -> str:
        return f"the PDF {self._name!r}" if page is None else f"page {page} of {self._name!r}"


def is_costly(error: MediaError) -> bool:
    """Whether it took a process, and maybe much time: many of them in one document are too many."""
    return bool(error.facts.get("is_costly"))


@contextlib.contextmanager
def open_pdf(content: Encoded, limits: MediaLimits = _DEFAULT_LIMITS) -> Iterator[Pdf]:
    """The document, from memory or from its file, closed afterwards whatever happens. Do not open one inside another.

    Args:
        content: The PDF.
        limits: What its pages may cost: `max_pdf_seconds`, `max_pdf_memory_bytes`.

    Raises:
        MediaDecodeError: Corrupt, truncated, encrypted with a password, or without pages.
        MediaLimitError: Opening it takes too much time or memory.
        MediaError: No process can be started.
        MissingExtraError: pypdfium2 is not installed.
    """
    with content.open() as file, contextlib.closing(Pdf(file, content.name, limits)) as pdf:
        yield pdf
