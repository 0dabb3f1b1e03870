"""The pieces of a file, as the flat facts that documents and nodes about them carry.

`describe_segment` is the one road from a `Segment` to a `MediaDescription`. The functions from a file to the
descriptions of its pieces stand here too, one a way to cut, named after it: `describe_pages`.
"""

from __future__ import annotations

import re

from medialens.media.segment.segment import Segment
from medialens.retrieval.description import MediaDescription

_OPENING = re.compile(r"<+(?=media://)")


def describe_segment(segment: Segment, caption: str = "") -> MediaDescription:
    """What is known about one piece of a file.

    Its own text (of a page, of what is said) comes from the file, and so from anyone: what looks like a media
    reference in it loses its opening bracket, so that no file can slip another medium into a document.

    Args:
        segment: What a function of `medialens.media.segment` gave.
        caption: What a person wrote about it.
    """
    return MediaDescription(
        reference=segment.reference,
        source=segment.source,
        caption=caption,
        text=_OPENING.sub("", segment.text),
        width=segment.width,
        height=segment.height,
        parent=segment.parent,
        thumbnail=segment.thumbnail,
    )
