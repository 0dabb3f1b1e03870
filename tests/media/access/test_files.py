import hashlib
import os
import socket
import sys
import threading
from pathlib import Path

import pytest
from tests.media.encoding import encode, noise

from medialens.errors import (
    InputError,
    MediaAccessError,
    MediaDecodeError,
    MediaError,
    MediaLimitError,
    MediaNotFoundError,
)
from medialens.media.access import files
from medialens.media.access.files import path_of_url, read_file
from medialens.media.access.local_file import summarise_file
from medialens.media.limits import MediaLimits

LIMITS = MediaLimits()
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="pipes, sockets and modes of POSIX")


def test_a_file_is_read_whole(tmp_path):
    data = os.urandom(3 * 1024**2 + 1)  # more than one chunk
    (tmp_path / "a").write_bytes(data)
    assert read_file(tmp_path / "a", LIMITS) == data
    summary = summarise_file(str(tmp_path / "a"), LIMITS)
    assert (summary.digest, summary.n_bytes) == (hashlib.sha256(data).hexdigest(), len(data))


def test_a_summary_tells_the_type(tmp_path):
    (tmp_path / "a.txt").write_bytes(encode(noise(4, 4)))
    assert summarise_file(tmp_path / "a.txt", LIMITS).mime_type == "image/png"


@pytest.mark.parametrize("read", [read_file, summarise_file])
def test_what_is_no_file(tmp_path, read):
    (tmp_path / "empty").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path, error, words in (
        (tmp_path, MediaNotFoundError, "directory"),
        (tmp_path / "gone", MediaNotFoundError, "does not exist"),
        (tmp_path / "dangling", MediaNotFoundError, "does not exist"),
        (tmp_path / "loop", MediaNotFoundError, "loop"),
        (tmp_path / "empty" / "below", MediaNotFoundError, "below"),
        (tmp_path / ("x" * 5000), MediaNotFoundError, "xxx"),
        ("nul\0nul", MediaNotFoundError, "nul"),
        ("", MediaNotFoundError, "directory"),
        (tmp_path / "empty", MediaDecodeError, "is empty"),
    ):
        with pytest.raises(error, match=words) as caught:
            read(path, LIMITS)
        assert caught.value.source == str(path)


@POSIX
def test_pipes_devices_and_sockets_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")  # opening it for reading would wait for a writer
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        for path in (tmp_path / "pipe", tmp_path / "s", Path("/dev/zero"), Path("/dev/null")):
            with pytest.raises(MediaAccessError, match="no regular file"):
                read_file(path, LIMITS)


@POSIX
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path):
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "secret").chmod(0)
    with pytest.raises(MediaAccessError, match="may not be read"):
        read_file(tmp_path / "secret", LIMITS)


def test_a_refused_open_is_an_access_error(tmp_path, monkeypatch):
    (tmp_path / "secret").write_bytes(b"x")

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files.os, "open", refuse)
    with pytest.raises(MediaAccessError, match="may not be read"):
        read_file(tmp_path / "secret", LIMITS)


def test_the_size_is_checked_before_reading(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"12345")
    assert read_file(tmp_path / "a", MediaLimits(max_bytes=5)) == b"12345"
    monkeypatch.setattr(files.os, "read", lambda *_: pytest.fail("it was read"))
    with pytest.raises(MediaLimitError, match="max_bytes") as caught:
        read_file(tmp_path / "a", MediaLimits(max_bytes=4))
    assert (caught.value.value, caught.value.maximum) == (5, 4)


def test_a_file_that_grows_while_it_is_read(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"1")
    monkeypatch.setattr(files.os, "read", lambda *_: b"x" * 10)  # for ever
    with pytest.raises(MediaLimitError, match="max_bytes"):
        read_file(tmp_path / "a", MediaLimits(max_bytes=100))


# Roots ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def rooted(tmp_path):
    """Limits to one folder, beside which lies a secret."""
    (tmp_path / "allowed" / "deep").mkdir(parents=True)
    (tmp_path / "allowed" / "deep" / "a").write_bytes(b"a")
    (tmp_path / "allowed-not").mkdir()
    for name in ("secret", "allowed-not/secret"):
        (tmp_path / name).write_bytes(b"secret")
    return tmp_path, MediaLimits(roots=(tmp_path / "allowed",))


def test_files_within_the_roots_are_read(rooted):
    folder, limits = rooted
    (folder / "way-in").symlink_to(folder / "allowed")
    for path in ("allowed/deep/a", "allowed/deep/../deep/a", "allowed/../allowed/deep/a", "way-in/deep/a"):
        assert read_file(folder / path, limits) == b"a"


def test_no_road_leads_out_of_the_roots(rooted):
    folder, limits = rooted
    (folder / "allowed" / "file-link").symlink_to(folder / "secret")
    (folder / "allowed" / "folder-link").symlink_to(folder)
    (folder / "allowed" / "chain").symlink_to("file-link")
    for path in (
        "secret",
        "allowed-not/secret",
        "allowed/../secret",
        "allowed/deep/../../secret",
        "allowed/file-link",
        "allowed/folder-link/secret",
        "allowed/chain",
    ):
        with pytest.raises(MediaAccessError, match="outside the allowed folders"):
            read_file(folder / path, limits)


def test_no_roots_at_all_allow_nothing(tmp_path):
    (tmp_path / "a").write_bytes(b"a")
    with pytest.raises(MediaAccessError):
        read_file(tmp_path / "a", MediaLimits(roots=()))


@POSIX
@pytest.mark.parametrize("swapped", ["a", "deep", "allowed"])
def test_a_link_put_in_place_of_what_was_checked_is_not_followed(rooted, monkeypatch, swapped):
    folder, limits = rooted
    target = folder / "allowed" / "deep" / "a"
    decoy = folder / "decoy" / "allowed" / "deep" / "a"
    decoy.parent.mkdir(parents=True)
    decoy.write_bytes(b"secret")
    place = next(one for one in (target, *target.parents) if one.name == swapped)
    really_open = os.open
    swaps = [lambda: (place.rename(folder / "moved"), place.symlink_to(folder / "decoy" / place.relative_to(folder)))]

    def swap_then_open(path, flags, **kwargs):
        while swaps:
            swaps.pop()()
        return really_open(path, flags, **kwargs)

    monkeypatch.setattr(files.os, "open", swap_then_open)
    monkeypatch.setattr(files.os, "supports_dir_fd", {swap_then_open})
    with pytest.raises(MediaNotFoundError, match="cannot be read"):
        read_file(target, limits)


@POSIX
@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="root may read everything")
def test_folders_on_the_way_need_not_be_readable(rooted):
    folder, limits = rooted
    (folder / "allowed").chmod(0o111)
    try:
        assert read_file(folder / "allowed" / "deep" / "a", limits) == b"a"
    finally:
        (folder / "allowed").chmod(0o755)


@POSIX
def test_open_files_of_this_process_are_no_way_out_of_the_roots(rooted):
    folder, limits = rooted
    with (folder / "secret").open("rb") as secret:
        (folder / "allowed" / "link").symlink_to(f"/proc/self/fd/{secret.fileno()}")
        for path in (f"/proc/self/fd/{secret.fileno()}", f"/dev/fd/{secret.fileno()}", folder / "allowed" / "link"):
            with pytest.raises((MediaAccessError, MediaNotFoundError)):
                read_file(path, limits)
    reader, writer = os.pipe()  # nothing is in it: reading would wait for ever
    for path in (f"/proc/self/fd/{reader}", f"/dev/fd/{reader}"):
        with pytest.raises((MediaAccessError, MediaNotFoundError)):
            read_file(path, LIMITS)
    os.close(reader)
    os.close(writer)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc here")
@pytest.mark.parametrize("path", ["/proc/self/environ", "/proc/self/mem", "/proc/kcore", "/dev/full", "/dev/random"])
def test_files_that_are_no_files_are_refused_unread(path, monkeypatch):
    monkeypatch.setattr(files.os, "read", lambda *_: pytest.fail("it was read"))
    with pytest.raises(MediaError):
        read_file(path, LIMITS)


@POSIX
@pytest.mark.parametrize(
    "path",
    [r"C:\Windows\win.ini", r"\\server\share\a.png", "//server/share/a.png", r"..\secret", "CON", "a.png:stream"],
)
def test_spellings_of_other_systems_name_nothing_here(rooted, monkeypatch, path):
    folder, limits = rooted
    monkeypatch.chdir(folder / "allowed" / "deep")
    with pytest.raises((MediaAccessError, MediaNotFoundError)):
        read_file(path, limits)


def test_reading_in_many_threads(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 10**6)
    wrong: list[object] = []

    def read() -> None:
        if read_file(tmp_path / "a", LIMITS) != b"x" * 10**6:
            wrong.append(1)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# file:// ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["plain.png", "with space.png", "ü#?%.png", "a%20b.png"])
def test_the_url_of_a_path_is_that_path(tmp_path, name):
    assert path_of_url((tmp_path / name).as_uri()) == tmp_path / name


def test_a_file_url_with_localhost():
    assert path_of_url("file://localhost/a/b") == Path("/a/b")


@pytest.mark.parametrize("url", ["file://server/share/a.png", "file://", "file://a.png"])
def test_file_urls_of_other_machines_are_refused(url):
    with pytest.raises(InputError, match="file:///absolute/path"):
        path_of_url(url)


def test_a_missing_file_says_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MediaNotFoundError, match="in the current folder") as caught:
        read_file("nope.png", LIMITS)
    assert str(tmp_path) in str(caught.value)
