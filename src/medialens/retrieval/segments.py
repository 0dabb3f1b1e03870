"""The pieces of a file, as the flat facts that documents and nodes about them carry.

`describe_segment` is the one road from a `Segment` to a `MediaDescription`. The functions from a file to the
descriptions of its pieces stand here too, one a way to cut, named after it: `describe_pages`.
"""

from __future__ import annotations

import re
from pathlib import Path

from medialens.media.limits import MediaLimits
from medialens.media.segment.pages import Pages, split_pages
from medialens.media.segment.segment import Segment
from medialens.retrieval.description import MediaDescription, check_source
from medialens.retrieval.references import StoreLike

_LIMITS = MediaLimits()
_OPENING = re.compile(r"<+(?=media://)")


def describe_segment(segment: Segment, caption: str = "") -> MediaDescription:
    """What is known about one piece of a file.

    Its own text (of a page, of what is said) comes from the file, and so from anyone: what looks like a media
    reference in it loses its opening bracket, so that no file can slip another medium into a document.

    Args:
        segment: What a function of `medialens.media.segment` gave.
        caption: What a person wrote about it.

    Raises:
        InputError: The name of its file is not UTF-8.
    """
    return MediaDescription(
        reference=segment.reference,
        source=check_source(segment.source),
        caption=caption,
        text=_OPENING.sub("", segment.text),
        width=segment.width,
        height=segment.height,
        fps=segment.fps,
        frame_times=segment.frame_times,
        parent=segment.parent,
        thumbnail=segment.thumbnail,
    )


def describe_pages(  # noqa: PLR0913  # those of `split_pages`
    path: str | Path | bytes,
    *,
    store: StoreLike = None,
    pages: Pages = None,
    copy: bool = False,
    thumbnails: bool = False,
    limits: MediaLimits = _LIMITS,
) -> list[MediaDescription]:
    """What is known about each page of a PDF: its number, its text, its size, the document it belongs to.

    Takes the same arguments, and raises the same errors, as `medialens.media.segment.pages.split_pages`.
    """
    found = split_pages(path, store=store, pages=pages, copy=copy, thumbnails=thumbnails, limits=limits)
    return [describe_segment(segment) for segment in found]
