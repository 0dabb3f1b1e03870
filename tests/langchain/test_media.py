"""Files as LangChain Documents."""

import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from tests.media.clips import animate, grey, levels
from tests.pictures import draw_picture

from medialens.errors import InputError, MediaChangedError, MediaDecodeError, MediaNotFoundError
from medialens.langchain import document_key, media_document
from medialens.media.reference import MediaReference
from medialens.media.store import open_store

KEYS = [
    *("source", "media_type", "mime_type", "media_ref", "parent_ref", "thumbnail_ref", "width", "height", "page"),
    *("start_seconds", "end_seconds", "box", "caption"),
]
STORE = "memory://langchain-media"


@pytest.fixture
def picture(tmp_path):
    return draw_picture(tmp_path / "red.png", "red")


def test_a_picture_becomes_a_reference_and_flat_facts(picture):
    document = media_document(picture, store=STORE)
    reference = MediaReference.parse(document.page_content)
    assert (reference.mime_type, reference.page) == ("image/png", None)
    assert open_store(STORE).read(reference) == picture.read_bytes()
    assert document.metadata == {
        "source": str(picture),
        "media_type": "image",
        "mime_type": "image/png",
        "media_ref": document.page_content,
        "parent_ref": "",
        "thumbnail_ref": "",
        "width": 128,
        "height": 96,
        "page": -1,
        "start_seconds": -1.0,
        "end_seconds": -1.0,
        "box": "",
        "caption": "",
    }


def test_a_caption_comes_before_the_reference(picture):
    document = media_document(str(picture), caption="A red picture", store=STORE)
    assert document.page_content == f"A red picture\n{document.metadata['media_ref']}"
    assert document.metadata["caption"] == "A red picture"
    assert len(document.page_content) < 300


def test_every_document_has_the_same_keys_in_json_scalars(picture):
    for document in (
        media_document(picture, store=STORE),
        media_document(picture, caption="c", store=STORE, copy=True),
    ):
        assert list(document.metadata) == KEYS
        assert json.loads(json.dumps(document.metadata)) == document.metadata


def test_a_pointer_notices_a_changed_file_and_a_copy_does_not_care(picture):
    pointer = media_document(picture, store="memory://pointers").metadata["media_ref"]
    kept = media_document(picture, store="memory://copies", copy=True).metadata["media_ref"]
    before = picture.read_bytes()
    draw_picture(picture, "blue")
    with pytest.raises(MediaChangedError, match=r"red\.png"):
        open_store("memory://pointers").read(pointer)
    assert open_store("memory://copies").read(kept) == before


def test_own_metadata_is_added_and_may_not_take_a_key_or_nest(picture):
    document = media_document(picture, store=STORE, metadata={"team": "x", "year": 2026})
    assert (document.metadata["team"], document.metadata["year"]) == ("x", 2026)
    with pytest.raises(InputError, match="'source' is one of medialens' own"):
        media_document(picture, store=STORE, metadata={"source": "elsewhere"})
    for value in ([], {}, None, picture):
        with pytest.raises(InputError, match="'tags' must be a str, int, float or bool"):
            media_document(picture, store=STORE, metadata={"tags": value})


def test_what_cannot_be_read_says_so(tmp_path):
    with pytest.raises(MediaNotFoundError, match=r"absent\.png"):
        media_document(tmp_path / "absent.png", store=STORE)
    with pytest.raises(MediaNotFoundError, match="directory"):
        media_document(tmp_path, store=STORE)
    (tmp_path / "empty.png").touch()
    with pytest.raises(MediaDecodeError, match=r"empty\.png"):
        media_document(tmp_path / "empty.png", store=STORE)
    (tmp_path / "text.png").write_text("not a picture")
    with pytest.raises(MediaDecodeError, match=r"text\.png"):
        media_document(tmp_path / "text.png", store=STORE)


documents = st.builds(Document, page_content=st.text(), metadata=st.dictionaries(st.text(), st.text() | st.integers()))


@given(documents, documents, st.text(), st.text())
def test_a_key_is_a_uuid_that_tells_documents_and_namespaces_apart(one, other, here, there):
    assert str(uuid.UUID(document_key(one))) == document_key(one)
    assert document_key(one, here) == document_key(one.model_copy(deep=True), here)
    same = (one.page_content, one.metadata, here) == (other.page_content, other.metadata, there)
    assert (document_key(one, here) == document_key(other, there)) == same


def test_a_key_does_not_depend_on_the_order_of_metadata():
    assert document_key(Document("x", metadata={"a": 1, "b": 2})) == document_key(
        Document("x", metadata={"b": 2, "a": 1})
    )


def test_an_animated_picture_is_a_clip_on_request(tmp_path):
    (tmp_path / "clip.gif").write_bytes(animate([grey(level) for level in levels(4)], duration=250))
    document = media_document(tmp_path / "clip.gif", modality="video", store=STORE)
    assert document.page_content.endswith("?type=image/gif#t=0.000,1.000>")
    assert (document.metadata["media_type"], document.metadata["end_seconds"]) == ("video", 1.0)
    assert list(document.metadata) == KEYS
