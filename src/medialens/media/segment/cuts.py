"""Where a long picture is cut into tiles, from how much happens in each of its rows. Pure.

             |<------ tile 0 ------->|
    activity ##.####..######.####....#.###.#####...#####.####
                                |<------- tile 1 ------>|
                                ^    ^
                            begins  ends: around a gap, and where little happens themselves

"Rows" here run across the longer side: of a wide picture they are its columns.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

_OVERLAP_SPREAD = 0.2
"""Share by which an overlap may be shorter or longer than asked for, to begin and end in quiet rows."""

_SHIFT = 0.15
"""Share of a tile by which it may begin earlier or later than evenly spaced."""

_FAR = 4.0
"""What it costs to go as far as allowed, in the unit of activity (levels of 255): noise does not move a cut."""

_GAP = 4.0
"""How much more a gap inside the overlap counts than quiet rows at its ends."""

_MARGIN = 4
"""Rows on either side of a cut that count as well, so that it lies inside a quiet band and not at its edge."""

Span = tuple[int, int]
"""Where a tile begins and ends along the longer side, in pixels; the end is outside."""


def plan_spans(activity: npt.NDArray[np.floating], shorter: int, *, aspect_ratio: float, overlap: float) -> list[Span]:
    """The tiles of a picture, in order: they cover all of it, and neighbours overlap.

    All are about `aspect_ratio` times as long as wide: evenly spaced, they would all have the same length, the one
    nearest to that which leaves no sliver; each is then begun and ended up to 15 % of it earlier or later.

    Args:
        activity: How much happens in each row along the longer side; 0 is an empty row.
        shorter: Pixels of the shorter side.
        aspect_ratio: Length of a tile over its width.
        overlap: What neighbours share, as a share of a tile.
    """
    longer = len(activity)
    length, count = _even_length(longer, aspect_ratio * shorter, overlap)
    if count == 1:
        return [(0, longer)]
    cost = _cut_costs(activity)
    begins, ends = [0], list[int]()
    for index in range(1, count):
        begin, end = _best_cut(cost, index * length * (1 - overlap), length, overlap)
        begins.append(begin)
        ends.append(end)
    return list(zip(begins, [*ends, longer], strict=True))


def count_tiles(longer: int, shorter: int, *, aspect_ratio: float, overlap: float) -> int:
    """How many tiles a picture of that size has, whatever is on it."""
    return _even_length(longer, aspect_ratio * shorter, overlap)[1]


def _even_length(longer: int, wanted: float, overlap: float) -> tuple[float, int]:
    """Length and number of tiles that are all the same, the length as near to what is wanted as can be."""
    exact = (longer / wanted - overlap) / (1 - overlap)
    counts = {count for count in (math.floor(exact), math.ceil(exact)) if count > 0}
    choices = [(longer / (count - count * overlap + overlap), count) for count in counts]
    return min(choices, key=lambda choice: abs(math.log(choice[0] / wanted)), default=(float(longer), 1))


def _cut_costs(activity: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """What a cut above each row costs, and below the last: the most that happens in the rows around it."""
    padded = np.pad(np.asarray(activity, np.float64), _MARGIN, mode="edge")
    costs: npt.NDArray[np.float64] = np.lib.stride_tricks.sliding_window_view(padded, 2 * _MARGIN).max(axis=1)
    return costs


def _best_cut(cost: npt.NDArray[np.float64], ideal: float, length: float, overlap: float) -> Span:
    """Where the next tile begins and this one ends: around a gap, in quiet rows, and the nearest to the ideal of those.

    The gap counts most. What lies above it is whole in this tile then, and what lies below it in the next one, however
    tall it is.
    """
    shift = length * _SHIFT
    begins = np.arange(round(ideal - shift), round(ideal + shift) + 1)
    shortest = math.ceil(length * overlap * (1 - _OVERLAP_SPREAD))
    longest = max(shortest, math.floor(length * overlap * (1 + _OVERLAP_SPREAD)))
    overlaps = np.arange(shortest, longest + 1)
    rows = np.lib.stride_tricks.sliding_window_view(cost[begins[0] : begins[-1] + longest + 1], longest + 1)
    quietest = np.minimum.accumulate(rows, axis=1)  # of each begin, up to each end
    costs = _GAP * quietest[:, shortest:] + rows[:, :1] + rows[:, shortest:]
    costs = costs + _FAR * np.abs(begins - ideal)[:, None] / max(shift, 1.0)
    costs += _FAR * np.abs(overlaps - length * overlap) / max(longest - shortest, 1)
    at, more = np.unravel_index(np.argmin(costs), costs.shape)
    return int(begins[at]), int(begins[at] + overlaps[more])
