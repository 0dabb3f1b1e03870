import dataclasses
import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medialens.errors import InputError
from medialens.media.reference import MediaReference
from medialens.retrieval.hits import Hit
from medialens.retrieval.merging import merge_hits, merge_neighbours

FILM, OTHER = "ab" * 32, "cd" * 32
THUMBNAIL = MediaReference(digest="ef" * 32, mime_type="image/jpeg")


def hit(start, end, score, text="", *, digest=FILM, mime_type="video/mp4", **more):  # noqa: PLR0913  # of a hit
    reference = MediaReference(digest=digest, mime_type=mime_type, start_seconds=start, end_seconds=end)
    return Hit(reference=reference, score=score, text=text, **more)


def windows(hits):
    return [(one.reference.start_seconds, one.reference.end_seconds, one.score) for one in hits]


def test_good_neighbours_are_one_hit_and_bad_ones_are_not():
    hits = [hit(0, 10, 0.2), hit(10, 20, 0.75), hit(20, 30, 0.8), hit(30, 40, 0.3), hit(40, 50, 0.7)]

    merged = merge_hits(hits, relative_threshold=0.8)

    assert windows(merged) == [(10, 30, 0.8), (40, 50, 0.7), (30, 40, 0.3), (0, 10, 0.2)]


def test_it_keeps_what_the_best_has_and_joins_what_is_said():
    hits = [
        hit(5, 15, 0.7, "two three", key="b"),
        hit(0, 10, 0.8, "one two", key="a", thumbnail=THUMBNAIL, source="film.mp4"),
        hit(10, 20, 0.6, ""),
    ]

    (merged,) = merge_hits(hits, relative_threshold=0.0)

    assert merged == hit(0, 20, 0.8, "one two three", key="a", thumbnail=THUMBNAIL, source="film.mp4")


def test_the_gap_between_neighbours():
    hits = [hit(0, 10, 0.8), hit(11, 20, 0.8), hit(21.5, 30, 0.8), hit(90, 99, 0.1)]
    assert windows(merge_hits(hits, gap_seconds=1.0)) == [(0, 20, 0.8), (21.5, 30, 0.8), (90, 99, 0.1)]
    assert windows(merge_hits(hits, gap_seconds=1.5)) == [(0, 30, 0.8), (90, 99, 0.1)]
    assert windows(merge_hits(hits, gap_seconds=0.0)) == windows(sorted(hits, key=lambda one: -one.score))


def test_what_is_covered_goes_with_it():
    hits = [hit(0, 10, 0.8), hit(5, 15, 0.1), hit(10, 20, 0.8), hit(15, 25, 0.1)]
    assert windows(merge_hits(hits)) == [(0, 20, 0.8), (15, 25, 0.1)]


def test_a_long_window_reaches_both_ways():
    hits = [hit(0, 5, 0.8), hit(20, 25, 0.8), hit(4, 21, 0.8), hit(50, 60, 0.0)]
    assert windows(merge_hits(hits)) == [(0, 25, 0.8), (50, 60, 0.0)]


def test_only_windows_of_one_medium_are_merged():
    hits = [hit(0, 10, 0.8), hit(10, 20, 0.8, digest=OTHER), hit(10, 20, 0.8, mime_type="audio/wav", digest="12" * 32)]
    assert merge_hits(hits) == hits


def test_sounds_are_merged_as_well():
    hits = [hit(0, 10, 0.8, mime_type="audio/wav"), hit(10, 20, 0.8, mime_type="audio/wav")]
    assert windows(merge_hits(hits)) == [(0, 20, 0.8)]


def test_what_has_no_window_is_handed_on():
    page = MediaReference(digest=FILM, mime_type="application/pdf", page=3)
    whole = MediaReference(digest=FILM, mime_type="video/mp4")
    hits = [Hit(reference=page, score=1.0), Hit(reference=page, score=1.0), Hit(reference=whole, score=0.9)]
    assert merge_hits([*hits, hit(0, 10, 0.9)]) == [*hits, hit(0, 10, 0.9)]
    assert merge_hits([]) == []


def test_a_floor_says_what_is_bad():
    hits = [hit(0, 10, 0.30), hit(10, 20, 0.28)]
    assert len(merge_hits(hits, floor=0.25)) == 2
    assert len(merge_hits(hits, floor=0.0)) == 1


@pytest.mark.parametrize(
    "options", [{"gap_seconds": -1}, {"relative_threshold": 1.1}, {"floor": math.nan}, {"gap_seconds": math.inf}]
)
def test_settings_are_checked(options):
    with pytest.raises(InputError, match="must be"):
        merge_hits([], **options)


SPANS = st.tuples(st.integers(0, 40), st.integers(1, 10)).map(lambda span: (span[0], span[0] + span[1]))
HITS = st.lists(
    st.tuples(SPANS, st.integers(0, 10), st.sampled_from([FILM, OTHER])).map(
        lambda one: hit(*one[0], one[1] / 10, digest=one[2])
    ),
    max_size=12,
)
THRESHOLDS = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])


@given(HITS, st.integers(0, 3), THRESHOLDS)
def test_nothing_is_lost_and_nothing_is_made_up(hits, gap, threshold):
    merged = merge_hits(hits, gap_seconds=gap, relative_threshold=threshold)

    assert [one.score for one in merged] == sorted((one.score for one in merged), reverse=True)
    for one in hits:  # each is covered by one that is at least as good
        assert any(covers(other, one) and other.score >= one.score for other in merged)
    for one in merged:
        inside = [other for other in hits if covers(one, other)]
        assert min(other.reference.start_seconds for other in inside) == one.reference.start_seconds
        assert max(other.reference.end_seconds for other in inside) == one.reference.end_seconds
        assert max(other.score for other in inside) >= one.score
        assert one.score in [other.score for other in inside]


@given(HITS, st.integers(0, 3), THRESHOLDS)
def test_good_neighbours_never_stay_apart(hits, gap, threshold):
    floor = min((one.score for one in hits), default=0.0)
    hits = [dataclasses.replace(one, key=one.reference) for one in hits]

    merged = merge_hits(hits, gap_seconds=gap, relative_threshold=threshold)

    for better, worse in itertools.combinations(merged, 2):
        good = worse.score >= floor + threshold * (better.score - floor)
        best_of_worse = dataclasses.replace(worse, reference=worse.key)
        assert not (good and better.parent == worse.parent and distance(better, best_of_worse) <= gap)


@given(HITS, st.integers(0, 3), THRESHOLDS)
def test_neighbours_may_be_told_by_something_else_than_the_score(hits, gap, threshold):
    ranked = [
        dataclasses.replace(one, score=-rank, key=one.score)
        for rank, one in enumerate(sorted(hits, key=lambda one: -one.score))
    ]

    merged = merge_neighbours(ranked, lambda one, other: other.key >= threshold * one.key, gap_seconds=gap)

    expected = merge_hits(hits, gap_seconds=gap, relative_threshold=threshold, floor=0.0)
    assert [one.reference for one in merged] == [one.reference for one in expected]
    assert [one.score for one in merged] == sorted((one.score for one in merged), reverse=True)


@given(HITS, THRESHOLDS, st.sampled_from([0.25, 2.0, 8.0]), st.sampled_from([-4.0, 0.0, 16.0]))
def test_the_scale_of_scores_makes_no_difference(hits, threshold, factor, shift):
    exact = [hit(*windows([one])[0][:2], round(one.score * 10), digest=one.reference.digest) for one in hits]
    scaled = [hit(*windows([one])[0][:2], one.score * factor + shift, digest=one.reference.digest) for one in exact]

    assert [one.reference for one in merge_hits(scaled, relative_threshold=threshold)] == [
        one.reference for one in merge_hits(exact, relative_threshold=threshold)
    ]


def covers(one, other):
    outer, inner = one.reference, other.reference
    same = one.parent == other.parent
    return same and outer.start_seconds <= inner.start_seconds and inner.end_seconds <= outer.end_seconds


def distance(one, other):
    starts = (one.reference.start_seconds, other.reference.start_seconds)
    return max(starts) - min(one.reference.end_seconds, other.reference.end_seconds)
