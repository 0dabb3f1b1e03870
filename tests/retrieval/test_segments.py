"""Pieces of files, as flat facts."""

import dataclasses

import pytest

from medialens.media.reference import MediaReference, find_references
from medialens.media.segment.segment import Segment
from medialens.media.store import open_store
from medialens.retrieval.segments import describe_segment

STORE = open_store("memory://retrieval-segments")
WHOLE = MediaReference(digest="a" * 64, mime_type="application/pdf")
PAGE = dataclasses.replace(WHOLE, page=3)
SEGMENT = Segment(reference=PAGE, store=STORE, source="/a.pdf", text="Sales fell", width=30, height=40, thumbnail=WHOLE)


def test_a_segment_keeps_its_place_its_size_and_its_parent():
    facts = describe_segment(SEGMENT, "the page on sales").metadata()
    assert (facts["media_ref"], facts["parent_ref"], facts["thumbnail_ref"]) == (str(PAGE), str(WHOLE), str(WHOLE))
    assert (facts["page"], facts["width"], facts["height"], facts["source"]) == (3, 30, 40, "/a.pdf")
    assert (facts["media_type"], facts["caption"]) == ("image", "the page on sales")


def test_its_own_text_is_no_caption_but_stands_in_for_one():
    found = describe_segment(SEGMENT)
    assert (found.caption, found.text, found.metadata()["caption"]) == ("", "Sales fell", "Sales fell")


@pytest.mark.parametrize("opening", ["<", "<<", "<media://<"])
def test_text_of_a_file_cannot_hold_references(opening):
    other = str(MediaReference(digest="b" * 64, mime_type="image/png"))
    found = describe_segment(dataclasses.replace(SEGMENT, text=f"see {opening}{other[1:]} there"))
    assert list(find_references(found.text)) == []
    assert "b" * 64 in found.text
