"""A PDF, page by page. The store holds the one file: a page is drawn from it whenever it is looked at."""

from __future__ import annotations

import dataclasses
import numbers
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

from medialens.errors import InputError, MediaDecodeError, MediaError, MediaLimitError
from medialens.inputs import Image
from medialens.media.decoded import DecodedImage
from medialens.media.limits import MediaLimits
from medialens.media.pages.document import Pdf, is_costly, open_pdf
from medialens.media.pages.pdf import is_pdf, load_page, page_size, read_text
from medialens.media.segment.segment import Segment
from medialens.media.segment.whole import Whole, keep_whole
from medialens.media.source import Encoded, read_part
from medialens.media.store import MediaStore, open_store
from medialens.media.writing.render import thumbnail

Pages: TypeAlias = str | int | Iterable[int] | None
"""Which pages, counted from 1: ``"1-3,7"``, a number, several, a `range`, or None for all."""

_RANGE = re.compile(r"\s*(\d{1,9})\s*(?:(-)\s*(\d{1,9})?\s*)?", re.ASCII)
_AT_ONCE = 50
"""Pages read before the document is opened anew: PDFium keeps what it met, pictures included, until it is closed."""
_MOST_COSTLY_PAGES = 3
"""Of one document: each may take all of the time that the limits give it."""
_THUMBNAIL_SIDE = 320
_THUMBNAIL_PIXELS = _THUMBNAIL_SIDE**2
_DEFAULT_LIMITS = MediaLimits()


def split_pages(  # noqa: PLR0913  # each is a plain choice of the caller's
    path: Whole,
    *,
    store: MediaStore | str | Path | None = None,
    pages: Pages = None,
    copy: bool = False,
    thumbnails: bool = False,
    limits: MediaLimits = _DEFAULT_LIMITS,
) -> list[Segment]:
    """The pages of a PDF, each a reference ``#page=N`` to it, with its text layer and its size at 144 dots per inch.

    A page that is corrupt or too expensive is there as well, with no text, size or thumbnail: the error comes when it
    is looked at, and costs the other pages nothing.

    Args:
        path: A PDF file, or a URL that `limits` allow; a reference to what the store has; or the bytes of a file, a
            data URI or an open file, which are put into the store.
        store: Where it is registered; None is the default store.
        pages: ``"1-3,7"`` (``"5-"`` goes to the end), a number, several or a range, counted from 1, in the order
            wanted; None is all of them.
        copy: Keep the bytes in the store. Otherwise the store points to the file.
        thumbnails: Draw every page now, and put a picture of at most 320 pixels a side into the store.
        limits: What may be read, and with `max_pages` how many pages at once.

    Raises:
        MediaDecodeError: No PDF, corrupt, truncated, encrypted with a password, or without pages.
        MediaLimitError: More pages than `limits.max_pages`, or more than three need more than `limits.max_pdf_seconds`
            or `limits.max_pdf_memory_bytes`.
        InputError: `pages` is spelled wrongly, or reaches beyond the end.
        MissingExtraError: pypdfium2 is not installed.
    """
    media = open_store(store)
    reference = keep_whole(path, media, copy=copy, limits=limits)
    source = media.source(reference)
    content = read_part(Image(reference, store=media), limits)
    if not is_pdf(content):
        msg = f"{content.name!r} is no PDF: it holds {content.what}"
        raise MediaDecodeError(msg, source=content.name, mime_type=content.mime_type)
    with open_pdf(content, limits) as pdf:
        chosen = choose_pages(pages, pdf.n_pages, content.name, limits)
    whole = Segment(reference=reference, store=media, source=source)
    splitting = _Splitting(content, whole, limits)
    segments = splitting.read(chosen)
    return [splitting.with_thumbnail(segment) for segment in segments] if thumbnails else segments


def choose_pages(pages: Pages, n_pages: int, name: str, limits: MediaLimits) -> tuple[int, ...]:
    """The numbers of the pages that are meant, each once.

    Raises:
        InputError: Spelled wrongly, or beyond the end.
        MediaLimitError: More than `limits.max_pages`.
    """
    if pages is None:
        chosen: Iterable[Any] = range(1, n_pages + 1)
    else:
        chosen = (
            _spelled(pages, n_pages) if isinstance(pages, str) else pages if isinstance(pages, Iterable) else [pages]
        )
    chosen_once: dict[int, None] = {}
    for page in chosen:
        if not _is_whole(page) or not 1 <= page <= n_pages:
            msg = f"pages={pages!r:.80}: {page!r:.40} is no page of {name!r}, whose pages are 1 to {n_pages}"
            raise InputError(msg, value=pages, page=page, n_pages=n_pages)
        chosen_once[int(page)] = None
        if len(chosen_once) > limits.max_pages:
            raise _too_many(n_pages, name, limits)
    return tuple(chosen_once)


def _is_whole(page: Any) -> bool:
    return not isinstance(page, bool) and isinstance(page, numbers.Integral)


def _too_many(n_pages: int, name: str, limits: MediaLimits) -> MediaLimitError:
    maximum = limits.max_pages
    msg = (
        f"{name!r} has {n_pages} pages, and more than {maximum} at once are above the limit (max_pages); take fewer, "
        f'as with pages="1-{maximum}", or pass limits=MediaLimits(max_pages={n_pages})'
    )
    return MediaLimitError(msg, limit="max_pages", value=n_pages, maximum=maximum, source=name)


def _spelled(pages: str, n_pages: int) -> Iterable[int]:
    for piece in pages.split(","):
        match = _RANGE.fullmatch(piece)
        first = int(match[1]) if match else 0
        last = first
        if match and match[2]:
            last = int(match[3]) if match[3] else max(first, n_pages)
        if match is None or last < first:
            msg = f"pages={pages!r:.80} is not spelled like '1-3,7' or '5-': {piece!r:.40} is no page and no range"
            raise InputError(msg, value=pages)
        yield from range(first, last + 1)


class _Splitting:
    """One document, page by page. What is wrong with a page is kept to it, as long as it does not cost too much."""

    def __init__(self, content: Encoded, whole: Segment, limits: MediaLimits) -> None:
        self._content, self._whole, self._limits = content, whole, limits
        self._n_costly = 0

    def read(self, pages: tuple[int, ...]) -> list[Segment]:
        """Text and size of each."""
        segments = []
        for start in range(0, len(pages), _AT_ONCE):
            with open_pdf(self._content, self._limits) as pdf:
                segments += [self._segment(pdf, page) for page in pages[start : start + _AT_ONCE]]
        return segments

    def with_thumbnail(self, segment: Segment) -> Segment:
        """Drawn now, and put into the store."""
        if segment.width < 1:
            return segment
        page = segment.reference.page
        try:
            pixels = load_page(self._content, page=page, max_pixels=_THUMBNAIL_PIXELS, limits=self._limits)
        except (MediaDecodeError, MediaLimitError) as error:
            self._put_up_with(error)
            return segment
        picture = DecodedImage(pixels=pixels, digest=self._content.digest)
        return dataclasses.replace(segment, thumbnail=segment.store.put(thumbnail(picture, _THUMBNAIL_SIDE)))

    def _segment(self, pdf: Pdf, page: int) -> Segment:
        reference = dataclasses.replace(self._whole.reference, page=page)
        segment = dataclasses.replace(self._whole, reference=reference)
        try:
            size = page_size(pdf.size_points(page), f"page {page}")
            text = read_text(pdf, page)
        except (MediaDecodeError, MediaLimitError) as error:
            self._put_up_with(error)  # it comes back when the page is looked at, and then belongs to it alone
            return segment
        return dataclasses.replace(segment, text=text, width=size.width, height=size.height)

    def _put_up_with(self, error: MediaError) -> None:
        self._n_costly += is_costly(error)
        if self._n_costly > _MOST_COSTLY_PAGES:
            raise error
