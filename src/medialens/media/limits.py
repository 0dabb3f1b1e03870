"""How much of a medium is let in, and from where: one frozen value, enforced before the expensive step."""

from __future__ import annotations

import dataclasses
import numbers
import os
import re
from pathlib import Path
from typing import Any

from medialens.errors import InputError

_NO_HOST = re.compile(r"[/@\s]|^[^:]*:\d+$|\]:\d+$")  # more than a name or an address


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class MediaLimits:
    """What may be read and decoded.

    Attributes:
        max_bytes: Size of one encoded file or download that is held in memory; of a clip that is handed in as frames,
            that of its pixels.
        max_file_bytes: Size of one local file whose decoder seeks in it, so that it is never held whole: a video, a
            sound, a PDF.
        max_seconds: Length of one video or sound, all of it, whatever window is looked at.
        max_samples: Of one sound, or of the window of it that is decoded, at the rate that the model hears. The default
            is 256 MB: 23 minutes at 48,000 Hz, 70 at 16,000.
        max_pixels: Width times height of one picture, checked from the header, before decoding. The default is
            Pillow's own error threshold, about 179 million.
        max_frames: Frames of one clip: of an animated picture or of frames handed in all of them, of a video those that
            must be decoded on the way to the ones that are looked at.
        max_frame_pixels: Width times height of one frame; the default lets 8K pass, of which several frames are held
            at once.
        max_clip_pixels: Width times height times number of those frames: what bounds the time. The default is a
            few minutes of full HD.
        max_pages: Pages of one document that are taken together.
        max_page_pixels: Width times height at which a page, or the part of it that is meant, is drawn at most: a
            larger one is drawn with fewer dots per inch. The default is an A1 sheet at 144, and 60 MB.
        max_pdf_seconds: Processor time for each step of looking at a PDF: opening it, reading or drawing one
            page. Where the system ends nothing by that clock (Windows), seconds of the day.
        max_pdf_memory_bytes: Memory that PDFium may take for one document, besides its program. Enforced on Linux.
        max_transcript_bytes: Size of one file of subtitles.
        max_item_pixels: Of all pictures and frames of one item or chat message together, which are held at once. The
            default is 3 GB.
        max_aspect_ratio: Longer side over shorter side; beyond it nothing readable is left after resizing.
        allow_urls: Whether ``http`` and ``https`` URLs are fetched at all.
        url_hosts: Hosts that may be fetched although they resolve to private addresses.
        max_redirects: Hops followed; each hop's resolved addresses are checked anew.
        connect_timeout_seconds, read_timeout_seconds, total_timeout_seconds: For one download.
        roots: Folders that local paths must lie in, after resolving links; None allows any path.
    """

    max_bytes: int = 512 * 1024**2
    max_file_bytes: int = 64 * 1024**3
    max_seconds: float = 6 * 3600.0
    max_samples: int = 64 * 1024**2
    max_pixels: int = 178_956_970
    max_frames: int = 20_000
    max_frame_pixels: int = 36_000_000
    max_clip_pixels: int = 20_000_000_000
    max_pages: int = 2000
    max_page_pixels: int = 20_000_000
    max_pdf_seconds: float = 10.0
    max_pdf_memory_bytes: int = 2 * 1024**3
    max_transcript_bytes: int = 16 * 1024**2
    max_item_pixels: int = 1_000_000_000
    max_aspect_ratio: float = 200.0
    allow_urls: bool = False
    url_hosts: tuple[str, ...] = ()
    max_redirects: int = 3
    connect_timeout_seconds: float = 5.0
    read_timeout_seconds: float = 10.0
    total_timeout_seconds: float = 60.0
    roots: tuple[Path, ...] | None = None

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value: Any = getattr(self, field.name)
            if isinstance(field.default, bool):
                _check(isinstance(value, bool), field.name, value, "True or False")
            elif isinstance(field.default, (int, float)):
                _check(_is_amount(value), field.name, value, "a number, at least 0; float('inf') is no limit")
        _check(_is_list_of(self.url_hosts, str), "url_hosts", self.url_hosts, "a tuple of host names: ('example.com',)")
        object.__setattr__(self, "url_hosts", tuple(self.url_hosts))
        for host in self.url_hosts:
            _check(not _NO_HOST.search(host), "url_hosts", host, "a host without scheme, port and path: 'example.com'")
        if self.roots is not None:
            _check(_is_list_of(self.roots, str, os.PathLike), "roots", self.roots, "a tuple of folders: ('/data',)")
            resolved = tuple(Path(root).expanduser().resolve() for root in self.roots)
            object.__setattr__(self, "roots", resolved)

    def __repr__(self) -> str:
        changed = (field for field in dataclasses.fields(self) if getattr(self, field.name) != field.default)
        return f"MediaLimits({', '.join(f'{field.name}={getattr(self, field.name)!r}' for field in changed)})"


def _check(holds: bool, name: str, value: Any, expected: str) -> None:
    if not holds:
        msg = f"MediaLimits({name}={value!r:.200}) must be {expected}"
        raise InputError(msg, value=value)


def _is_amount(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, numbers.Real) and float(value) >= 0  # which NaN is not


def _is_list_of(value: Any, *kinds: type) -> bool:
    # One string would be taken for many: its letters, of which "/" is a folder that holds everything.
    return isinstance(value, (tuple, list)) and all(isinstance(one, kinds) for one in value)
