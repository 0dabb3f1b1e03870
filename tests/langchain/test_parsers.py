"""Blobs as Documents: whole media and their pieces."""

import numpy as np
import PIL.Image
import pytest
from langchain_core.documents.base import Blob
from tests.langchain.scenario import write_files
from tests.langchain.test_media import KEYS

from medialens.errors import InputError, MediaDecodeError, MediaError, MediaNotFoundError
from medialens.langchain import (
    MediaBlobParser,
    PdfPageParser,
    ScreenshotTileParser,
    SoundWindowParser,
    VideoClipParser,
    media_document,
)
from medialens.media.store import MediaStore

STORE = "memory://langchain-parsers"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_files(tmp_path_factory.mktemp("parsers") / "files")


def facts(documents, *names):
    return [tuple(one.metadata[name] for name in names) for one in documents]


CASES = [
    (MediaBlobParser, "image.png", ("width", "height"), [(128, 96)]),
    (MediaBlobParser, "talk.mp4", ("media_type", "start_seconds"), [("video", -1.0)]),
    (PdfPageParser, "report.pdf", ("page", "media_type", "width"), [(1, "image", 144), (2, "image", 144)]),
    (VideoClipParser, "talk.mp4", ("start_seconds", "end_seconds"), [(0.0, 10.0), (5.0, 15.0), (10.0, 20.0)]),
    (SoundWindowParser, "tone.wav", ("media_type", "start_seconds", "end_seconds"), [("audio", 0.0, 1.0)]),
]


@pytest.mark.parametrize(("parser", "name", "keys", "expected"), CASES)
def test_a_file_becomes_documents_of_flat_facts(files, parser, name, keys, expected):
    documents = parser(store=STORE).parse(Blob.from_path(files / name))
    assert facts(documents, *keys) == expected
    for one in documents:
        assert list(one.metadata) == KEYS
        assert one.metadata["source"] == str(files / name)
        assert one.page_content == one.metadata["media_ref"]
        assert MediaStore(STORE).read(one.metadata["media_ref"]) == (files / name).read_bytes()


@pytest.mark.parametrize(("parser", "name", "keys", "expected"), CASES)
def test_bytes_alone_become_the_same(files, parser, name, keys, expected):
    blob = Blob.from_data((files / name).read_bytes(), metadata={"source": "https://example.com/it", "author": "me"})
    documents = parser(store="memory://langchain-parsers-bytes").parse(blob)
    assert facts(documents, *keys) == expected
    assert facts(documents, "source", "author") == [("https://example.com/it", "me")] * len(expected)


@pytest.mark.parametrize(("parser", "name", "keys", "expected"), CASES)
def test_bytes_with_a_path_are_from_there_also_where_the_store_knows_them_from_elsewhere(
    files, parser, name, keys, expected
):
    parser(store="memory://langchain-parsers-path").parse(Blob.from_path(files / name))
    blob = Blob.from_data((files / name).read_bytes(), path=f"s3/bucket/{name}")
    documents = parser(store="memory://langchain-parsers-path").parse(blob)
    assert facts(documents, *keys, "source") == [(*one, f"s3/bucket/{name}") for one in expected]


def test_tiles_cover_a_long_picture_and_an_ordinary_one_stays_whole(files):
    tiles = ScreenshotTileParser(store=STORE, thumbnails=True).parse(Blob.from_path(files / "screenshot.png"))
    boxes = [tuple(map(int, one.metadata["box"].split(","))) for one in tiles]
    assert len(boxes) > 1
    covered = {row for _, y, _, height in boxes for row in range(y, y + height)}
    assert covered == set(range(420))
    for one, (_, _, width, height) in zip(tiles, boxes, strict=True):
        assert facts([one], "width", "height", "parent_ref") == [
            (width, height, media_document(files / "screenshot.png", store=STORE).page_content)
        ]
        assert MediaStore(STORE).read(one.metadata["thumbnail_ref"])
    (whole,) = ScreenshotTileParser(store=STORE).parse(Blob.from_path(files / "image.png"))
    assert whole == media_document(files / "image.png", store=STORE)


def test_pages_that_are_chosen_and_what_is_written_on_them(tmp_path):
    from tests.media.documents import document

    text = b"BT /F 12 Tf 10 30 Td (Revenue) Tj ET"
    (tmp_path / "a.pdf").write_bytes(document([b"", text, b""]))
    pages = PdfPageParser(store=STORE, pages="2-").parse(Blob.from_path(tmp_path / "a.pdf"))
    assert facts(pages, "page", "caption") == [(2, "Revenue"), (3, "")]
    assert pages[0].page_content == pages[0].metadata["media_ref"]  # seen, not read: the words are for other searches


def test_an_animation_is_a_clip_where_that_is_asked_for(tmp_path):
    from tests.media.clips import animate, grey

    (tmp_path / "a.gif").write_bytes(animate([grey(0), grey(200)], duration=500))
    blob = Blob.from_path(tmp_path / "a.gif")
    assert facts(MediaBlobParser(store=STORE, modality="video").parse(blob), "media_type") == [("video",)]
    assert facts(MediaBlobParser(store=STORE).parse(blob), "media_type") == [("image",)]


def test_documents_come_one_by_one(files):
    parsed = PdfPageParser(store=STORE).lazy_parse(Blob.from_path(files / "report.pdf"))
    assert next(parsed).metadata["page"] == 1


def test_the_wrong_file_is_an_error_that_names_it(files, tmp_path):
    with pytest.raises(MediaDecodeError, match=r"image\.png"):
        PdfPageParser(store=STORE).parse(Blob.from_path(files / "image.png"))
    with pytest.raises(MediaDecodeError, match=r"report\.pdf"):
        MediaBlobParser(store=STORE).parse(Blob.from_path(files / "report.pdf"))
    with pytest.raises(MediaNotFoundError, match=r"absent\.png"):
        MediaBlobParser(store=STORE).parse(Blob(path=tmp_path / "absent.png"))
    with pytest.raises(InputError, match="'tags' must be a str, int, float or bool"):
        MediaBlobParser(store=STORE).parse(Blob.from_path(files / "image.png", metadata={"tags": ["a"]}))


def test_parsers_are_plain_values():
    assert PdfPageParser(store=STORE, pages="1") == PdfPageParser(store=STORE, pages="1")
    with pytest.raises(TypeError, match="no_such_setting"):
        PdfPageParser(no_such_setting=1)


def test_copies_outlive_the_file(tmp_path):
    path = tmp_path / "a.png"
    PIL.Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(path)
    data = path.read_bytes()
    (document,) = MediaBlobParser(store=STORE, copy=True).parse(Blob.from_path(path))
    path.unlink()
    assert MediaStore(STORE).read(document.metadata["media_ref"]) == data


@pytest.mark.parametrize("parser", [MediaBlobParser, PdfPageParser, VideoClipParser, SoundWindowParser])
def test_a_blob_that_cannot_be_read_is_an_error_or_left_out(parser, files, caplog):
    good = {MediaBlobParser: "image.png", PdfPageParser: "report.pdf", VideoClipParser: "talk.mp4"}
    blobs = [Blob.from_data(b"no medium", path="notes.txt"), Blob.from_path(files / good.get(parser, "tone.wav"))]
    with pytest.raises(MediaError):
        [*parser(store=STORE).lazy_parse(blobs[0])]
    skipping = parser(store=STORE, errors="skip")
    documents = [one for blob in blobs for one in skipping.lazy_parse(blob)]
    assert {one.metadata["source"] for one in documents} == {str(blobs[1].path)}
    assert ["notes.txt" in record.message for record in caplog.records] == [True]
    with pytest.raises(InputError, match="neither 'raise' nor 'skip'"):
        parser(errors="last")
