"""Find the part where ...: a query in, hits with start and end, picture and words out; without any framework.

    segments --Encoder--> vectors of what is seen or heard  --rank--+
             --Encoder--> vectors of what is said in them   --rank--+--fuse by rank--> merge neighbours --> hits
    query    --Encoder--> one vector for both

What is seen and what is said are embedded separately and fused by rank, because the scores of a picture and of a text
are not comparable. The vectors are plain arrays: keep them as you like, and make `EncodedSegments` of them again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
import numpy.typing as npt

from medialens.errors import InputError
from medialens.media.segment.segment import Segment
from medialens.retrieval.hits import Hit
from medialens.retrieval.merging import GAP_SECONDS, RELATIVE_THRESHOLD, merge_neighbours
from medialens.scoring.fusion import RRF_K, fuse_ranks
from medialens.scoring.ranking import rank_order

if TYPE_CHECKING:
    from medialens.encoder import Encoder
    from medialens.errors import MedialensError
    from medialens.inputs import Input

Vectors = npt.NDArray[np.float32]

_N_CANDIDATES = 200
"""Of each ranking: what comes later has nothing to do with the query."""

_FITS = 0.7
"""The share of the way from the usual similarity to the best one from which on something fits a query."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class EncodedSegments:
    """Segments and their vectors.

    Attributes:
        segments: In any order, of one or of many files.
        seen: What is seen or heard in each, float32 (n, dim); NaN where it could not be encoded.
        said: What is said in each, or written on it, float32 (n, dim); NaN where nothing is.
        errors: Position of each segment that could not be encoded, with its error.
    """

    segments: Sequence[Segment]
    seen: Vectors
    said: Vectors
    errors: Mapping[int, MedialensError] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        shapes = (np.shape(self.seen), np.shape(self.said))
        if len(set(shapes)) > 1 or len(shapes[0]) != 2 or shapes[0][0] != len(self.segments):  # noqa: PLR2004  # rows
            msg = f"{len(self.segments)} segments need as many vectors seen and said, of one dimension; got {shapes}"
            raise InputError(msg, shapes=shapes)


def encode_segments(
    segments: Sequence[Segment], encoder: Encoder, *, errors: Literal["raise", "return"] = "raise"
) -> EncodedSegments:
    """The segments with vectors of what is seen or heard in them, and of their texts.

    Args:
        segments: Clips, sounds, pages or tiles.
        encoder: It must take media of their kind; and text, where they have any.
        errors: "raise" raises the error of the first one that fails; "return" keeps errors in `EncodedSegments.errors`,
            and those segments are found by their text alone.

    Raises:
        MedialensError: A segment cannot be encoded, or the model cannot be loaded.
    """
    seen = encoder.encode_documents([segment.part for segment in segments], errors="return")
    spoken = [at for at, segment in enumerate(segments) if segment.text.strip()]
    said = np.full(seen.vectors.shape, np.nan, np.float32)
    failed = dict(seen.errors)
    if spoken:
        texts = encoder.encode_documents([segments[at].text for at in spoken], errors="return")
        said[spoken] = texts.vectors
        failed |= {spoken[at]: error.at(spoken[at]) for at, error in texts.errors.items()}
    if failed and errors == "raise":
        raise failed[min(failed)]
    vectors = np.asarray(seen.vectors, np.float32)
    return EncodedSegments(segments=segments, seen=vectors, said=said, errors=failed)


def find_parts(  # noqa: PLR0913  # each is a plain choice of the caller's
    query: Input,
    encoded: EncodedSegments,
    encoder: Encoder,
    *,
    top_n: int | None = 5,
    weights: tuple[float, float] = (1.0, 1.0),
    gap_seconds: float = GAP_SECONDS,
    relative_threshold: float = RELATIVE_THRESHOLD,
) -> list[Hit]:
    """The parts that fit the query, best first; neighbouring windows of one video or sound are one hit.

    Of what is seen and of what is said, those segments are ranked that fit much better than most. Each hit has a
    reference with start and end, the picture of the window in it that fits best, and what is said; its key is the
    position of that window's segment. Its score is the model's similarity where nothing is said in any segment, and
    else that of the fused ranks, which compares hits of one query only.

    Example:
        >>> clips = encode_segments(split_clips("film.mp4", transcript="beside"), encoder)
        >>> best = find_parts("the part where a red circle grows", clips, encoder)[0]
        >>> export_clip(Video(best.reference, store=clips.segments[0].store), "found.mp4")

    Args:
        query: What is looked for: words, a picture, a clip ...
        encoded: What is searched.
        encoder: The one that encoded it.
        top_n: How many hits; None for all.
        weights: Of what is seen and of what is said.
        gap_seconds: See `merge_hits`.
        relative_threshold: How good a neighbour must be, in that by which the best window was found, what is seen or
            what is said: this share of the way from the usual similarity, the median, to that of the best window.

    Raises:
        InputError: Several queries at once, or settings out of their range.
        MedialensError: The query cannot be encoded.
    """
    if not 0 <= relative_threshold <= 1:
        msg = f"relative_threshold={relative_threshold!r} must be between 0 and 1"
        raise InputError(msg, relative_threshold=relative_threshold)
    vector = encoder.encode_queries(query)
    if np.ndim(vector) != 1:
        raise InputError(f"expected one query, got {len(vector)}; call once for each", value=query)
    seen, said = (encoder.similarity(vector, vectors)[0] for vectors in (encoded.seen, encoded.said))
    # A text that is in several windows, which overlap, counts once in what is usual.
    texts = {segment.text: at for at, segment in enumerate(encoded.segments) if not np.isnan(said[at])}
    sides = [_Side(seen, seen), _Side(said, said[list(texts.values())])]
    scores, found_by = _ranked(sides, weights)
    hits = [_hit(encoded.segments[at], score, at) for at, score in scores]

    def joins(best: Hit, neighbour: Hit) -> bool:
        """Whether the neighbour is good in what the best one was found by."""
        at, beside = cast("int", best.key), cast("int", neighbour.key)
        side, floor = sides[found_by[at]].similar, sides[found_by[at]].usual
        return bool(side[beside] >= min(side[at], floor + relative_threshold * (side[at] - floor)))

    return merge_neighbours(hits, joins, gap_seconds=gap_seconds)[: top_n if top_n is None else max(top_n, 0)]


class _Side:
    """How similar the segments are to the query in what is seen, or in what is said; NaN where nothing is.

    Attributes:
        similar: Of each segment.
        usual: The similarity that most have.
        rise: How far the best one stands out from most.
        is_alone: Whether there is one at most, which cannot be compared.
    """

    def __init__(self, similar: Vectors, each_once: Vectors) -> None:
        known = each_once[~np.isnan(each_once)]
        self.similar = similar
        self.usual = float(np.median(known)) if len(known) else 0.0
        self.rise = float(known.max()) - self.usual if len(known) else 0.0
        self.is_alone = len(known) < 2  # noqa: PLR2004  # of two, one is better


def _ranked(sides: Sequence[_Side], weights: tuple[float, float]) -> tuple[list[tuple[int, float]], dict[int, int]]:
    """Positions and scores, best first; and for each position the side, 0 or 1, to which it owes most of its score."""
    if np.isnan(sides[1].similar).all():
        order = rank_order(sides[0].similar, top_n=_N_CANDIDATES)
        return [(at, float(sides[0].similar[at])) for at in order], dict.fromkeys(order, 0)
    # Both first ones have the same score: before the other comes that of the side where it stands out more.
    clearest = sorted((0, 1), key=lambda number: -sides[number].rise)
    rankings = [_fitting(sides[number]) for number in clearest]
    shares: dict[int, list[tuple[float, int]]] = {}
    for place, number in enumerate(clearest):
        for rank, at in enumerate(rankings[place], start=1):
            shares.setdefault(at, []).append((weights[number] / (RRF_K + rank), -place))
    fused = fuse_ranks(rankings, weights=[weights[number] for number in clearest])
    return fused, {at: clearest[-max(both)[1]] for at, both in shares.items()}


def _fitting(side: _Side) -> list[int]:
    """Those that fit much better than most, best first; none where all are alike.

    Of what has nothing to do with a query, some is always first. If all of it were ranked, it would decide between
    those that the other side finds.
    """
    order = rank_order(side.similar, top_n=_N_CANDIDATES)
    if side.is_alone:
        return order
    bar = side.usual + _FITS * side.rise
    return [at for at in order if side.similar[at] >= bar] if side.rise > 0 else []


def _hit(segment: Segment, score: float, at: int) -> Hit:
    return Hit(
        reference=segment.reference,
        score=score,
        text=segment.text,
        source=segment.source,
        thumbnail=segment.thumbnail,
        key=at,
    )
