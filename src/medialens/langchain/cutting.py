"""How each kind of file is cut, where nothing else is asked for. Cutters bring decoders, and so are imported late."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from medialens.media.segment.segment import Segment

Cutter: TypeAlias = Callable[..., list[Segment]]


def cutter(mime_type: str) -> Cutter | None:
    """The function that cuts such files into pieces; None for what is no medium."""
    return _CUTTERS.get("pdf" if mime_type == "application/pdf" else mime_type.partition("/")[0])


def cut_pages(path: Any, **arguments: Any) -> list[Segment]:
    """`split_pages`."""
    from medialens.media.segment.pages import split_pages  # noqa: PLC0415  # see above

    return split_pages(path, **arguments)


def cut_tiles(path: Any, **arguments: Any) -> list[Segment]:
    """`split_tiles`."""
    from medialens.media.segment.tiles import split_tiles  # noqa: PLC0415  # see above

    return split_tiles(path, **arguments)


def cut_clips(path: Any, **arguments: Any) -> list[Segment]:
    """`split_clips`."""
    from medialens.media.segment.clips import split_clips  # noqa: PLC0415  # see above

    return split_clips(path, **arguments)


def cut_sound(path: Any, **arguments: Any) -> list[Segment]:
    """`split_sound`."""
    from medialens.media.segment.sounds import split_sound  # noqa: PLC0415  # see above

    return split_sound(path, **arguments)


_CUTTERS: dict[str, Cutter] = {"pdf": cut_pages, "image": cut_tiles, "video": cut_clips, "audio": cut_sound}
