"""PDFs for the tests, byte by byte from ISO 32000-1: what no writer would write, and what is known to the pixel."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence

HELVETICA = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"


_HEADER = b"%PDF-1.7\n"


def pdf(objects: Sequence[bytes], *, root: int = 1, trailer: bytes = b"") -> bytes:
    """A file of these objects, numbered from 1."""
    bodies = [b"%d 0 obj\n%b\nendobj\n" % (number, body) for number, body in enumerate(objects, 1)]
    ends = list(itertools.accumulate(map(len, bodies), initial=len(_HEADER)))
    table = b"".join(b"%010d 00000 n \n" % offset for offset in ends[:-1])
    size, start = len(objects) + 1, ends[-1]
    return (
        b"".join([_HEADER, *bodies])
        + b"xref\n0 %d\n0000000000 65535 f \n%b" % (size, table)
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
        font = b"" if b"/Resources" in own else b"/Resources<</Font<</F 3 0 R>>>>"
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


def picture(width: int, height: int, data: bytes, compression: str) -> bytes:
    """An image object of these RGB samples, as Pillow encodes them: ``DCTDecode`` is JPEG, ``FlateDecode`` zlib."""
    kind = b"/Type/XObject/Subtype/Image/ColorSpace/DeviceRGB/BitsPerComponent 8"
    return stream(data, b"%b/Width %d/Height %d/Filter/%b" % (kind, width, height, compression.encode()))


def illustrated(pages: Sequence[tuple[bytes, bytes]], size: tuple[int, int]) -> bytes:
    """A document whose pages show a picture each, an image object, as ``/I``.

    Args:
        pages: Content stream and image object of each.
        size: Width and height of all pages, in points.
    """
    first = 4 + 2 * len(pages)
    box = b"/MediaBox[0 0 %d %d]" % size
    keys = [
        b"%b/Resources<</Font<</F 3 0 R>>/XObject<</I %d 0 R>>>>" % (box, first + index) for index in range(len(pages))
    ]
    return document([content for content, _ in pages], keys=keys, more=[image for _, image in pages])


def nested(levels: int, width: int, n_pages: int = 1) -> bytes:
    """Pages whose drawing takes ``width ** (levels + 1)`` steps: each form draws the next one so many times."""
    draw, keys = b"/X Do " * width, b"/Type/XObject/Subtype/Form/BBox[0 0 99 99]/Resources<</XObject<</X %d 0 R>>>>"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>>>"
    forms = [stream(draw, keys % number) for number in range(6, 5 + levels)]
    last = stream(b"0 0 1 rg 1 1 9 9 re f " * width, keys % (5 + levels))
    tree = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%b]/Count %d>>" % (b"3 0 R " * n_pages, n_pages),
        page,
        stream(draw),
    ]
    return pdf([*tree, *forms, last])


_PADDING = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")
_IDENTITY = b"0123456789abcdef"


def encrypted(content: bytes, *, password: bytes) -> bytes:
    """A page of this content, encrypted as ISO 32000-1, 7.6.3 says: revision 2 of the standard handler, 40-bit RC4.

    Args:
        content: The content stream.
        password: The user's; an empty one opens without being asked for.
    """
    permissions = -4
    user = (password + _PADDING)[:32]
    owner = _rc4(hashlib.md5((b"owner" + _PADDING)[:32], usedforsecurity=False).digest()[:5], user)
    seed = user + owner + permissions.to_bytes(4, "little", signed=True) + _IDENTITY
    key = hashlib.md5(seed, usedforsecurity=False).digest()[:5]
    rights = b"<</Filter/Standard/V 1/R 2/O<%b>/U<%b>/P %d>>" % (
        owner.hex().encode(),
        _rc4(key, _PADDING).hex().encode(),
        permissions,
    )
    of_stream = hashlib.md5(key + b"\x05\0\0" + b"\0\0", usedforsecurity=False).digest()[:10]  # object 5
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]/Contents 5 0 R/Resources<</Font<</F 3 0 R>>>>>>"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[4 0 R]/Count 1>>",
        HELVETICA,
        page,
        stream(_rc4(of_stream, content)),
        rights,
    ]
    identity = _IDENTITY.hex().encode()
    return pdf(objects, trailer=b"/Encrypt 6 0 R/ID[<%b><%b>]" % (identity, identity))


def _rc4(key: bytes, data: bytes) -> bytes:
    state, j = list(range(256)), 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)
