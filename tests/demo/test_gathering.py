import os
import sys

import pytest
from PIL import Image
from tests.media.clips import animate, grey, levels

from medialens.demo.gathering import find_files, gather
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


@pytest.fixture
def clips(tmp_path):
    """A picture as GIF, an animation, a video, and files that are not what their names say."""
    from tests.media.clips import film

    (tmp_path / "clips").mkdir()
    Image.new("RGB", (30, 20), "red").save(tmp_path / "clips" / "still.gif")
    frames = [grey(level) for level in levels(6)]
    (tmp_path / "clips" / "moving.gif").write_bytes(animate(frames))
    (tmp_path / "clips" / "film.MP4").write_bytes(film(frames))
    (tmp_path / "clips" / "broken.webm").write_bytes(b"no video")
    (tmp_path / "clips" / "cut.mp4").write_bytes(film(frames)[:600])
    return tmp_path / "clips"


def test_files_are_found_below_and_each_once(folder):
    found = find_files([folder, folder / "a.png", folder / "below"])
    assert [path.name for path in found] == ["a.png", "B.JPG", "broken.png", "empty.jpg"]
    assert all(path.is_absolute() for path in found)


def test_what_cannot_be_read_is_skipped_with_its_reason(folder):
    gathering = gather(find_files([folder]))
    assert [path.name for path in gathering.files] == ["a.png", "B.JPG"]
    assert gathering.clips == frozenset()
    assert {path.name for path in gathering.skipped} == {"broken.png", "empty.jpg"}
    assert all(reason for reason in gathering.skipped.values())


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(MediaNotFoundError, match="nowhere"):
        find_files([tmp_path / "nowhere"])


def test_a_folder_without_pictures_is_named(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match=r"no pictures or videos in .*; looked for \.avi, "):
        find_files([tmp_path])


def test_a_name_that_is_no_text_is_skipped_and_can_be_shown(folder):
    (folder / "a.png").rename(os.fsdecode(os.fsencode(folder) + b"/\xff.png"))

    gathering = gather(find_files([folder]))

    assert [path.name for path in gathering.files] == ["B.JPG"]
    assert {path.name.encode().decode() for path in gathering.skipped} >= {"\ufffd.png"}


def test_clips_are_told_by_what_is_in_them(clips):
    gathering = gather(find_files([clips]))
    assert [path.name for path in gathering.files] == ["film.MP4", "moving.gif", "still.gif"]
    assert {path.name for path in gathering.clips} == {"film.MP4", "moving.gif"}
    assert {path.name for path in gathering.skipped} == {"broken.webm", "cut.mp4"}


def test_where_the_model_takes_none_animations_are_pictures_and_videos_are_skipped(clips):
    gathering = gather(find_files([clips]), clips=False)
    assert [path.name for path in gathering.files] == ["moving.gif", "still.gif"]
    assert gathering.clips == frozenset()
    reasons = {path.name: reason for path, reason in gathering.skipped.items()}
    assert "models take none" in reasons["film.MP4"]


def test_where_videos_cannot_be_decoded_it_is_said_what_to_install(clips, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)  # as if it were not installed
    gathering = gather(find_files([clips]))
    assert {path.name for path in gathering.clips} == {"moving.gif"}
    reasons = {path.name: reason for path, reason in gathering.skipped.items()}
    assert "pip install 'medialens[video]'" in reasons["film.MP4"]
