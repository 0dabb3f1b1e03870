"""Pieces of files, as flat facts."""

import dataclasses

import pytest
from tests.media.documents import document, words

from medialens.errors import MediaDecodeError, MediaLimitError
from medialens.media.limits import MediaLimits
from medialens.media.reference import MediaReference, find_references
from medialens.media.segment.segment import Segment
from medialens.media.store import open_store
from medialens.retrieval.description import describe
from medialens.retrieval.references import compose, text_to_item
from medialens.retrieval.segments import describe_pages, describe_segment

STORE = open_store("memory://retrieval-segments")
WHOLE = MediaReference(digest="a" * 64, mime_type="application/pdf")
PAGE = dataclasses.replace(WHOLE, page=3)
SEGMENT = Segment(reference=PAGE, store=STORE, source="/a.pdf", text="Sales fell", width=30, height=40, thumbnail=WHOLE)


def test_a_segment_keeps_its_place_its_size_and_its_parent():
    facts = describe_segment(SEGMENT, "the page on sales").metadata()
    assert (facts["media_ref"], facts["parent_ref"], facts["thumbnail_ref"]) == (str(PAGE), str(WHOLE), str(WHOLE))
    assert (facts["page"], facts["width"], facts["height"], facts["source"]) == (3, 30, 40, "/a.pdf")
    assert (facts["media_type"], facts["caption"]) == ("image", "the page on sales")


def test_a_clip_keeps_its_rate_and_the_moments_of_its_frames():
    clip = MediaReference(digest="a" * 64, mime_type="video/mp4", start_seconds=1.0, end_seconds=3.0)
    facts = describe_segment(
        Segment(reference=clip, store=STORE, source="/a.mp4", fps=23.976, frame_times=(1.25, 2.0, 2.75))
    ).metadata()
    assert (facts["fps"], facts["frame_times"]) == (23.976, "1.250,2.000,2.750")
    facts = describe_segment(SEGMENT).metadata()
    assert (facts["fps"], facts["frame_times"]) == (-1.0, "")


def test_its_own_text_is_no_caption_but_stands_in_for_one():
    found = describe_segment(SEGMENT)
    assert (found.caption, found.text, found.metadata()["caption"]) == ("", "Sales fell", "Sales fell")


@pytest.mark.parametrize("opening", ["<", "<<", "<media://<"])
def test_text_of_a_file_cannot_hold_references(opening):
    other = str(MediaReference(digest="b" * 64, mime_type="image/png"))
    found = describe_segment(dataclasses.replace(SEGMENT, text=f"see {opening}{other[1:]} there"))
    assert list(find_references(found.text)) == []
    assert "b" * 64 in found.text


def test_pages_of_a_document(tmp_path):
    pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed: pip install 'medialens[pdf]'")
    path = tmp_path / "a.pdf"
    path.write_bytes(document([words(f"p{page}") for page in (1, 2, 3)]))
    first, second = describe_pages(path, store=STORE, pages="3,1", thumbnails=True)
    facts = first.metadata()
    assert (facts["page"], facts["caption"], facts["width"], facts["height"]) == (3, "p3", 144, 144)
    assert (facts["source"], facts["media_type"], facts["mime_type"]) == (str(path), "image", "application/pdf")
    assert facts["parent_ref"] == str(first.reference.whole()) == str(second.parent)
    assert (second.reference.page, second.text) == (1, "p1")
    assert MediaReference.parse(str(facts["thumbnail_ref"])) in STORE
    (part,) = text_to_item(compose("", first.reference), store=STORE).parts  # what a framework stores, and back
    assert (part.modality, part.source) == ("image", str(first.reference))
    with pytest.raises(MediaLimitError, match="max_pages"):
        describe_pages(path, store=STORE, limits=MediaLimits(max_pages=2))
    with pytest.raises(MediaDecodeError, match="describe_pages"):
        describe(path, store=STORE)
