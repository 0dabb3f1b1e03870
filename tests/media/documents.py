"""PDFs for the tests, byte by byte from ISO 32000-1: what no writer would write, and what is known to the pixel."""

from __future__ import annotations

from collections.abc import Sequence

HELVETICA = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"


def pdf(objects: Sequence[bytes], *, root: int = 1, trailer: bytes = b"") -> bytes:
    """A file of these objects, numbered from 1."""
    out, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start, size = len(out), len(objects) + 1
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%b" % (size, table)
        + b"trailer\n<</Size %d/Root %d 0 R%b>>\nstartxref\n%d\n%%%%EOF\n" % (size, root, trailer, start)
    )


def stream(data: bytes, keys: bytes = b"") -> bytes:
    return b"<<%b/Length %d>>\nstream\n%b\nendstream" % (keys, len(data), data)


def document(
    contents: Sequence[bytes],
    *,
    keys: bytes | Sequence[bytes] = b"/MediaBox[0 0 72 72]",
    inherited: bytes = b"",
    catalogue: bytes = b"",
    more: Sequence[bytes] = (),
) -> bytes:
    """A page of each content stream.

    Args:
        contents: What is drawn, in the language of content streams; the font ``/F`` is Helvetica.
        keys: Of all page dictionaries, or of each: boxes, rotation.
        inherited: Keys of the node above them.
        catalogue: More keys of the root.
        more: Further objects, numbered from 4 + 2 * pages on.
    """
    n_pages = len(contents)
    each = [keys] * n_pages if isinstance(keys, bytes) else keys
    kids = b" ".join(b"%d 0 R" % (4 + 2 * index) for index in range(n_pages))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R%b>>" % catalogue,
        b"<</Type/Pages/Kids[%b]/Count %d%b>>" % (kids, n_pages, inherited),
        HELVETICA,
    ]
    for index, (content, own) in enumerate(zip(contents, each, strict=True)):
        number = 5 + 2 * index
        font = b"/Resources<</Font<</F 3 0 R>>>>"
        objects += [b"<</Type/Page/Parent 2 0 R/Contents %d 0 R%b%b>>" % (number, font, own), stream(content)]
    return pdf([*objects, *more])


def square(colour: str, box: tuple[float, float, float, float]) -> bytes:
    """A filled rectangle: x and y of its lower left corner, width and height."""
    rgb = {"red": b"1 0 0", "green": b"0 1 0", "blue": b"0 0 1", "black": b"0 0 0"}[colour]
    return b"%b rg %b re f\n" % (rgb, b" ".join(b"%f" % value for value in box))


def words(text: str, at: tuple[float, float] = (10, 30), size: float = 12) -> bytes:
    """A line of text in WinAnsi."""
    escaped = text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    return b"0 g BT /F %f Tf %f %f Td (%b) Tj ET\n" % (size, *at, escaped)


def corners(width: float, height: float) -> bytes:
    """Four quarters, as seen upright: red and green above, blue and black below."""
    half_width, half_height = width / 2, height / 2
    return (
        square("red", (0, half_height, half_width, half_height))
        + square("green", (half_width, half_height, half_width, half_height))
        + square("blue", (0, 0, half_width, half_height))
        + square("black", (half_width, 0, half_width, half_height))
    )
