"""Hits of one medium, as fewer hits: neighbours as one, or one for each picture or medium. Pure.

"pieces"    clips and sounds that touch in time, tiles that touch on a picture: one hit for what they cover
"parents"   the best piece of each medium stands for all of its pieces
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal, TypeAlias

from medialens.errors import InputError
from medialens.retrieval.hits import Hit
from medialens.retrieval.merging import GAP_SECONDS, RELATIVE_THRESHOLD, merge_hits
from medialens.retrieval.parents import best_of_parents

Joining: TypeAlias = Literal["pieces", "pictures", "media"]
Box: TypeAlias = tuple[int, int, int, int]


def join_hits(
    hits: Sequence[Hit],
    how: Joining,
    *,
    gap_seconds: float = GAP_SECONDS,
    relative_threshold: float = RELATIVE_THRESHOLD,
) -> list[Hit]:
    """Fewer hits, best first; equal scores keep their order.

    Args:
        hits: In any order.
        how: "pieces", "pictures" or "media".
        gap_seconds: See `merge_hits`.
        relative_threshold: See `merge_hits`; for tiles the same.

    Raises:
        InputError: `how` is none of these.
    """
    if how not in {"pieces", "pictures", "media"}:
        msg = f"how={how!r} is none of 'pieces', 'pictures' and 'media'"
        raise InputError(msg, value=how)
    if how != "pieces":
        return best_of_parents(hits, of="medium" if how == "media" else "picture")
    timed = merge_hits(hits, gap_seconds=gap_seconds, relative_threshold=relative_threshold)
    return merge_boxes(timed, relative_threshold=relative_threshold)


def merge_boxes(hits: Sequence[Hit], *, relative_threshold: float = RELATIVE_THRESHOLD) -> list[Hit]:
    """Hits best first, where boxes of one picture or page that overlap or touch are one hit, if all of them are good.

    What is good is said as by `merge_hits`: from the best on, each takes in what touches it, or what it has taken in,
    and scores at least ``lowest + relative_threshold * (its score - lowest)``. What is merged has the box around all of
    it, the texts from top to bottom, and otherwise what the best of them has.
    """
    lowest = min((hit.score for hit in hits), default=0.0)
    waiting = sorted(hits, key=lambda hit: -hit.score)
    merged: list[Hit] = []
    while waiting:
        best, *others = waiting
        bar = min(best.score, lowest + relative_threshold * (best.score - lowest))
        group = _touching(best, [hit for hit in others if hit.score >= bar])
        waiting = [hit for hit in others if not any(hit is one for one in group)]
        merged.append(_union(best, group))
    return merged


def _touching(best: Hit, others: Sequence[Hit]) -> list[Hit]:
    """The best one, and those that can be reached from it over one another."""
    whole = dataclasses.replace(best.reference, box=None)
    same = [hit for hit in others if hit.reference.box and dataclasses.replace(hit.reference, box=None) == whole]
    group, reached = [best], [best] if best.reference.box else []
    while reached:
        box = reached.pop().reference.box
        near = [hit for hit in same if _touch(box, hit.reference.box)]
        same = [hit for hit in same if hit not in near]
        group += near
        reached += near
    return group


def _touch(one: Box | None, other: Box | None) -> bool:
    if one is None or other is None:
        return False
    in_x = one[0] <= other[0] + other[2] and other[0] <= one[0] + one[2]
    in_y = one[1] <= other[1] + other[3] and other[1] <= one[1] + one[3]
    return in_x and in_y


def _union(best: Hit, group: Sequence[Hit]) -> Hit:
    boxes = [hit.reference.box for hit in group if hit.reference.box is not None]
    if len(boxes) == 1 or not boxes:
        return best
    x, y = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
    in_order = sorted(group, key=lambda hit: (hit.reference.box or (0, 0, 0, 0))[1::-1])
    texts = dict.fromkeys(hit.text for hit in in_order if hit.text)
    reference = dataclasses.replace(best.reference, box=(x, y, right - x, bottom - y))
    return dataclasses.replace(best, reference=reference, text=" ".join(texts))
