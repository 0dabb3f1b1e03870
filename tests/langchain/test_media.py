"""Files as LangChain Documents."""

import datetime as dt
import json
import os
import uuid
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from tests.langchain.scenario import write_files
from tests.media.clips import animate, grey, levels
from tests.pictures import draw_picture

from medialens.errors import InputError, MediaChangedError, MediaDecodeError, MediaNotFoundError
from medialens.langchain import document_key, lazy_media_documents, media_document, media_documents, with_media_keys
from medialens.media.reference import MediaReference
from medialens.media.store import open_store

KEYS = [
    *("source", "media_type", "mime_type", "media_ref", "parent_ref", "thumbnail_ref", "width", "height", "page"),
    *("start_seconds", "end_seconds", "fps", "frame_times", "box", "caption"),
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
        "fps": -1.0,
        "frame_times": "",
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


def test_metadata_without_a_key_say_so():
    with pytest.raises(InputError, match="'a letter' have no key"):
        document_key(Document("a letter", metadata={"written": dt.date(2026, 1, 1)}))


def test_an_animated_picture_is_a_clip_on_request(tmp_path):
    (tmp_path / "clip.gif").write_bytes(animate([grey(level) for level in levels(4)], duration=250))
    document = media_document(tmp_path / "clip.gif", modality="video", store=STORE)
    assert document.page_content.endswith("?type=image/gif#t=0.000,1.000>")
    assert (document.metadata["media_type"], document.metadata["end_seconds"]) == ("video", 1.0)
    assert list(document.metadata) == KEYS


@pytest.fixture
def folder(tmp_path):
    """Media in folders, and what is none."""
    (tmp_path / "sub").mkdir()
    (tmp_path / ".hidden").mkdir()
    for name in ("b.png", "sub/a.png", ".hidden/c.png", ".d.png"):
        draw_picture(tmp_path / name, "red")
    (tmp_path / "notes.txt").write_text("no medium")
    (tmp_path / "empty.png").write_bytes(b"")
    return tmp_path


def sources(documents, folder):
    return [str(Path(one.metadata["source"]).relative_to(folder)) for one in documents]


def test_a_folder_is_all_its_visible_media_in_order(folder):
    (folder / "empty.png").unlink()
    documents = media_documents(folder, store=STORE, metadata={"project": "x"})
    assert sources(documents, folder) == ["b.png", "sub/a.png"]
    assert documents[0] == media_document(folder / "b.png", store=STORE, metadata={"project": "x"})
    assert list(lazy_media_documents(str(folder), store=STORE, metadata={"project": "x"})) == documents


def test_files_that_are_named_and_several_folders(folder):
    named = [folder / ".d.png", str(folder / "b.png"), folder / "sub"]
    assert sources(media_documents(named, store=STORE), folder) == [".d.png", "b.png", "sub/a.png"]
    with pytest.raises(MediaDecodeError, match=r"notes\.txt"):
        media_documents(folder / "notes.txt", store=STORE)
    with pytest.raises(MediaNotFoundError, match="absent"):
        media_documents(folder / "absent", store=STORE)
    assert media_documents([], store=STORE) == []


def test_a_file_that_cannot_be_read_is_an_error_or_left_out_with_a_warning(folder, caplog):
    (folder / "cut.png").write_bytes((folder / "b.png").read_bytes()[:40])
    with pytest.raises(MediaDecodeError, match=r"cut\.png"):
        media_documents([folder / "b.png", folder / "cut.png"], store=STORE)
    documents = media_documents([folder / "cut.png", folder / "b.png"], store=STORE, errors="skip")
    assert sources(documents, folder) == ["b.png"]
    assert ["cut.png" in record.message for record in caplog.records] == [True]
    with pytest.raises(InputError, match="errors='ignore'"):
        media_documents(folder, errors="ignore")


def test_each_kind_in_its_pieces_or_whole(tmp_path):
    files = write_files(tmp_path / "files")
    pieces = media_documents(files, store=STORE)
    counts = Counter(Path(one.metadata["source"]).name for one in pieces)
    assert counts.pop("screenshot.png") > 1
    assert counts == {
        "image.png": 1,
        "changing.png": 1,
        "going.png": 1,
        "report.pdf": 2,
        "talk.mp4": 3,
        "tone.wav": 1,
    }
    assert {tuple(one.metadata) for one in pieces} == {tuple(KEYS)}
    whole = media_documents(files, store=STORE, split=False)
    assert Counter(Path(one.metadata["source"]).name for one in whole) == {
        "image.png": 1,
        "changing.png": 1,
        "going.png": 1,
        "screenshot.png": 1,
        "report.pdf": 2,
        "talk.mp4": 1,
        "tone.wav": 1,
    }
    assert {one.metadata["parent_ref"] for one in whole if one.metadata["page"] == -1} == {""}


def test_links_that_lead_around_in_a_circle_are_followed_once(folder):
    (folder / "empty.png").unlink()
    (folder / "sub" / "up").symlink_to(folder, target_is_directory=True)
    (folder / "sub" / "here").symlink_to(folder / "sub", target_is_directory=True)
    assert sources(media_documents(folder, store=STORE), folder) == ["b.png", "sub/a.png"]


@pytest.mark.parametrize("split", [True, False])
def test_a_name_that_is_not_utf8_is_an_error_or_left_out(tmp_path, split):
    draw_picture(tmp_path / "a.png", "red")
    with open(os.fsencode(tmp_path) + b"/\xff.png", "wb") as file:  # noqa: PTH123  # no Path takes bytes
        file.write((tmp_path / "a.png").read_bytes())
    with pytest.raises(InputError, match="is not UTF-8"):
        media_documents(tmp_path, split=split, store=STORE)
    documents = media_documents(tmp_path, split=split, store=STORE, errors="skip")
    assert sources(documents, tmp_path) == ["a.png"]


def test_texts_get_the_keys_of_media_and_keep_their_own(picture):
    medium = media_document(picture, store=STORE)
    given = Document("a text", metadata={"source": "a.txt", "page": 3, "author": "me"}, id="1")
    (text, same) = with_media_keys([given, medium])
    assert same == medium
    assert list(text.metadata) == [*KEYS, "author"]
    assert (text.id, text.metadata["source"], text.metadata["page"], text.metadata["author"]) == ("1", "a.txt", 3, "me")
    assert (text.metadata["media_type"], text.metadata["media_ref"], text.metadata["width"]) == ("text", "", -1)
    assert {key: type(text.metadata[key]) for key in KEYS} == {key: type(medium.metadata[key]) for key in KEYS}
    assert given.metadata == {"source": "a.txt", "page": 3, "author": "me"}
