"""Hits that lie next to each other in one video or sound, as one hit. Pure.

score   |      [##]
        |   [##]  [##]                          [##]
        |[##]        [##]   [##]                    [##]
        +--------------------------------------------------> time
            [--------]      [--]                [------]      merged: the neighbours that are nearly as good
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Container, Sequence
from typing import TypeAlias

from medialens.errors import InputError
from medialens.media.reference import MediaReference
from medialens.retrieval.hits import Hit

Span: TypeAlias = tuple[float, float]
"""Where a window begins and ends, in seconds."""

GAP_SECONDS = 1.0
RELATIVE_THRESHOLD = 0.7


def merge_hits(
    hits: Sequence[Hit],
    *,
    gap_seconds: float = GAP_SECONDS,
    relative_threshold: float = RELATIVE_THRESHOLD,
    floor: float | None = None,
) -> list[Hit]:
    """Hits best first, where windows of one medium that overlap or nearly touch are one hit, if all of them are good.

    From the best hit on, each takes in its neighbours whose score is at least
    ``floor + relative_threshold * (its score - floor)``, and their neighbours; a bad one between two good ones that
    touch is taken in as well, since what is merged covers it. Counted from a floor, because the scores of most models
    do not begin at 0: so nothing changes where all scores are scaled or shifted.

    What is merged has the window of all that it took in, the texts in order of time, and otherwise what the best of
    them has: score, thumbnail, key. Hits without a window of time, such as pages, are handed on as they are.

    Args:
        hits: In any order; equal scores keep it.
        gap_seconds: How far apart neighbours may be.
        relative_threshold: 1 takes in none that is worse, 0 all that are no worse than the floor.
        floor: The score of what has nothing to do with the query; None is the lowest score of the hits.

    Raises:
        InputError: `gap_seconds` is negative, `relative_threshold` not between 0 and 1, or `floor` no number.
    """
    if not 0 <= relative_threshold <= 1 or (floor is not None and math.isnan(floor)):
        msg = f"relative_threshold={relative_threshold!r} must be between 0 and 1, and floor={floor!r} a number"
        raise InputError(msg, relative_threshold=relative_threshold, floor=floor)
    lowest = min((hit.score for hit in hits), default=0.0) if floor is None else floor

    def joins(best: Hit, neighbour: Hit) -> bool:
        return neighbour.score >= min(best.score, lowest + relative_threshold * (best.score - lowest))

    return merge_neighbours(hits, joins, gap_seconds=gap_seconds)


def merge_neighbours(
    hits: Sequence[Hit], joins: Callable[[Hit, Hit], bool], *, gap_seconds: float = GAP_SECONDS
) -> list[Hit]:
    """`merge_hits` with a rule of its own for which neighbours are good.

    Args:
        hits: In any order; equal scores keep it.
        joins: Whether a neighbour, the second argument, is good enough to go into one hit with the first one.
        gap_seconds: How far apart neighbours may be.

    Raises:
        InputError: `gap_seconds` is negative.
    """
    if not 0 <= gap_seconds < math.inf:
        msg = f"gap_seconds={gap_seconds!r} must be at least 0"
        raise InputError(msg, gap_seconds=gap_seconds)
    waiting = sorted(hits, key=lambda hit: -hit.score)
    neighbours: dict[MediaReference, list[Hit]] = {}
    for hit in waiting:
        neighbours.setdefault(_whole(hit), []).append(hit)
    merged, gone = [], set[int]()
    for best in waiting:
        if id(best) in gone:
            continue
        near = [hit for hit in neighbours[_whole(best)] if id(hit) not in gone]
        good = {id(hit) for hit in near if hit is best or joins(best, hit)}
        group = _around(best, near, good, gap_seconds)
        gone.update(map(id, group))
        merged.append(_union(best, group))
    return merged


def _whole(hit: Hit) -> MediaReference:
    """What its window is a window of."""
    return dataclasses.replace(hit.reference, start_seconds=None, end_seconds=None)


def _window(hit: Hit) -> Span | None:
    start, end = hit.reference.start_seconds, hit.reference.end_seconds
    return None if start is None or end is None else (start, end)


def _around(best: Hit, hits: Sequence[Hit], good: Container[int], gap: float) -> list[Hit]:
    """The hits that go into one with the best: those that can be reached over good ones, and what they cover."""
    window = _window(best)
    if window is None:
        return [best]
    timed = [(hit, span) for hit in hits if (span := _window(hit)) is not None]
    start, end = _reach(window, sorted(span for hit, span in timed if id(hit) in good), gap)
    return [hit for hit, (begins, ends) in timed if start <= begins and ends <= end]


def _reach(window: Span, spans: Sequence[Span], gap: float) -> Span:
    """What the window, which is one of the ascending spans, and those that can be reached from it cover together."""
    start, end = spans[0]
    for begins, ends in spans:
        if begins > end + gap:
            if start <= window[0] <= end:
                break
            start, end = begins, ends
        end = max(end, ends)
    return start, end


def _union(best: Hit, group: Sequence[Hit]) -> Hit:
    if len(group) == 1:
        return best
    windows = [window for hit in group if (window := _window(hit)) is not None]
    reference = dataclasses.replace(
        best.reference, start_seconds=min(windows)[0], end_seconds=max(end for _, end in windows)
    )
    in_time = sorted(group, key=lambda hit: _window(hit) or (0.0, 0.0))
    return dataclasses.replace(best, reference=reference, text=_joined([hit.text for hit in in_time]))


def _joined(texts: Sequence[str]) -> str:
    """One after another; words that end one and begin the next, because the windows overlap, are there once."""
    words: list[str] = []
    for text in texts:
        more = text.split()
        common = next(n for n in range(min(len(words), len(more)), -1, -1) if words[len(words) - n :] == more[:n])
        words += more[common:]
    return " ".join(words)
