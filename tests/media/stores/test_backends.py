import threading

import pytest

from medialens.media.stores.backends import FolderBackend, FsspecBackend, MemoryBackend, open_backend

NAME = "ab/cd/entry"


@pytest.fixture(params=["folder", "memory", "fsspec"])
def backend(request, tmp_path):
    kinds = {
        "folder": lambda: FolderBackend(tmp_path),
        "memory": MemoryBackend,
        "fsspec": lambda: FsspecBackend(f"local://{tmp_path.as_posix()}"),
    }
    return kinds[request.param]()


def test_an_entry_is_what_was_written_last(backend):
    assert (backend.read(NAME), backend.size(NAME), list(backend.names())) == (None, None, [])
    for data in (b"first", b"second one", b""):
        backend.write(NAME, data, lasting=True)
        assert (backend.read(NAME), backend.size(NAME)) == (data, len(data))
    assert list(backend.names()) == [NAME]
    assert 0 <= backend.age_seconds(NAME) < 60


def test_removing_twice_is_removing_once(backend):
    backend.write(NAME, b"data", lasting=False)
    backend.remove(NAME)
    backend.remove(NAME)
    assert backend.read(NAME) is None
    assert list(backend.names()) == []


def test_nothing_is_known_of_an_entry_that_is_not_there(backend):
    assert backend.path(NAME) is None
    assert backend.age_seconds(NAME) == 0
    backend.sweep(older_than_seconds=0)


def test_only_a_folder_has_local_files(backend):
    backend.write(NAME, b"data", lasting=False)
    path = backend.path(NAME)
    assert (path is not None) == isinstance(backend, FolderBackend)
    assert path is None or path.read_bytes() == b"data"


def test_a_reader_sees_one_version_or_another_never_half_of_one(tmp_path):
    backend = FolderBackend(tmp_path)
    versions = [letter * 3_000_000 for letter in (b"a", b"b")]
    backend.write(NAME, versions[0], lasting=False)
    done = threading.Event()

    def rewrite() -> None:
        for turn in range(40):
            backend.write(NAME, versions[turn % 2], lasting=False)
        done.set()

    writer = threading.Thread(target=rewrite)
    writer.start()
    seen = set()
    while not done.is_set():
        seen.add(backend.read(NAME))
    writer.join()
    assert seen <= set(versions)


def test_the_url_decides_the_kind(tmp_path):
    assert isinstance(open_backend(tmp_path.as_uri()), FolderBackend)
    assert isinstance(open_backend(f"local://{tmp_path.as_posix()}"), FsspecBackend)
    assert open_backend("memory://one") is open_backend("memory://one")
    assert open_backend("memory://one") is not open_backend("memory://two")
