"""What it costs to draw pages of PDFs in a process of its own, against PDFium in this process.

python benchmarks/pdf_pages.py            -> milliseconds a page, alone and by four threads; the pixels are compared
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
from tests.media.documents import corners, document, words

from medialens.media.limits import MediaLimits
from medialens.media.pages import pool
from medialens.media.pages.document import open_pdf
from medialens.media.pages.pdf import page_size, raster_size, read_text
from medialens.media.pages.pdfium import Document, Library
from medialens.media.source import encoded

N_PAGES = 100
LIBRARY = Library()


def report() -> bytes:
    """A hundred pages of A4 with fifty lines of text each."""
    lines = [b"".join(words(f"Line {k} of page {n}", (30, 800 - 14 * k)) for k in range(50)) for n in range(N_PAGES)]
    return document([corners(595, 842) + each for each in lines], keys=b"/MediaBox[0 0 595 842]")


def median_ms(work: Callable[[int], object]) -> float:
    times = []
    for page in range(1, N_PAGES + 1):
        start = time.perf_counter()
        work(page)
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def size(points: tuple[float, float], max_pixels: int | None) -> tuple[int, int]:
    whole = page_size(points, "a page")
    return raster_size(whole.width, whole.height, "a page", max_pixels=max_pixels, limits=MediaLimits())


def draw_elsewhere(data: bytes, page: int, max_pixels: int | None) -> npt.NDArray[np.uint8]:
    with open_pdf(encoded(data, name="report.pdf")) as pdf:
        width, height = size(pdf.size_points(page), max_pixels)
        return pdf.render(page, page_size=(width, height), box=(0, 0, width, height))


def draw_here(data: bytes, page: int, max_pixels: int | None) -> npt.NDArray[np.uint8]:
    pdf = Document(LIBRARY, len(data), lambda position, n_bytes: data[position : position + n_bytes])
    width, height = size(pdf.size_points(page), max_pixels)
    drawn = np.array(pdf.draw(page, (width, height), (0, 0, width, height)), dtype=np.uint8)
    pdf.close()
    return drawn.reshape(height, width, 3)


def compare(data: bytes, max_pixels: int | None) -> None:
    pages = range(1, N_PAGES + 1)
    same = all(
        np.array_equal(draw_here(data, page, max_pixels), draw_elsewhere(data, page, max_pixels)) for page in pages[:9]
    )
    here = median_ms(lambda page: draw_here(data, page, max_pixels))
    elsewhere = median_ms(lambda page: draw_elsewhere(data, page, max_pixels))
    start = time.perf_counter()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda page: draw_elsewhere(data, page, max_pixels), pages))
    together = (time.perf_counter() - start) * 1000 / N_PAGES
    told = f"in this process {here:.1f} ms, in its own {elsewhere:.1f} ms, by four threads {together:.1f} ms"
    print(f"drawn for {max_pixels or 'all'} pixels: {told}; {'the same' if same else 'OTHER'} pixels")


def main() -> None:
    data = report()
    start = time.perf_counter()
    draw_elsewhere(data, 1, None)
    print(f"first page, with the start of the process: {(time.perf_counter() - start) * 1000:.0f} ms")
    for max_pixels in (96 * 96, None):
        compare(data, max_pixels)
    with open_pdf(encoded(data, name="report.pdf")) as pdf:
        print(f"text of a page: {median_ms(lambda page: read_text(pdf, page)):.2f} ms")
    pool.end_all()


if __name__ == "__main__":
    main()
