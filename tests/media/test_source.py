import base64
import hashlib
import io
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.media.encoding import encode, noise

from medialens.errors import (
    InputError,
    MediaAccessError,
    MediaDecodeError,
    MediaLimitError,
    MediaNotFoundError,
    MediaReferenceError,
)
from medialens.inputs import Image
from medialens.media.limits import MediaLimits
from medialens.media.reference import MediaReference
from medialens.media.source import read_part, read_source, says_where
from medialens.media.store import MediaStore

LIMITS = MediaLimits()
PNG = encode(noise(4, 5))


def read(source, limits=LIMITS):
    return read_part(Image(source), limits)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, io.BytesIO])
def test_bytes_and_their_relatives(kind):
    found = read(kind(PNG))
    assert type(found.data) is bytes
    assert (found.data, found.mime_type, found.digest) == (PNG, "image/png", hashlib.sha256(PNG).hexdigest())


def test_a_memoryview_is_counted_in_bytes():
    view = memoryview(np.zeros(10, np.int64))
    with pytest.raises(MediaLimitError) as caught:
        read(view, MediaLimits(max_bytes=79))
    assert caught.value.value == 80


def test_paths_and_file_urls(tmp_path):
    path = tmp_path / "a b.png"
    path.write_bytes(PNG)
    for source in (path, str(path), path.as_uri(), path.as_uri().replace("file:", "FILE:")):
        found = read(source)
        assert found.data == PNG
        assert "a" in found.name


def test_a_changed_bytearray_changes_nothing_that_was_read():
    mutable = bytearray(PNG)
    found = read(mutable)
    mutable[:] = b"\0" * len(mutable)
    assert found.data == PNG


@pytest.mark.parametrize("source", [b"", bytearray(), io.BytesIO(), "data:,", "data:image/png;base64,"])
def test_nothing_is_a_decode_error(source):
    with pytest.raises(MediaDecodeError, match="is empty"):
        read(source)


@pytest.mark.parametrize("source", ["https://example.com/a.png", "HTTP://example.com/a.png"])
def test_urls_are_off(source):
    with pytest.raises(MediaAccessError, match="allow_urls=True"):
        read(source)


def test_what_only_looks_like_a_scheme_is_a_path():
    with pytest.raises(MediaNotFoundError):
        read("javascript:alert(1)")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (PNG, "image/png"),
        (b"PASSWORD=hunter2", "text/plain"),  # messages go where the file must not
        (
            b"\x00\x01\x02\x03\x04\x05\x06\x07secret",
            r"application/octet-stream (first bytes b'\x00\x01\x02\x03\x04\x05\x06\x07')",
        ),
    ],
)
def test_messages_say_what_it_is_and_nothing_that_a_text_says(data, what):
    assert read(data).what == what


def test_what_is_no_source():
    for source in (object(), ["a.png"], np.zeros((3, 3))):
        assert not says_where(source)
        with pytest.raises(InputError, match=type(source).__name__):
            read_source(source, LIMITS)


# Data URIs --------------------------------------------------------------------------------------------------------


@given(st.binary(min_size=1, max_size=200))
def test_data_uris_of_every_encoding(data):
    plain = base64.b64encode(data).decode()
    url_safe = base64.urlsafe_b64encode(data).decode()
    for uri in (
        f"data:image/png;base64,{plain}",
        f"DATA:image/png;Base64,{plain}",
        f"data:;base64,{quote(plain)}",
        f"data:application/x-a;name=b;base64,{url_safe.rstrip('=')}",
        f"data:text/plain;base64,{plain[:7]}\n {plain[7:]}",
        f"data:,{quote(data, safe='')}",
    ):
        assert read(uri).data == data


def test_the_bytes_decide_not_the_declared_type():
    assert read(f"data:text/plain;base64,{base64.b64encode(PNG).decode()}").mime_type == "image/png"


@pytest.mark.parametrize(
    "uri", ["data:", "data:image/png;base64", "data:;base64,$$$$", "data:;base64,A", "data:;base64,é"]
)
def test_broken_data_uris(uri):
    with pytest.raises(MediaDecodeError, match="data:"):
        read(uri)


def test_a_data_uri_obeys_the_byte_limit_and_messages_stay_short():
    uri = f"data:image/png;base64,{base64.b64encode(bytes(10_000)).decode()}"
    assert len(read(uri, MediaLimits(max_bytes=10_000)).data) == 10_000
    with pytest.raises(MediaLimitError) as caught:
        read(uri, MediaLimits(max_bytes=9_999))
    assert len(str(caught.value)) < 300


def test_a_data_uri_far_too_long_is_refused_before_it_is_decoded():
    with pytest.raises(MediaLimitError):
        read("data:;base64," + "$" * 2_000_000, MediaLimits(max_bytes=10))  # decoding would meet the $ first


# Open files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("position", [0, 3, len(PNG)])
def test_an_open_file_is_read_whole_stays_open_and_where_it_was(tmp_path, position):
    (tmp_path / "a.png").write_bytes(PNG)
    with (tmp_path / "a.png").open("rb") as file:
        for opened in (file, io.BytesIO(PNG)):
            opened.seek(position)
            assert read(opened).data == PNG
            assert read(opened).data == PNG
            assert opened.tell() == position
            assert not opened.closed


def test_an_open_file_is_named(tmp_path):
    (tmp_path / "a.png").touch()
    with (tmp_path / "a.png").open("rb") as file, pytest.raises(MediaDecodeError, match=r"a\.png"):
        read(file)


def test_an_open_file_in_many_threads():
    file = io.BytesIO(bytes(range(256)) * 20_000)
    with ThreadPoolExecutor(8) as pool:
        digests = {found.digest for found in pool.map(read, [file] * 32)}
    assert len(digests) == 1
    assert file.tell() == 0


def test_a_stream_that_cannot_seek():
    class Stream:
        def __init__(self, data: bytes) -> None:
            self._rest = io.BytesIO(data)

        def read(self, n_bytes: int) -> bytes:
            return self._rest.read(n_bytes)

    assert read(Stream(PNG)).data == PNG


def test_an_endless_stream_meets_the_limit():
    class Endless:
        def read(self, n_bytes: int) -> bytes:
            return b"\0" * n_bytes

    with pytest.raises(MediaLimitError, match="Endless"):
        read(Endless(), MediaLimits(max_bytes=5_000_000))


def test_a_file_opened_as_text(tmp_path):
    (tmp_path / "a.txt").write_text("words", encoding="utf-8")
    with (tmp_path / "a.txt").open(encoding="utf-8") as file, pytest.raises(InputError, match="'rb'"):
        read(file)


def test_a_closed_file():
    file = io.BytesIO(PNG)
    file.close()
    with pytest.raises(MediaDecodeError, match="closed"):
        read(file)


# Media references -------------------------------------------------------------------------------------------------


def test_a_reference_selects_what_its_store_holds(tmp_path):
    store = MediaStore(tmp_path / "store")
    reference = store.put(PNG)
    for source in (reference, str(reference)):
        for store_as_said in (store, store.url, tmp_path / "store"):
            found = read_part(Image(source, store=store_as_said), LIMITS)
            assert found.data == PNG
            assert found.name == str(reference)


def test_a_reference_without_a_store_is_looked_up_in_the_default_one(tmp_path, monkeypatch):
    monkeypatch.setenv("MEDIALENS_STORE", str(tmp_path / "default"))
    reference = MediaStore().put(PNG)
    assert read(str(reference)).data == PNG


def test_a_registered_file_keeps_its_name_in_messages(tmp_path):
    (tmp_path / "a.png").write_bytes(PNG)
    store = MediaStore(tmp_path / "store")
    reference = store.register(tmp_path / "a.png")
    assert read_part(Image(reference, store=store), LIMITS).name == str(tmp_path / "a.png")


def test_what_begins_like_a_reference_must_be_one():
    with pytest.raises(MediaReferenceError):
        read("<media://sha256/0123?type=image/png>")


def test_limits_hold_behind_references(tmp_path):
    store = MediaStore("memory://test-source-limits")
    reference = store.put(PNG)
    assert isinstance(reference, MediaReference)
    with pytest.raises(MediaLimitError):
        read_part(Image(reference, store=store), MediaLimits(max_bytes=len(PNG) - 1))
    (tmp_path / "a.png").write_bytes(PNG + b"\0")
    pointer = store.register(tmp_path / "a.png")
    with pytest.raises(MediaAccessError, match="outside"):
        read_part(Image(pointer, store=store), MediaLimits(roots=(tmp_path / "elsewhere",)))


@pytest.mark.skipif(sys.platform == "win32", reason="bytes paths")
def test_a_path_like_object_is_a_path(tmp_path):
    class PathLike:
        def __fspath__(self) -> bytes:
            return bytes(tmp_path / "a.png")

    (tmp_path / "a.png").write_bytes(PNG)
    assert read(PathLike()).data == PNG


class Hostile(os.PathLike):
    """Raises whatever it is asked."""

    def __fspath__(self):
        raise RuntimeError("no path")

    def read(self, _size=-1):
        raise RuntimeError("no bytes")


def test_a_path_of_a_class_that_fails():
    with pytest.raises(InputError, match="Hostile gives no path: RuntimeError"):
        read(Hostile())


def test_a_file_of_a_class_that_fails():
    with pytest.raises(MediaDecodeError, match="cannot be read: RuntimeError: no bytes"):
        read(type("File", (), {"read": Hostile.read})())


@pytest.mark.parametrize("url", ["ftp://host/x.png", "s3://bucket/x.png", "C+x-1.y://z"])
def test_other_schemes_are_no_paths(url):
    with pytest.raises(MediaAccessError, match="pass the bytes") as caught:
        read(url)
    assert url in str(caught.value)


def test_an_empty_string_is_no_folder():
    with pytest.raises(InputError, match="empty string"):
        read("")


@pytest.mark.parametrize("url", ["file://[", "FILE://[::1"])
def test_a_file_url_that_is_none(url):
    with pytest.raises(InputError, match=r"file:///absolute/path"):
        read(url)


def test_a_data_uri_with_half_a_character():
    with pytest.raises(MediaDecodeError, match="no bytes stand for"):
        read("data:image/png;base64,\ud800")
