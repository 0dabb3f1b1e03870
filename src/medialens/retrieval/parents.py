"""From tiles to the pictures they were cut from: as good as its best tile, which says where to look."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Literal, TypeAlias

from medialens.errors import InputError
from medialens.media.reference import MediaReference
from medialens.retrieval.hits import Hit

ParentKind: TypeAlias = Literal["picture", "medium"]


def best_of_parents(hits: Iterable[Hit], *, of: ParentKind = "picture") -> list[Hit]:
    """One hit for each parent: its best one as it is, with the score, the reference and the box of that tile.

    Args:
        hits: In any order.
        of: What a parent is. "picture" is what tiles (``#xywh=``) are cut from: a picture, or a page of a document;
            pages and clips stay apart. "medium" is the whole file, so that a document is as good as its best page and
            a video as good as its best clip.

    Returns:
        Best first; where scores are equal, in the order given.

    Raises:
        InputError: `of` is neither.
    """
    if of not in {"picture", "medium"}:
        msg = f"of={of!r} is neither 'picture' nor 'medium'"
        raise InputError(msg, value=of)
    best: dict[MediaReference, Hit] = {}
    for hit in sorted(hits, key=lambda hit: -hit.score):  # stable: of equal ones the first given comes first
        best.setdefault(hit.parent if of == "medium" else dataclasses.replace(hit.reference, box=None), hit)
    return list(best.values())
