"""The pages of a PDF: how many, how large, what they say, and what they look like.

    Encoded --open_pdf---> Pdf --page_size--> pixels at 144 dots per inch: what boxes are spelled in
                            |                    | raster_size: no more than the model and the limits call for
                            |--read_text--> str  `--load_page--> uint8 (h, w, 3)

A page is drawn whenever it is looked at, as people see it: turned upright, cut to its crop box, with annotations and
filled-in forms, on white. Its size is checked before anything is drawn. 144 dots per inch are twice what a point of
PDF is long; finer drawings only cost, since no model looks at as many pixels. `UserUnit`, by which a few plans and
maps enlarge their points, is not known to PDFium, and makes no difference.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import unicodedata

import numpy as np
import numpy.typing as npt

from medialens.errors import MediaDecodeError, MediaError
from medialens.media.limits import MediaLimits
from medialens.media.pages.document import Pdf, open_pdf
from medialens.media.pictures.image import check_size
from medialens.media.source import Encoded

PDF = "application/pdf"

DPI = 144
"""Dots per inch of a page, unless fewer do."""

_POINTS_PER_INCH = 72

_OVERSAMPLING = 4
"""How many pixels are drawn for each that the model looks at: what it takes to scale down without loss."""

_LEAST_SIDE = 640
"""Pixels of the shorter side below which nothing is drawn for the sake of a small model: PDFium thins lines and letters
out where scaling down from more pixels keeps their grey. Vectors of the model "demo" (96x96 pixels) have a cosine of at
least 0.9995 with those of pages at 144 dpi, at 320 pixels 0.997, at 192 pixels 0.991; drawing and preparing a slide at
640 takes about a third of the time."""

_LIGATURES = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)}  # ff, fi, fl, ...
# What PDFium writes for a hyphen at the end of a line, where the word goes on in the next.
_HYPHENS = ("\x02\n", "\ufffe\n", "\x02", "\ufffe")

Box = tuple[int, int, int, int]
_DEFAULT_LIMITS = MediaLimits()


@dataclasses.dataclass(frozen=True, kw_only=True)
class PageSize:
    """Pixels of an upright page at `DPI`."""

    width: int
    height: int


def is_pdf(content: Encoded) -> bool:
    """Whether it is a PDF, told from its bytes."""
    return content.mime_type == PDF


def load_page(
    content: Encoded,
    *,
    page: int | None = None,
    box: Box | None = None,
    max_pixels: int | None = None,
    limits: MediaLimits = _DEFAULT_LIMITS,
) -> npt.NDArray[np.uint8]:
    """A page, or a part of it, as people see it: uint8 (height, width, 3), RGB.

    Args:
        content: The PDF.
        page: Counted from 1; None is the page of a document that has only one.
        box: x, y, width and height of the part, in pixels of the page at 144 dots per inch.
        max_pixels: How many the model looks at; None draws at 144 dots per inch.
        limits: A part with more than `max_page_pixels` at 144 dots per inch is drawn with as many.

    Raises:
        MediaError: There is no such page or part, or it does not say which.
        MediaDecodeError: Corrupt, truncated, encrypted with a password, without pages; see `open_pdf`.
        MediaLimitError: The part is too long and narrow, or takes too much time or memory.
        MissingExtraError: pypdfium2 is not installed.
    """
    with open_pdf(content, limits) as pdf:
        page = _chosen(page, pdf.n_pages, content.name)
        name = f"page {page} of {content.name!r}"
        whole = page_size(pdf.size_points(page), name)
        x, y, width, height = box or (0, 0, whole.width, whole.height)
        if x + width > whole.width or y + height > whole.height:
            msg = f"the box {box} reaches beyond {name}, which is {whole.width}x{whole.height} pixels at {DPI} dpi"
            raise MediaError(msg, source=content.name, page=page)
        size = raster_size(width, height, name, max_pixels=max_pixels, limits=limits)
        scale_x, scale_y = size[0] / width, size[1] / height
        page_pixels = round(whole.width * scale_x), round(whole.height * scale_y)
        return pdf.render(page, page_size=page_pixels, box=(round(x * scale_x), round(y * scale_y), *size))


def page_size(size_points: tuple[float, float], name: str) -> PageSize:
    """Width and height of a page in pixels at `DPI`.

    Raises:
        MediaDecodeError: The page has no area.
    """
    if not all(math.isfinite(points) and points > 0 for points in size_points):
        msg = f"{name} has no area: it is {size_points[0]:g}x{size_points[1]:g} points"
        raise MediaDecodeError(msg, source=name)
    width, height = (max(1, round(points * DPI / _POINTS_PER_INCH)) for points in size_points)
    return PageSize(width=width, height=height)


def drawn_digest(digest: str, limits: MediaLimits) -> str:
    """The digest of a page under these limits: with other ones than usual it may look different."""
    most, usual = (min(one.max_page_pixels, one.max_pixels) for one in (limits, _DEFAULT_LIMITS))
    return digest if most == usual else hashlib.sha256(f"{digest} {most}".encode()).hexdigest()


def raster_size(width: int, height: int, name: str, *, max_pixels: int | None, limits: MediaLimits) -> tuple[int, int]:
    """How many pixels are drawn of what has `width` x `height` at `DPI`: never more, and fewer where they do.

    Raises:
        MediaLimitError: Too long and narrow.
    """
    most = min(limits.max_page_pixels, limits.max_pixels) / (width * height)
    enough = 1.0
    if max_pixels is not None:
        enough = max(_OVERSAMPLING * max_pixels / (width * height), (_LEAST_SIDE / min(width, height)) ** 2)
    scale = math.sqrt(min(1.0, most, enough))
    # Rounded down, so that the product keeps to the limit.
    size = (width, height) if scale == 1 else (max(1, int(width * scale)), max(1, int(height * scale)))
    check_size(*size, name, limits)
    return size


def read_text(pdf: Pdf, page: int) -> str:
    r"""What is written on a page, as plain Unicode: composed letters, ``\n`` between lines, words unhyphenated.

    Raises:
        MediaDecodeError: The page is corrupt.
    """
    text = pdf.text(page).replace("\r\n", "\n").replace("\r", "\n")
    for hyphen in _HYPHENS:
        text = text.replace(hyphen, "")
    text = unicodedata.normalize("NFC", text.translate(_LIGATURES))
    lines = ("".join(filter(_is_written, line)).rstrip() for line in text.split("\n"))
    return "\n".join(lines).strip()


def _is_written(character: str) -> bool:
    """Neither a control character nor half of one, nor one of the codes that never stand for any."""
    code = ord(character)
    is_none = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF  # noqa: PLR2004  # Unicode, 23.7: noncharacters
    return character == "\t" or not (is_none or unicodedata.category(character) in {"Cc", "Cs"})


def _chosen(page: int | None, n_pages: int, name: str) -> int:
    if page is None and n_pages > 1:
        msg = (
            f"{name!r} has {n_pages} pages; say which is meant: Image({name!r}, page=3), "
            "or take all of them with medialens.media.segment.pages.split_pages"
        )
        raise MediaError(msg, source=name, n_pages=n_pages)
    if page is not None and page > n_pages:
        msg = f"{name!r} has {n_pages} page{'s' if n_pages > 1 else ''}, and page {page} is beyond its end"
        raise MediaError(msg, source=name, page=page, n_pages=n_pages)
    return page or 1
