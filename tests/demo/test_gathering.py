import os

import pytest
from PIL import Image

from medialens.demo.gathering import THUMBNAIL_SIDE, find_files, gather
from medialens.errors import InputError, MediaNotFoundError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "below").mkdir()
    Image.new("RGB", (300, 200), "red").save(tmp_path / "a.png")
    Image.new("L", (20, 400)).save(tmp_path / "below" / "B.JPG")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "notes.txt").write_text("no picture either")
    return tmp_path


def test_image_files_are_found_below_and_each_once(folder):
    found = find_files([folder, folder / "a.png", folder / "below"])
    assert [path.name for path in found] == ["a.png", "B.JPG", "broken.png", "empty.jpg"]
    assert all(path.is_absolute() for path in found)


def test_what_cannot_be_read_is_skipped_with_its_reason(folder):
    gathering = gather(find_files([folder]))
    assert [picture.path.name for picture in gathering.pictures] == ["a.png", "B.JPG"]
    assert {path.name for path in gathering.skipped} == {"broken.png", "empty.jpg"}
    assert all(reason for reason in gathering.skipped.values())


def test_thumbnails_are_small_pictures(folder):
    import io

    for picture in gather(find_files([folder])).pictures:
        assert max(Image.open(io.BytesIO(picture.thumbnail)).size) <= THUMBNAIL_SIDE


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(MediaNotFoundError, match="nowhere"):
        find_files([tmp_path / "nowhere"])


def test_a_folder_without_pictures_is_named(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match=r"no image files in .*; looked for \.bmp, "):
        find_files([tmp_path])


def test_a_name_that_is_no_text_is_skipped_and_can_be_shown(folder):
    (folder / "a.png").rename(os.fsdecode(os.fsencode(folder) + b"/\xff.png"))

    gathering = gather(find_files([folder]))

    assert [picture.path.name for picture in gathering.pictures] == ["B.JPG"]
    assert {path.name.encode().decode() for path in gathering.skipped} >= {"\ufffd.png"}
