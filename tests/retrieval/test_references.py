"""Strings that frameworks store, read as items and written back."""

import base64
import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.look_alikes import LOOK_ALIKES, refuse_io

from medialens.errors import InputError, MediaReferenceError
from medialens.inputs import Audio, Image, Item, Text, Video
from medialens.media.reference import MediaReference
from medialens.retrieval.references import MAX_DATA_URI_CHARACTERS, compose, query_to_item, text_to_item, to_items

PICTURE = MediaReference(digest="a" * 64, mime_type="image/png")
SOUND = MediaReference(digest="b" * 64, mime_type="audio/wav", start_seconds=1, end_seconds=2.5)
CLIP = MediaReference(digest="c" * 64, mime_type="video/mp4")


def shape(item: Item) -> list[tuple[str, str]]:
    """Kind and content of each part."""
    return [(part.modality, part.text if isinstance(part, Text) else part.source) for part in item.parts]


def test_parts_come_in_reading_order():
    text = f"before {PICTURE}\nbetween\n\n{SOUND}{CLIP} after"
    expected = [
        ("text", "before"),
        ("image", str(PICTURE)),
        ("text", "between"),
        ("audio", str(SOUND)),
        ("video", str(CLIP)),
        ("text", "after"),
    ]
    assert shape(text_to_item(text)) == expected


@pytest.mark.parametrize(("reference", "kind"), [(PICTURE, Image), (SOUND, Audio), (CLIP, Video)])
def test_a_lone_reference_is_one_medium_in_the_given_store(reference, kind):
    (part,) = text_to_item(str(reference), store="memory://here").parts
    assert isinstance(part, kind)
    assert (part.source, part.store) == (str(reference), "memory://here")


def test_a_window_of_an_animated_picture_is_a_clip():
    """Of a still picture there is none, and without a window an animation is its first frame."""
    window = dataclasses.replace(PICTURE, start_seconds=0.0, end_seconds=1.5)
    for read in (text_to_item, query_to_item):
        assert shape(read(str(window))) == [("video", str(window))]
        assert shape(read(str(PICTURE))) == [("image", str(PICTURE))]


@given(st.text())
def test_text_without_references_stays_as_it_is(text):
    text = text.replace("<media://", "")
    assert shape(text_to_item(text)) == [("text", text)]
    assert shape(query_to_item(text)) == [("text", text)]


@given(st.text().filter(lambda text: "<media://" not in text))
def test_what_compose_writes_is_read_back(caption):
    parts = shape(text_to_item(compose(caption, PICTURE, CLIP)))
    words = [("text", caption.strip())] if caption.strip() else []
    assert parts == [*words, ("image", str(PICTURE)), ("video", str(CLIP))]


def test_a_caption_that_would_read_as_a_medium_is_refused():
    with pytest.raises(InputError, match="leave it out of the caption"):
        compose(f"see {PICTURE}", CLIP)


@pytest.mark.parametrize(
    "text",
    [
        str(PICTURE)[:-1],  # cut by a text splitter
        f"caption\n{str(PICTURE)[:40]}",
        str(PICTURE).replace("a" * 64, "a" * 63),
        str(PICTURE).replace("sha256", "md5"),
        str(SOUND).replace("1.000", "1.0"),  # not the canonical spelling
    ],
)
def test_a_malformed_reference_in_a_document_is_an_error(text):
    with pytest.raises(MediaReferenceError, match="not a media reference"):
        text_to_item(text)


def test_a_reference_without_its_end_says_what_may_have_cut_it():
    with pytest.raises(MediaReferenceError, match="has something split or shortened the text"):
        text_to_item(f"a caption\n{str(PICTURE)[:50]}")


@pytest.mark.parametrize("value", [None, 7, b"bytes"])
def test_what_is_no_text_says_what_it_is_and_where(value):
    with pytest.raises(InputError, match=f"item 1: expected a str as text, got a {type(value).__name__}"):
        to_items(["fine", value])
    with pytest.raises(InputError, match="expected a str as text"):
        query_to_item(value)
    with pytest.raises(InputError, match="expected a str as caption"):
        compose(value)


def test_a_medium_without_a_part_is_an_error_that_names_its_type():
    page = MediaReference(digest="d" * 64, mime_type="application/pdf")
    with pytest.raises(MediaReferenceError, match=r"application/pdf.*expected one of image, audio, video"):
        text_to_item(str(page))


def test_an_error_names_the_position_of_its_text():
    with pytest.raises(MediaReferenceError, match=r"^item 2: not a media reference") as caught:
        to_items(["fine", str(PICTURE), "<media://nothing>"])
    assert caught.value.index == 2


@pytest.mark.parametrize("query", [str(PICTURE), f" {PICTURE}\n", f"{PICTURE} {CLIP}"])
def test_a_query_that_is_references_is_media(query):
    assert "text" not in query_to_item(query).modalities


@pytest.mark.parametrize("query", [f"like {PICTURE}", f"{PICTURE} but red", f"'{PICTURE}'", "a <media:// thing"])
def test_a_query_with_words_is_text_to_the_character(query):
    assert shape(query_to_item(query)) == [("text", query)]


def test_a_query_that_is_one_malformed_reference_is_an_error():
    with pytest.raises(MediaReferenceError):
        query_to_item("<media://sha256/abc>")


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_what_looks_like_a_path_url_or_base64_stays_text_and_causes_no_io(text):
    with pytest.MonkeyPatch.context() as patch:
        tried = refuse_io(patch)
        items = [text_to_item(text), query_to_item(text)]
    assert [shape(item) for item in items] == [[("text", text)]] * 2
    assert tried == []


def test_a_single_text_is_not_a_list_of_letters():
    with pytest.raises(InputError, match="list of texts"):
        to_items("abc", store=None)


PNG_URI = "data:image/png;base64,iVBORw0KGgo="


def test_data_uris_are_text_unless_they_are_asked_for():
    for text in (PNG_URI, f"a chart {PNG_URI} below"):
        assert text_to_item(text).parts == query_to_item(text).parts == (Text(text),)
    before, picture, after = text_to_item(f"a chart {PNG_URI} below", data_uris=True).parts
    assert (before, type(picture), picture.source, after) == (Text("a chart"), Image, PNG_URI, Text("below"))
    (asked,) = query_to_item(f" {PNG_URI} ", data_uris=True).parts
    assert (type(asked), asked.source) == (Image, PNG_URI)
    assert query_to_item(f"a chart {PNG_URI}", data_uris=True).parts == (Text(f"a chart {PNG_URI}"),)
    both = text_to_item(f"{PICTURE}{PNG_URI}", data_uris=True)
    assert [part.source for part in both.parts] == [str(PICTURE), PNG_URI]
    plain = "data:text/plain;base64,aGVsbG8="
    assert text_to_item(plain, data_uris=True).parts == (Text(plain),)


def test_a_text_that_is_one_long_data_uri_is_refused():
    uri = f"data:image/png;base64,{'A' * MAX_DATA_URI_CHARACTERS}"
    for read in (text_to_item, query_to_item):
        with pytest.raises(InputError, match=rf"a data URI of {len(uri)} characters .*above the cap of 8192"):
            read(uri)
        assert read(f"see {uri}").parts == (Text(f"see {uri}"),)
        assert len(read(uri, data_uris=True).parts) == 1
    with pytest.raises(InputError, match=r"^item 1: "):
        to_items(["fine", uri])
    short = f"data:image/png;base64,{'A' * 100}"
    assert text_to_item(short).parts == (Text(short),)


def test_a_text_that_is_a_file_in_base64_is_refused_or_a_medium():
    data = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"x" * MAX_DATA_URI_CHARACTERS).decode()
    for read in (text_to_item, query_to_item):
        with pytest.raises(InputError, match=rf"a file in base64 of {len(data)} characters .*data_uris=True"):
            read(data)
    (part,) = text_to_item(data, data_uris=True).parts
    assert (type(part), part.source) == (Image, f"data:image/png;base64,{data}")
    for text in (f"see {data}", "ACGT" * MAX_DATA_URI_CHARACTERS, data[:200]):
        assert text_to_item(text).parts == (Text(text),)
    assert text_to_item("ACGT" * 100, data_uris=True).parts == (Text("ACGT" * 100),)
