"""How a media reference is spelled: pure text in, value out, and back.

    <media://sha256/9f86...0a08?type=image/png#page=3>
     scheme  digest of the original bytes  MIME     which part of it

Angle brackets belong to it: the closing one ends it. The fragment has up to three keys, in this order:
``page=3`` (1-based), ``t=12.000,24.000`` (seconds), ``xywh=0,0,640,480`` (pixels). ASCII, no white space, and
one canonical spelling, so that equal references are equal strings. A reference selects what a trusted loader
put into a store; reading one never touches a file or the network.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from medialens.errors import MediaReferenceError

_DIGEST = re.compile(r"[0-9a-f]{64}")
_MIME = re.compile(r"[a-z0-9][a-z0-9!$&^_.+-]{0,63}/[a-z0-9][a-z0-9!$&^_.+-]{0,63}")
_SHAPE = re.compile(r"<media://sha256/(?P<digest>[0-9a-f]{64})\?type=(?P<mime>[^#<>\s]+)(?:#(?P<fragment>[^<>\s]+))?>")
_FRAGMENT = re.compile(
    r"(?:page=(?P<page>[1-9]\d{0,8}))?"
    r"(?:(?:^|&)t=(?P<start>\d{1,9}\.\d{3}),(?P<end>\d{1,9}\.\d{3}))?"
    r"(?:(?:^|&)xywh=(?P<x>\d{1,9}),(?P<y>\d{1,9}),(?P<w>[1-9]\d{0,8}),(?P<h>[1-9]\d{0,8}))?",
    re.ASCII,
)
_MAXIMUM = 10**9
"""Pages, seconds and pixels stay below this: nine digits."""

_LOOKS_LIKE_ONE = re.compile(r"<media://[^<>\s]*>?")


@dataclasses.dataclass(frozen=True, kw_only=True)
class MediaReference:
    """Which medium, and which part of it.

    Attributes:
        digest: sha256 of the original bytes, 64 lower-case hex digits.
        mime_type: Of the original bytes, e.g. ``image/png``.
        page: 1-based page of a document.
        start_seconds, end_seconds: Window of a sound or clip; both or neither.
        box: x, y, width, height in pixels of the upright picture.
    """

    digest: str
    mime_type: str
    page: int | None = None
    start_seconds: float | None = None
    end_seconds: float | None = None
    box: tuple[int, int, int, int] | None = None

    def __post_init__(self) -> None:
        if not _DIGEST.fullmatch(self.digest):
            raise _bad(self.digest, "digest must be 64 lower-case hex digits")
        if not _MIME.fullmatch(self.mime_type):
            raise _bad(self.mime_type, "type must be a MIME type such as image/png")
        if self.page is not None and not 1 <= self.page < _MAXIMUM:
            raise _bad(str(self.page), "page counts from 1")
        self._check_window()
        self._check_box()

    def _check_window(self) -> None:
        start, end = self.start_seconds, self.end_seconds
        if start is None and end is None:
            return
        if start is None or end is None:
            raise _bad(f"{start},{end}", "start and end go together")
        if not 0 <= start < end < _MAXIMUM or round(start, 3) == round(end, 3):
            raise _bad(f"{start},{end}", "start must be at least 0, and before end by a millisecond or more")
        # Milliseconds are what the spelling keeps: rounding here makes value -> text -> value exact.
        object.__setattr__(self, "start_seconds", round(start, 3))
        object.__setattr__(self, "end_seconds", round(end, 3))

    def _check_box(self) -> None:
        if self.box is None:
            return
        sizes_fit = len(self.box) == 4 and min(self.box[2:]) >= 1  # noqa: PLR2004  # x, y, width, height
        if not sizes_fit or not all(0 <= value < _MAXIMUM for value in self.box):
            raise _bad(str(self.box), "box is x, y, width, height with width and height of at least 1")
        object.__setattr__(self, "box", tuple(int(value) for value in self.box))

    @property
    def modality(self) -> str:
        """``image``, ``audio``, ``video``, ``application`` ...: the first half of the MIME type.

        A window of time of an animated picture is a clip, and so ``video``; a page of a document is looked at, and so
        an ``image``.
        """
        if self.page is not None:
            return "image"
        kind = self.mime_type.partition("/")[0]
        return "video" if kind == "image" and self.start_seconds is not None else kind

    def whole(self) -> MediaReference:
        """The same medium without page, window and box."""
        return MediaReference(digest=self.digest, mime_type=self.mime_type)

    def __str__(self) -> str:
        keys = []
        if self.page is not None:
            keys.append(f"page={self.page}")
        if self.start_seconds is not None:
            keys.append(f"t={self.start_seconds:.3f},{self.end_seconds:.3f}")
        if self.box is not None:
            keys.append("xywh=" + ",".join(map(str, self.box)))
        fragment = "#" + "&".join(keys) if keys else ""
        return f"<media://sha256/{self.digest}?type={self.mime_type}{fragment}>"

    @classmethod
    def parse(cls, text: str) -> MediaReference:
        """The reference that `text` spells, all of it.

        Raises:
            MediaReferenceError: `text` is no reference, or not in the canonical spelling.
        """
        match = _SHAPE.fullmatch(text)
        if match is None:
            expected = "expected <media://sha256/<64 hex>?type=<mime>> with an optional #fragment"
            cut = "" if text.endswith(">") else "; without its end: has something split or shortened the text?"
            raise _bad(text, expected + cut)
        fragment = match["fragment"]
        keys = _FRAGMENT.fullmatch(fragment or "")
        if keys is None or fragment == "":
            raise _bad(text, "the fragment takes page=, t=start,end and xywh=, in this order, joined by &")
        reference = cls(
            digest=match["digest"],
            mime_type=match["mime"],
            page=int(keys["page"]) if keys["page"] else None,
            start_seconds=float(keys["start"]) if keys["start"] else None,
            end_seconds=float(keys["end"]) if keys["end"] else None,
            box=(int(keys["x"]), int(keys["y"]), int(keys["w"]), int(keys["h"])) if keys["x"] else None,
        )
        if str(reference) != text:
            raise _bad(text, f"the one spelling of it is {reference}")
        return reference


def find_references(text: str) -> Iterator[tuple[int, int, str]]:
    """Where `text` holds something that begins like a reference: (start, end, spelling), in reading order.

    Malformed ones are found too, so that the caller can refuse them instead of reading them as prose.
    """
    for match in _LOOKS_LIKE_ONE.finditer(text):
        yield match.start(), match.end(), match.group()


def _bad(value: str, why: str) -> MediaReferenceError:
    msg = f"not a media reference: {value!r:.160}; {why}"
    return MediaReferenceError(msg, text=value)
