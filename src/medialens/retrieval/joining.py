"""Hits of one medium, as fewer hits: neighbours as one, or one for each picture or medium. Pure.

"pieces"    clips and sounds that touch in time, tiles that touch on a picture: one hit for what they cover
"parents"   the best piece of each medium stands for all of its pieces
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from medialens.errors import InputError
from medialens.retrieval.hits import Hit
from medialens.retrieval.merging import GAP_SECONDS, RELATIVE_THRESHOLD, merge_neighbours
from medialens.retrieval.parents import best_of_parents

Joining: TypeAlias = Literal["pieces", "pictures", "media"]
Box: TypeAlias = tuple[int, int, int, int]
Fitness: TypeAlias = Callable[[Hit], float]


def _score(hit: Hit) -> float:
    return hit.score


def join_hits(
    hits: Sequence[Hit],
    how: Joining,
    *,
    gap_seconds: float = GAP_SECONDS,
    relative_threshold: float = RELATIVE_THRESHOLD,
    fitness: Fitness = _score,
) -> list[Hit]:
    """Fewer hits, best first; equal scores keep their order.

    Args:
        hits: In any order.
        how: "pieces", "pictures" or "media".
        gap_seconds: How far apart neighbours in time may be.
        relative_threshold: A neighbour is good from this share of the best one's fitness on, counted from the worst.
        fitness: How good a hit is, where its score does not say: one that is made of ranks says little. The order is
            always by score.

    Raises:
        InputError: `how` is none of these.
    """
    if how not in {"pieces", "pictures", "media"}:
        msg = f"how={how!r} is none of 'pieces', 'pictures' and 'media'"
        raise InputError(msg, value=how)
    if how != "pieces":
        return best_of_parents(hits, of="medium" if how == "media" else "picture")
    joins = _rule(hits, relative_threshold, fitness)
    return merge_boxes(merge_neighbours(hits, joins, gap_seconds=gap_seconds), joins)


def merge_boxes(hits: Sequence[Hit], joins: Callable[[Hit, Hit], bool]) -> list[Hit]:
    """Hits best first, where boxes of one picture or page that overlap or touch are one hit, if all of them are good.

    From the best on, each takes in what touches it, or what it has taken in. What is merged has the box around all of
    it, the texts from top to bottom, and otherwise what the best of them has.

    Args:
        hits: In any order; equal scores keep it.
        joins: Whether a neighbour, the second argument, is good enough to go into one hit with the first one.
    """
    waiting = sorted(hits, key=lambda hit: -hit.score)
    merged: list[Hit] = []
    while waiting:
        best, *others = waiting
        group = _touching(best, [hit for hit in others if joins(best, hit)])
        waiting = [hit for hit in others if not any(hit is one for one in group)]
        merged.append(_union(best, group))
    return merged


def _rule(hits: Sequence[Hit], threshold: float, fitness: Fitness) -> Callable[[Hit, Hit], bool]:
    """The rule of `merge_hits`, by fitness: counted from the worst of all."""
    lowest = min(map(fitness, hits), default=0.0)
    return lambda best, other: fitness(other) >= min(fitness(best), lowest + threshold * (fitness(best) - lowest))


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
