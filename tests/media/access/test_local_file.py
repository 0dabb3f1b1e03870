"""Files that are sought in, not held."""

import dataclasses
import hashlib
import os
import sys
from pathlib import Path

import pytest
from tests.media.encoding import encode, noise

from medialens.errors import MediaAccessError, MediaChangedError, MediaDecodeError, MediaLimitError, MediaNotFoundError
from medialens.inputs import Image, Video
from medialens.media.access import local_file
from medialens.media.access.local_file import LocalFile, is_sought_in, read_content, summarise_file
from medialens.media.limits import MediaLimits
from medialens.media.source import read_part, read_source
from medialens.media.store import MediaStore

LIMITS = MediaLimits()
MP4 = b"\x00\x00\x00\x18ftypisom" + bytes(range(256)) * 8192  # two megabytes; only the head has to be right
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="links of POSIX")


@pytest.fixture
def path(tmp_path):
    (tmp_path / "film.mp4").write_bytes(MP4)
    return tmp_path / "film.mp4"


@pytest.fixture
def settled(monkeypatch):
    """Files count as settled at once."""
    local_file._summaries.clear()
    monkeypatch.setattr(local_file, "_SETTLED_NS", -(10**18))


@pytest.fixture
def hashed(monkeypatch):
    """How often a file is read through."""
    calls = []
    really = local_file._summarise
    monkeypatch.setattr(local_file, "_summarise", lambda *args: calls.append(1) or really(*args))
    return calls


def bytes_of(film):
    with film.open() as file:
        return file.read()


# What is held and what is not --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "is_sought"),
    [
        (MP4[:64], True),
        (b"\x1a\x45\xdf\xa3" + b"webm" + bytes(60), True),
        (b"fLaC" + bytes(60), True),
        (b"RIFF\x10\x00\x00\x00WAVE" + bytes(60), True),
        (b"%PDF-1.7\n" + bytes(60), True),
        (b"\x89PNG\r\n\x1a\n" + bytes(60), False),
        (b"GIF89a" + bytes(60), False),
        (b"RIFF\x10\x00\x00\x00WEBP" + bytes(60), False),
        (b"just words", False),
        (bytes(64), False),
    ],
)
def test_films_sounds_and_documents_stay_in_their_files(tmp_path, head, is_sought):
    (tmp_path / "a.bin").write_bytes(head)

    content = read_content(tmp_path / "a.bin", LIMITS)

    assert isinstance(content, LocalFile) is is_sought
    if not is_sought:
        assert content == head


def test_every_way_to_name_a_file(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    for source in (path, str(path), "film.mp4", path.as_uri()):
        film = read_source(source, LIMITS)
        assert isinstance(film.content, LocalFile)
        assert (film.digest, film.mime_type, film.n_bytes) == (hashlib.sha256(MP4).hexdigest(), "video/mp4", len(MP4))
        assert repr(film) == f"Encoded({str(source)!r}, video/mp4, {len(MP4)} bytes)"
        with film.open() as file:
            file.seek(100)
            assert file.read(10) == MP4[100:110]
    relative = read_source("film.mp4", LIMITS)
    monkeypatch.chdir("/")
    assert relative.data == MP4  # it is still the same file


def test_bytes_and_open_files_are_held(path):
    assert read_source(MP4, LIMITS).content == MP4
    with path.open("rb") as file:
        assert read_source(file, LIMITS).content == MP4


def test_memory_is_that_of_a_chunk(tmp_path):
    import tracemalloc

    with (tmp_path / "large.mp4").open("wb") as file:
        file.write(MP4[:512])
        file.truncate(100_000_000)  # zeros that take no space
    tracemalloc.start()
    film = read_source(tmp_path / "large.mp4", LIMITS)
    with film.open() as file:
        file.seek(50_000_000)
        file.read(1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert film.n_bytes == 100_000_000
    assert peak < 8_000_000


# Limits ------------------------------------------------------------------------------------------------------------


def test_a_large_film_is_opened_and_not_held(path):
    small = dataclasses.replace(LIMITS, max_bytes=1000)

    film = read_source(path, small)

    assert bytes_of(film) == MP4
    with pytest.raises(MediaLimitError, match="max_bytes"):
        _ = film.data
    with pytest.raises(MediaLimitError, match="max_bytes"):
        read_source(MP4, small)


def test_a_file_that_is_larger_than_any_film(path, tmp_path):
    limits = dataclasses.replace(LIMITS, max_file_bytes=len(MP4) - 1)

    for read in (read_content, summarise_file):
        with pytest.raises(MediaLimitError, match="max_file_bytes") as caught:
            read(path, limits)
        assert (caught.value.value, caught.value.maximum) == (len(MP4), len(MP4) - 1)
    (tmp_path / "text").write_bytes(b"x" * len(MP4))
    assert read_content(tmp_path / "text", limits) == b"x" * len(MP4)
    with pytest.raises(MediaLimitError, match=r"MediaLimits\.max_bytes"):
        read_content(tmp_path / "text", dataclasses.replace(LIMITS, max_bytes=10))


def test_pictures_are_not_let_in_as_films(tmp_path):
    """What a file is, is told from its bytes, not from what a reference says."""
    picture = encode(noise(40, 40))
    (tmp_path / "a.mp4").write_bytes(picture)
    store = MediaStore(tmp_path / "store")
    reference = dataclasses.replace(store.register(tmp_path / "a.mp4"), mime_type="video/mp4")

    assert read_part(Image(str(reference), store=store), LIMITS).content == picture


def test_roots_hold_at_every_opening(path, tmp_path):
    (tmp_path / "in").mkdir()
    inside = tmp_path / "in" / "film.mp4"
    inside.write_bytes(MP4)
    limits = MediaLimits(roots=(tmp_path / "in",))

    film = read_source(inside, limits)
    with pytest.raises(MediaAccessError, match="outside the allowed folders"):
        read_source(path, limits)
    inside.unlink()
    inside.symlink_to(path)  # the same bytes, elsewhere
    with pytest.raises(MediaAccessError, match="outside the allowed folders"):
        film.open()


def test_nothing_and_empty(tmp_path):
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(MediaDecodeError, match="is empty"):
        read_content(tmp_path / "empty.mp4", LIMITS)
    with pytest.raises(MediaNotFoundError):
        read_content(tmp_path / "gone.mp4", LIMITS)


# Files that change -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [MP4 + b"x", MP4[:-1], MP4[:-1] + b"x"])
def test_a_file_that_changed_is_noticed(path, change):
    film = read_source(path, LIMITS)
    path.write_bytes(change)

    for look in (film.open, lambda: film.data):
        with pytest.raises(MediaChangedError, match="changed after it was looked at first") as caught:
            look()
        assert caught.value.path == str(path)


def test_a_change_is_noticed_although_the_stamp_was_set_back(path, settled):
    film = read_source(path, LIMITS)
    status = path.stat()
    path.write_bytes(MP4[:-1] + b"x")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    if os.name == "posix":  # elsewhere there is no time of change that nobody can set
        with pytest.raises(MediaChangedError):
            film.open()


def test_a_file_that_is_gone(path):
    film = read_source(path, LIMITS)
    path.unlink()
    with pytest.raises(MediaNotFoundError):
        film.open()


def test_a_file_that_was_touched_or_replaced_by_the_same_is_the_same(path, tmp_path):
    film = read_source(path, LIMITS)
    os.utime(path)
    assert bytes_of(film) == MP4
    (tmp_path / "copy").write_bytes(MP4)
    (tmp_path / "copy").replace(path)
    assert bytes_of(film) == MP4


def test_a_film_is_read_through_once(path, settled, hashed):
    for _ in range(3):
        read_source(path, LIMITS).open().close()
        summarise_file(path, LIMITS)
    assert len(hashed) == 1
    os.utime(path)
    read_source(path, LIMITS)
    assert len(hashed) == 2


def test_a_stamp_that_is_too_young_is_not_trusted(path, hashed):
    """A second change within the tick of the file system's clock would leave the same stamp."""
    local_file._summaries.clear()
    read_source(path, LIMITS)
    read_source(path, LIMITS)
    assert len(hashed) == 2


@POSIX
def test_a_file_that_changes_while_it_is_read_through_is_not_remembered(path, settled, hashed, monkeypatch):
    really = local_file._summarise

    def grow(*args):
        summary = really(*args)
        with path.open("ab") as file:
            file.write(b"more")
        return summary

    monkeypatch.setattr(local_file, "_summarise", grow)
    film = read_source(path, LIMITS)
    monkeypatch.setattr(local_file, "_summarise", really)
    with pytest.raises(MediaChangedError):
        film.open()


# Stores ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("copy", [False, True])
def test_references_lead_to_files(path, tmp_path, copy):
    store = MediaStore(tmp_path / "store")
    reference = store.register(path, copy=copy)

    film = read_part(Video(str(reference), store=store), LIMITS)

    assert isinstance(film.content, LocalFile)
    assert film.digest == reference.digest
    assert (film.content.path == path) is not copy
    assert bytes_of(film) == MP4
    assert store.read(reference) == MP4


@pytest.mark.parametrize("url", ["memory://films"])
def test_stores_without_files_give_bytes(path, url):
    store = MediaStore(url)
    reference = store.register(path, copy=True)
    assert read_part(Video(str(reference), store=store), LIMITS).content == MP4


def test_clips_of_one_film_read_it_through_once(path, tmp_path, settled, hashed):
    store = MediaStore(tmp_path / "store")
    reference = store.register(path)
    for at in range(20):
        part = Video(str(dataclasses.replace(reference, start_seconds=float(at), end_seconds=at + 1.0)), store=store)
        assert bytes_of(read_part(part, LIMITS)) == MP4
    assert len(hashed) == 1


@pytest.mark.parametrize("change", [MP4 + b"x", MP4[:-1] + b"x"])
def test_a_registered_film_that_changed(path, tmp_path, change):
    store = MediaStore(tmp_path / "store")
    reference = store.register(path)
    path.write_bytes(change)
    with pytest.raises(MediaChangedError, match="not what was registered"):
        read_part(Video(str(reference), store=store), dataclasses.replace(LIMITS, max_bytes=10))


def test_a_copy_that_was_damaged(path, tmp_path):
    store = MediaStore(tmp_path / "store")
    reference = store.register(path, copy=True)
    Path(store.path(reference)).write_bytes(MP4[:-1] + b"x")
    with pytest.raises(MediaChangedError, match="damaged"):
        read_part(Video(str(reference), store=store), LIMITS)


def test_roots_hold_for_registered_films_and_not_for_copies(path, tmp_path):
    store = MediaStore(tmp_path / "store")
    limits = MediaLimits(roots=(tmp_path / "nowhere",))
    pointed = store.register(path)
    with pytest.raises(MediaAccessError):
        read_part(Video(str(pointed), store=store), limits)
    copied = store.register(path, copy=True)
    assert bytes_of(read_part(Video(str(copied), store=store), limits)) == MP4


def test_a_film_with_a_duplicate_is_found_there(path, tmp_path):
    (tmp_path / "twin.mp4").write_bytes(MP4)
    store = MediaStore(tmp_path / "store")
    store.register(path)
    reference = store.register(tmp_path / "twin.mp4")
    (tmp_path / "twin.mp4").unlink()
    assert read_part(Video(str(reference), store=store), LIMITS).content.path == path


@pytest.mark.parametrize(
    ("mime_type", "expected"),
    [("video/mp2t", True), ("audio/mpeg", True), ("application/pdf", True), ("image/gif", False)],
)
def test_kinds(mime_type, expected):
    assert is_sought_in(mime_type) is expected
