"""Hits of one medium, as fewer hits."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medialens.errors import InputError
from medialens.media.reference import MediaReference
from medialens.retrieval.hits import Hit
from medialens.retrieval.joining import join_hits

PICTURE = MediaReference(digest="a" * 64, mime_type="image/png")
OTHER = "b" * 64
FILM = MediaReference(digest="c" * 64, mime_type="video/mp4")


def tile(score, y, height=100, *, text="", **reference):
    of = dataclasses.replace(PICTURE, box=(0, y, 50, height), **reference)
    return Hit(reference=of, score=score, text=text, key=y)


def pieces(hits, **settings):
    return join_hits(hits, "pieces", **settings)


def test_good_tiles_that_touch_are_one_from_top_to_bottom():
    hits = [tile(0.9, 90, text="two"), tile(0.8, 0, text="one"), tile(0.85, 400), tile(0.1, 180, text="three")]
    best, far, bad = pieces(hits)
    assert (best.reference.box, best.text, best.score, best.key) == ((0, 0, 50, 190), "one two", 0.9, 90)
    assert far == hits[2]
    assert bad == hits[3]


def test_a_chain_of_good_ones_is_followed_and_other_pictures_and_pages_stay_apart():
    chain = [tile(0.9, 0), tile(0.9, 100), tile(0.9, 200), tile(0.0, 1000)]
    assert [hit.reference.box for hit in pieces(chain)] == [(0, 0, 50, 300), (0, 1000, 50, 100)]
    apart = [tile(0.9, 0), tile(0.9, 50, digest=OTHER), tile(0.9, 50, page=2), tile(0.9, 50, page=3), tile(0.0, 1000)]
    assert pieces(apart) == apart


def test_what_has_no_box_stays_as_it_is():
    whole = Hit(reference=PICTURE, score=0.9)
    hits = [whole, tile(0.9, 0), Hit(reference=PICTURE, score=0.8), tile(0.0, 500)]
    assert pieces(hits) == hits
    assert pieces([]) == []


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 30), st.integers(1, 12)), max_size=12))
def test_everything_is_covered_once_best_first_and_nothing_grows_that_was_alone(rows):
    hits = [tile(float(score), y, height) for score, y, height in rows]
    merged = pieces(hits)
    assert [hit.score for hit in merged] == sorted((hit.score for hit in merged), reverse=True)
    for hit in hits:
        _, y, _, height = hit.reference.box
        boxes = [one.reference.box for one in merged]
        assert any(box[1] <= y and y + height <= box[1] + box[3] for box in boxes)
    edges = {(y, y + height) for _, y, height in rows}
    for one in merged:
        _, y, _, height = one.reference.box
        assert y in {top for top, _ in edges}
        assert y + height in {bottom for _, bottom in edges}


def test_each_way_to_join():
    clip = dataclasses.replace(FILM, start_seconds=0.0, end_seconds=10.0)
    next_clip = dataclasses.replace(FILM, start_seconds=5.0, end_seconds=15.0)
    hits = [Hit(reference=clip, score=0.9), Hit(reference=next_clip, score=0.8), tile(0.7, 0), tile(0.1, 90)]
    (film, *tiles) = join_hits(hits, "pieces")
    assert (film.reference.start_seconds, film.reference.end_seconds) == (0.0, 15.0)
    assert [hit.reference.box for hit in tiles] == [(0, 0, 50, 100), (0, 90, 50, 100)]
    assert join_hits(hits, "pictures") == hits[:3]
    assert join_hits(hits, "media") == [hits[0], hits[2]]
    with pytest.raises(InputError, match="how='sideways'"):
        join_hits(hits, "sideways")


def test_neighbours_are_told_by_their_fitness_where_scores_are_made_of_ranks():
    fit = {0: 0.9, 90: 0.89, 180: 0.1}
    by_rank = [tile(1 / 61, 0), tile(1 / 62, 90), tile(1 / 63, 180)]
    first, rest = pieces(by_rank, fitness=lambda hit: fit[hit.key])
    assert (first.reference.box, rest.reference.box) == ((0, 0, 50, 190), (0, 180, 50, 100))
    assert first.score == 1 / 61
    assert len(pieces(by_rank)) == 3
