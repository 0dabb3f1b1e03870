import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medialens.errors import InputError
from medialens.media.reference import MediaReference
from medialens.retrieval.hits import Hit
from medialens.retrieval.parents import best_of_parents

ONE = MediaReference(digest="1" * 64, mime_type="image/png")
OTHER = MediaReference(digest="2" * 64, mime_type="image/png")
REPORT = MediaReference(digest="3" * 64, mime_type="application/pdf")
FILM = MediaReference(digest="4" * 64, mime_type="video/mp4")


def tile(whole, y, score, **facts):
    return Hit(reference=dataclasses.replace(whole, box=(0, y, 100, 140)), score=score, **facts)


def page(number, score, box=None):
    return Hit(reference=dataclasses.replace(REPORT, page=number, box=box), score=score)


def clip(start, score):
    return Hit(reference=dataclasses.replace(FILM, start_seconds=start, end_seconds=start + 5), score=score)


def test_a_screenshot_is_as_good_as_its_best_tile_and_says_where_that_is():
    best = tile(ONE, 240, 0.9, text="the button", source="a.png", key="7")
    hits = [tile(ONE, 0, 0.2), tile(OTHER, 0, 0.5), best, tile(OTHER, 120, 0.4)]

    found = best_of_parents(hits)
    assert found == [best, hits[1]]
    assert found[0].reference.box == (0, 240, 100, 140)
    assert found[0].parent == ONE


def test_a_whole_picture_and_its_tiles_are_one():
    whole = Hit(reference=ONE, score=0.3)
    assert best_of_parents([whole, tile(ONE, 0, 0.2)]) == [whole]


def test_pages_and_clips_stay_apart_unless_asked_for():
    hits = [page(1, 0.5), page(2, 0.6), clip(0.0, 0.4), clip(5.0, 0.7), page(2, 0.55, box=(0, 0, 9, 9))]
    assert best_of_parents(hits) == [hits[3], hits[1], hits[0], hits[2]]
    assert best_of_parents(hits, of="medium") == [hits[3], hits[1]]


def test_equal_scores_keep_the_order_given():
    hits = [tile(OTHER, 0, 0.5), tile(ONE, 0, 0.5), tile(ONE, 120, 0.5), tile(OTHER, 120, 0.5)]
    assert best_of_parents(hits) == hits[:2]


@given(st.lists(st.tuples(st.sampled_from([ONE, OTHER, REPORT]), st.integers(0, 3), st.floats(-2, 2))))
def test_every_parent_has_one_hit_of_its_best_score_and_they_are_in_order(drawn):
    hits = [tile(whole, y, score) for whole, y, score in drawn]
    found = best_of_parents(iter(hits))

    assert {hit.parent for hit in found} == {hit.parent for hit in hits}
    assert len({hit.parent for hit in found}) == len(found)
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)
    for hit in found:
        assert hit.score == max(other.score for other in hits if other.parent == hit.parent)
        assert any(hit is other for other in hits)


def test_what_a_parent_can_be():
    with pytest.raises(InputError, match="'page' is neither"):
        best_of_parents([], of="page")
