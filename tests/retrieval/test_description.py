"""A media file, as flat facts."""

import os
import re
import struct
import zlib
from pathlib import Path

import PIL.Image
import pytest
from tests.media.clips import animate, grey, levels

from medialens.errors import InputError, MediaAccessError, MediaDecodeError, MediaLimitError
from medialens.media.limits import MediaLimits
from medialens.media.reference import MediaReference
from medialens.media.store import open_store
from medialens.retrieval.description import MediaDescription, describe, describe_bytes, merge_metadata
from medialens.retrieval.references import text_to_item

STORE = "memory://retrieval-description"


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "a.png"
    PIL.Image.new("RGB", (30, 20), "red").save(path)
    return path


def test_a_part_of_a_medium_tells_page_window_and_box():
    whole = MediaReference(digest="a" * 64, mime_type="application/pdf")
    part = MediaReference(
        digest="a" * 64, mime_type="application/pdf", page=3, start_seconds=1, end_seconds=2.5, box=(1, 2, 30, 40)
    )
    facts = MediaDescription(reference=part, source="/a.pdf", parent=whole, thumbnail=whole).metadata()
    assert (facts["page"], facts["start_seconds"], facts["end_seconds"], facts["box"]) == (3, 1, 2.5, "1,2,30,40")
    assert (facts["media_ref"], facts["parent_ref"], facts["thumbnail_ref"]) == (str(part), str(whole), str(whole))


def test_the_size_is_that_of_the_upright_picture(tmp_path):
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # turn right
    for name in ("a.jpg", "a.png"):
        PIL.Image.new("RGB", (30, 20), "red").save(tmp_path / name, exif=exif)
        found = describe(tmp_path / name, store=STORE)
        assert (found.width, found.height) == (20, 30)


def test_the_source_is_absolute_and_links_stay_as_named(picture, monkeypatch):
    monkeypatch.chdir(picture.parent)
    link = picture.parent / "link.png"
    link.symlink_to(picture)
    for path in ("link.png", Path("link.png"), f"file://{link}", "x/../link.png"):
        assert describe(path, store=STORE).source == str(link)


def test_a_copy_is_read_from_the_store(picture, tmp_path):
    found = describe(picture, store=tmp_path / "store", copy=True)
    data = picture.read_bytes()
    picture.unlink()
    assert open_store(tmp_path / "store").read(found.reference) == data


def test_limits_hold(picture, tmp_path):
    with pytest.raises(MediaAccessError):
        describe(picture, store=STORE, limits=MediaLimits(roots=(tmp_path / "elsewhere",)))
    with pytest.raises(MediaAccessError, match="allow_urls"):
        describe("https://example.com/a.png", store=STORE)
    with pytest.raises(MediaLimitError, match="max_pixels"):
        describe(picture, store=STORE, limits=MediaLimits(max_pixels=100))


@pytest.mark.parametrize(("name", "data"), [("a.txt", b"words"), ("a.png", b"words"), ("a.pdf", b"%PDF-1.7\n")])
def test_a_file_that_is_no_medium_is_an_error_that_says_what_it_holds(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(MediaDecodeError, match=r"a\.\w+' holds \w+/\w+; expected a file of image, audio, video"):
        describe(tmp_path / name, store=STORE)


def test_a_broken_picture_is_an_error_that_names_it(tmp_path):
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    with pytest.raises(MediaDecodeError, match=r"a\.png"):
        describe(tmp_path / "a.png", store=STORE)


def test_own_metadata_may_neither_replace_nor_nest(picture):
    found = describe(picture, store=STORE)
    assert merge_metadata(found, None) == found.metadata()
    assert merge_metadata(found, {"x": 1.5})["x"] == 1.5
    with pytest.raises(InputError, match="'page' is one of medialens' own"):
        merge_metadata(found, {"page": 3})
    with pytest.raises(InputError, match="'x' must be"):
        merge_metadata(found, {"x": [1]})


@pytest.mark.parametrize("wrong", ["", None, 5, b"red.png"])
def test_what_is_no_path_is_refused(wrong):
    with pytest.raises(InputError, match="expected the path or URL of a file, got"):
        describe(wrong)


def test_a_name_that_is_no_text_is_refused(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png"))
    PIL.Image.new("RGB", (2, 2)).save(path)
    with pytest.raises(InputError, match="rename the file"):
        describe(path, store="memory://names")


@pytest.mark.parametrize("file_format", ["GIF", "PNG", "WEBP"])
def test_an_animated_picture_is_a_clip_on_request(tmp_path, file_format):
    path = tmp_path / f"clip.{file_format.lower()}"
    path.write_bytes(animate([grey(level) for level in levels(4)], file_format, duration=130))

    clip = describe(path, modality="video", store=STORE)
    facts = clip.metadata()
    assert (facts["media_type"], facts["mime_type"]) == ("video", f"image/{file_format.lower()}")
    assert (facts["start_seconds"], facts["end_seconds"]) == (0.0, 0.52)
    assert (facts["width"], facts["height"]) == (64, 48)
    assert [part.modality for part in text_to_item(str(clip.reference), store=STORE).parts] == ["video"]

    picture = describe(path, store=STORE)
    assert picture.metadata()["media_type"] == "image"
    assert picture.reference == clip.reference.whole()


def test_no_part_of_a_millisecond_is_cut_off(tmp_path):
    data = bytearray(animate([grey(level) for level in levels(3)], "PNG"))
    for found in re.finditer(b"fcTL", bytes(data)):
        end = found.end() + 26
        struct.pack_into(">HH", data, end - 6, 1, 3)  # a third of a second, which is read to the microsecond
        struct.pack_into(">I", data, end, zlib.crc32(data[found.start() : end]))
    (tmp_path / "clip.png").write_bytes(data)
    assert describe(tmp_path / "clip.png", modality="video", store=STORE).metadata()["end_seconds"] == 1.0


def test_a_clip_where_nothing_moves_is_refused(picture, tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF\x24\0\0\0WAVEfmt ")
    for path, holds in ((picture, "image/png"), (tmp_path / "a.wav", "audio/wav")):
        with pytest.raises(InputError, match=rf"{path.name}' is {holds} in which nothing moves"):
            describe(path, modality="video", store=STORE)
    with pytest.raises(InputError, match="modality='clip' is neither 'video' nor None"):
        describe(picture, modality="clip", store=STORE)


def test_a_video_file_is_a_clip_in_any_case(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"\0\0\0\x20ftypisom and so on")
    assert describe(path, store=STORE) == describe(path, modality="video", store=STORE)
    assert describe(path, store=STORE).metadata()["media_type"] == "video"


def test_bytes_are_put_into_the_store_and_known_by_where_they_are_from(tmp_path):
    path = tmp_path / "red.png"
    PIL.Image.new("RGB", (30, 20), "red").save(path)
    store = str(tmp_path / "store")
    description = describe_bytes(path.read_bytes(), caption="c", store=store)
    assert (description.width, description.height, description.caption, description.source) == (30, 20, "c", "")
    path.unlink()
    assert open_store(store).read(description.reference)
    assert describe_bytes(b"%PDF-1.7\n", store=store, pdf=True, source="a.pdf").metadata()["source"] == "a.pdf"
    with pytest.raises(MediaDecodeError, match="application/pdf"):
        describe_bytes(b"%PDF-1.7\n", store=store)


def test_a_whole_pdf_is_described_where_that_is_asked_for(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7\n")
    known = describe(path, store=str(tmp_path / "store"), pdf=True)
    assert (known.reference.mime_type, known.source, known.width) == ("application/pdf", str(path), -1)
