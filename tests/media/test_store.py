import hashlib
import json
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.media.encoding import encode, noise
from tests.media.loopback import body, serving

from medialens.errors import (
    InputError,
    MediaAccessError,
    MediaChangedError,
    MediaDecodeError,
    MediaError,
    MediaLimitError,
    MediaNotFoundError,
    MediaReferenceError,
    UnknownReferenceError,
)
from medialens.media.limits import MediaLimits
from medialens.media.reference import MediaReference
from medialens.media.store import MediaStore, open_store

PNG = encode(noise(4, 5))
DIGEST = hashlib.sha256(PNG).hexdigest()
ABSENT = MediaReference(digest="0" * 64, mime_type="image/png")


@pytest.fixture(params=["folder", "memory", "fsspec"])
def store(request, tmp_path):
    """A fresh store of every kind."""
    location = {
        "folder": tmp_path / "store",
        "memory": f"memory://{uuid.uuid4()}",
        "fsspec": f"local://{(tmp_path / 'remote').as_posix()}",  # fsspec's own name of the local file system
    }
    return MediaStore(location[request.param])


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "pictures" / "a.png"
    path.parent.mkdir()
    path.write_bytes(PNG)
    return path


# Bytes ------------------------------------------------------------------------------------------------------------


def test_what_is_put_is_read(store):
    reference = store.put(PNG)
    assert reference == MediaReference(digest=DIGEST, mime_type="image/png")
    for spelled in (reference, str(reference)):
        assert store.read(spelled) == PNG
        assert spelled in store
        assert store.source(spelled) == ""
    assert list(store.references()) == [reference]


def test_a_reference_to_a_part_reads_the_whole(store):
    reference = store.put(PNG)
    part = f"{str(reference)[:-1]}#page=2&xywh=0,0,1,1>"
    assert store.read(part) == PNG
    assert part in store


def test_putting_twice_changes_nothing(store):
    store.put(PNG)
    store.put(bytearray(PNG))
    assert [store.read(reference) for reference in store.references()] == [PNG]


def test_the_type_is_told_from_the_bytes_unless_said(store):
    assert store.put(b"just words").mime_type == "text/plain"
    assert store.put(b"\0\1", mime_type="model/obj").mime_type == "model/obj"
    with pytest.raises(MediaReferenceError):
        store.put(b"\0\1\2", mime_type="not a type")


def test_nothing_cannot_be_put(store):
    with pytest.raises(InputError, match="empty"):
        store.put(b"")


@given(contents=st.lists(st.binary(min_size=1, max_size=40), max_size=20))
def test_a_store_is_a_set_of_contents(contents):
    store = MediaStore(f"memory://{uuid.uuid4()}")
    references = [store.put(content) for content in contents]
    assert [store.read(reference) for reference in references] == contents
    assert sorted(store.read(reference) for reference in store.references()) == sorted(set(contents))


def test_an_unknown_reference_names_digest_store_and_remedy(store):
    for use in (store.read, store.path, store.source):
        with pytest.raises(UnknownReferenceError, match="register the file") as caught:
            use(ABSENT)
        assert (caught.value.digest, caught.value.store) == (ABSENT.digest, store.url)
        assert store.url in str(caught.value)
    assert ABSENT not in store
    with pytest.raises(MediaReferenceError):
        store.read("a picture")


def test_stored_bytes_obey_the_byte_limit(store):
    reference = store.put(PNG)
    assert store.read(reference, limits=MediaLimits(max_bytes=len(PNG))) == PNG
    with pytest.raises(MediaLimitError, match="max_bytes"):
        store.read(reference, limits=MediaLimits(max_bytes=len(PNG) - 1))


# Files ------------------------------------------------------------------------------------------------------------


def test_a_registered_file_is_pointed_to(store, picture):
    reference = store.register(picture)
    assert reference == MediaReference(digest=DIGEST, mime_type="image/png")
    assert store.read(reference) == PNG
    assert store.path(reference) == picture
    assert store.source(reference) == str(picture)


def test_paths_and_file_urls_register_the_same(store, picture, monkeypatch):
    monkeypatch.chdir(picture.parent)
    for spelled in (picture, str(picture), picture.as_uri(), "a.png", Path("a.png"), Path("../pictures/a.png")):
        assert store.source(store.register(spelled)) == str(picture)


def test_a_pointer_costs_no_space(tmp_path):
    (tmp_path / "large").write_bytes(b"x" * 10**6)
    store = MediaStore(tmp_path / "store")
    store.register(tmp_path / "large")
    assert sum(path.stat().st_size for path in (tmp_path / "store").rglob("*") if path.is_file()) < 1000


def test_a_copy_outlives_its_file(store, picture):
    reference = store.register(picture, copy=True)
    picture.unlink()
    assert store.read(reference) == PNG
    assert store.source(reference) == str(picture)


@pytest.mark.parametrize("change", [PNG[:-1], PNG[:-1] + b"\0", PNG + b"\0", b""])
def test_a_changed_file_is_an_error_that_names_path_and_digest(store, picture, change):
    reference = store.register(picture)
    picture.write_bytes(change)
    with pytest.raises(MediaChangedError, match=DIGEST) as caught:
        store.read(reference)
    assert (caught.value.path, caught.value.digest) == (str(picture), DIGEST)
    assert str(picture) in str(caught.value)
    assert store.path(reference) is None
    picture.write_bytes(PNG)
    assert store.read(reference) == PNG


def test_a_file_that_is_gone(store, picture):
    reference = store.register(picture)
    picture.unlink()
    with pytest.raises(MediaNotFoundError, match=r"a\.png.* does not exist any more"):
        store.read(reference)
    assert store.path(reference) is None
    picture.mkdir()
    with pytest.raises(MediaNotFoundError, match="directory"):
        store.read(reference)


def test_a_file_that_moved_is_found_again_once_registered(store, picture):
    reference = store.register(picture)
    moved = picture.rename(picture.with_name("moved.png"))
    assert store.register(moved) == reference
    assert store.read(reference) == PNG
    assert store.source(reference) == str(moved)


def test_a_copy_makes_a_pointer_whole_and_a_pointer_takes_no_copy_away(store, picture):
    reference = store.register(picture)
    store.put(PNG)
    assert store.source(reference) == str(picture)
    store.register(picture)
    picture.unlink()
    assert store.read(reference) == PNG


def test_what_cannot_be_registered(store, tmp_path):
    (tmp_path / "empty").touch()
    (tmp_path / "a").write_bytes(b"12345")
    for path, error in ((tmp_path / "gone", MediaNotFoundError), (tmp_path, MediaNotFoundError)):
        with pytest.raises(error):
            store.register(path)
    for copy in (False, True):
        with pytest.raises(MediaDecodeError, match="empty"):
            store.register(tmp_path / "empty", copy=copy)
        with pytest.raises(MediaLimitError):
            store.register(tmp_path / "a", copy=copy, limits=MediaLimits(max_bytes=4))
        with pytest.raises(MediaAccessError):
            store.register(tmp_path / "a", copy=copy, limits=MediaLimits(roots=(tmp_path / "elsewhere",)))
    assert list(store.references()) == []


def test_pointers_obey_the_roots_at_every_read(store, picture, tmp_path):
    reference = store.register(picture)
    assert store.read(reference, limits=MediaLimits(roots=(tmp_path,))) == PNG
    with pytest.raises(MediaAccessError):
        store.read(reference, limits=MediaLimits(roots=(tmp_path / "elsewhere",)))


# URLs -------------------------------------------------------------------------------------------------------------

OPEN = MediaLimits(allow_urls=True, url_hosts=("127.0.0.1",))


def test_a_url_pointer_obeys_the_limits_at_every_read(store):
    answers = {"/a.png": body(PNG)}
    with serving(answers) as server:
        url = f"{server.url}/a.png"
        with pytest.raises(MediaAccessError, match="allow_urls"):
            store.register(url)
        reference = store.register(url, limits=OPEN)
        assert store.source(reference) == url
        assert store.path(reference) is None
        assert store.read(reference, limits=OPEN) == PNG
        with pytest.raises(MediaAccessError, match="allow_urls"):
            store.read(reference)
        with pytest.raises(MediaLimitError):
            store.read(reference, limits=MediaLimits(allow_urls=True, url_hosts=("127.0.0.1",), max_bytes=10))
        answers["/a.png"] = body(PNG + b"\0")
        with pytest.raises(MediaChangedError, match=DIGEST) as caught:
            store.read(reference, limits=OPEN)
        assert caught.value.path == url
        answers["/a.png"] = body(b"", status=404)
        with pytest.raises(MediaNotFoundError, match="404"):
            store.read(reference, limits=OPEN)


def test_a_copy_of_a_url_needs_no_network_any_more(store):
    with serving({"/a.png": body(PNG)}) as server:
        url = f"{server.url}/a.png"
        reference = store.register(url, copy=True, limits=OPEN)
    assert store.read(reference) == PNG
    assert store.source(reference) == url


# Garbage collection -----------------------------------------------------------------------------------------------


def test_gc_removes_all_but_what_is_kept(store, picture):
    kept = [store.put(b"one"), store.register(picture)]
    gone = [store.put(b"two"), store.put(b"three")]
    removed = store.gc(keep=[kept[0], f"{str(kept[1])[:-1]}#xywh=0,0,2,2>"])
    assert {reference.digest for reference in removed} == {reference.digest for reference in gone}
    assert {reference.digest for reference in store.references()} == {reference.digest for reference in kept}
    assert [store.read(reference) for reference in kept] == [b"one", PNG]
    for reference in gone:
        with pytest.raises(UnknownReferenceError):
            store.read(reference)
    assert store.gc(keep=kept) == ()
    assert picture.exists()


def test_gc_of_everything_leaves_the_files_that_were_pointed_to(store, picture):
    store.register(picture)
    assert len(store.gc(keep=[])) == 1
    assert picture.read_bytes() == PNG


def test_a_malformed_reference_to_keep_removes_nothing(store):
    reference = store.put(PNG)
    with pytest.raises(MediaReferenceError):
        store.gc(keep=["<media://oops>"])
    assert reference in store


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_gc_removes_what_killed_writers_left_but_not_what_live_ones_write(tmp_path):
    store = MediaStore(tmp_path / "store")
    reference = store.put(PNG)
    shard = tmp_path / "store" / DIGEST[:2] / DIGEST[2:4]
    half = [shard / f"{DIGEST}.{uuid.uuid4().hex}.partial", shard / (DIGEST[:-4] + "0000")]  # without a record
    torn = shard / (DIGEST[:-4] + "1111.json")
    for path in (*half, torn):
        path.write_bytes(b'{"digest": "')
    assert list(store.references()) == [reference]
    store.gc(keep=[reference])
    assert len(files_of(tmp_path / "store")) == 5  # young: their writers may be at work
    for path in (*half, torn):
        os.utime(path, (time.time() - 7200,) * 2)
    store.gc(keep=[reference])
    assert sorted(path.name for path in files_of(tmp_path / "store")) == [DIGEST, f"{DIGEST}.json"]
    assert store.read(reference) == PNG


def test_gc_leaves_what_is_not_the_stores(tmp_path):
    (tmp_path / "ab" / "cd").mkdir(parents=True)
    for name in ("notes.txt", "ab/cd/notes.txt", "ab/notes.txt"):
        (tmp_path / name).write_text("mine")
    MediaStore(tmp_path).gc(keep=[], leftovers_older_than_seconds=0)
    assert len(files_of(tmp_path)) == 3


# Damage -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", [b"", PNG[:-5], PNG[:-1] + b"\0"])
def test_damaged_bytes_are_noticed_and_putting_them_again_heals(tmp_path, damage):
    store = MediaStore(tmp_path)
    reference = store.put(PNG)
    stored = store.path(reference)
    assert stored is not None
    stored.write_bytes(damage)
    with pytest.raises(MediaChangedError, match="damaged") as caught:
        store.read(reference)
    assert caught.value.digest == DIGEST
    store.put(PNG)
    assert store.read(reference) == PNG


@pytest.mark.parametrize("record", [b"", b"{", b"[]", b"null", b'{"digest": 3}', b'{"digest": "x", "odd": 1}', b"\xff"])
def test_a_damaged_record_is_no_record_and_registering_again_heals(tmp_path, picture, record):
    store = MediaStore(tmp_path / "store")
    reference = store.register(picture)
    (tmp_path / "store" / DIGEST[:2] / DIGEST[2:4] / f"{DIGEST}.json").write_bytes(record)
    with pytest.raises(UnknownReferenceError):
        store.read(reference)
    assert list(store.references()) == []
    assert store.register(picture) == reference
    assert store.read(reference) == PNG


def test_bytes_that_were_taken_away(tmp_path):
    store = MediaStore(tmp_path)
    reference = store.put(PNG)
    stored = store.path(reference)
    assert stored is not None
    stored.unlink()
    with pytest.raises(MediaNotFoundError, match="put them anew"):
        store.read(reference)


def test_the_folder_is_sharded_and_its_records_are_plain_json(tmp_path, picture):
    MediaStore(tmp_path / "store").register(picture, copy=True)
    shard = tmp_path / "store" / DIGEST[:2] / DIGEST[2:4]
    assert (shard / DIGEST).read_bytes() == PNG
    record = json.loads((shard / f"{DIGEST}.json").read_bytes())
    assert record == {"digest": DIGEST, "mime_type": "image/png", "n_bytes": len(PNG), "path": str(picture)}


# Where a store is -------------------------------------------------------------------------------------------------


def test_a_store_pickles_as_its_url(store):
    reference = store.put(PNG)
    again = pickle.loads(pickle.dumps(store))  # noqa: S301  # our own bytes
    assert again == store
    assert hash(again) == hash(store)
    assert again.read(reference) == PNG
    assert store.url in repr(store)


def test_all_spellings_of_a_folder_are_one_store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    folder = tmp_path / "a store"
    spelled = [folder, str(folder), folder.as_uri(), "a store", "./x/../a store", "~/a store", f"{folder}/"]
    assert {open_store(location).url for location in spelled} == {folder.as_uri()}
    assert len({id(open_store(location)) for location in spelled}) == 1


def test_opening_an_open_store_gives_it_back(store):
    assert open_store(store) is store
    assert open_store(store.url) is open_store(store.url)
    assert open_store(store.url) == store


def test_the_default_store_is_in_the_users_data_folder_or_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.delenv("MEDIALENS_STORE", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    url = MediaStore().url
    assert url.startswith("file://")
    assert url.endswith("/medialens/media")
    if sys.platform == "linux":
        assert url == (tmp_path / "medialens" / "media").as_uri()
    assert not list(tmp_path.iterdir())  # opening a store writes nothing
    monkeypatch.setenv("MEDIALENS_STORE", str(tmp_path / "elsewhere"))
    assert MediaStore() == MediaStore(tmp_path / "elsewhere") == open_store()


def test_memory_stores_are_shared_by_name():
    name = f"memory://{uuid.uuid4()}"
    reference = MediaStore(name).put(PNG)
    assert MediaStore(f"{name}/").read(reference) == PNG
    assert reference not in MediaStore(f"{name}-other")


def test_an_empty_store_that_was_never_written(tmp_path):
    for location in (tmp_path / "nowhere", f"local://{(tmp_path / 'nowhere').as_posix()}"):
        store = MediaStore(location)
        assert list(store.references()) == []
        assert store.gc(keep=[]) == ()
        assert ABSENT not in store
    assert not (tmp_path / "nowhere").exists()


def test_a_location_that_nobody_knows():
    with pytest.raises(InputError, match="nosuchscheme"):
        MediaStore("nosuchscheme://bucket/media")


# Many writers -----------------------------------------------------------------------------------------------------


def test_many_threads_putting_the_same_and_different_bytes(store):
    contents = [os.urandom(20_000) for _ in range(10)]
    with ThreadPoolExecutor(8) as pool:
        references = list(pool.map(store.put, contents * 8))
        assert list(pool.map(store.read, references)) == contents * 8
    assert len(list(store.references())) == 10


def _put_all(url: str, contents: list[bytes]) -> None:
    store = MediaStore(url)
    for content in contents:
        assert store.read(store.put(content)) == content


@pytest.mark.slow
def test_many_processes_putting_the_same_bytes(tmp_path):
    contents = [bytes([number]) * 50_000 for number in range(20)]
    url = MediaStore(tmp_path / "store").url
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_put_all, args=(url, contents[at:] + contents[:at])) for at in (0, 5, 10)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    store = MediaStore(url)
    assert sorted(store.read(reference) for reference in store.references()) == contents
    assert len(files_of(tmp_path / "store")) == 40  # bytes and record of each, no leftovers


_WRITER = """
import hashlib, sys
from medialens.media.store import MediaStore
store = MediaStore(sys.argv[1])
print("ready", flush=True)
for number in range(10**9):
    reference = store.put(hashlib.sha256(f"{sys.argv[2]} {number}".encode()).digest() * 30_000)
    print(reference, flush=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kill -9")
def test_a_killed_writer_leaves_nothing_half_written_in_sight(tmp_path):
    store = MediaStore(tmp_path / "store")
    promised: list[str] = []
    for attempt in range(12):
        command = [sys.executable, "-c", _WRITER, store.url, str(attempt)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            time.sleep(0.003 * attempt)  # somewhere in the midst of a write
            writer.kill()
            promised += [line.strip() for line in writer.stdout if line.endswith(">\n")]
        whole = [store.read(reference) for reference in store.references()]  # each checked against its digest
        assert all(len(data) == 32 * 30_000 for data in whole)
    assert promised
    assert all(reference in store for reference in promised)  # what put() returned is there
    store.gc(keep=promised, leftovers_older_than_seconds=0)
    assert {str(reference) for reference in store.references()} == set(promised)
    assert len(files_of(tmp_path / "store")) == 2 * len(set(promised))


def test_a_failing_write_leaves_nothing(tmp_path, monkeypatch):
    store = MediaStore(tmp_path / "store")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(MediaAccessError, match="No space left") as caught:
        store.put(PNG)
    assert str(tmp_path / "store") in str(caught.value)
    assert files_of(tmp_path / "store") == []
    monkeypatch.undo()
    assert store.read(store.put(PNG)) == PNG


@pytest.mark.parametrize(
    "change",
    [{"path": 5}, {"path": ["x"]}, {"url": 5}, {"n_bytes": "x"}, {"n_bytes": -1}, {"n_bytes": None}, {"more": 1}],
)
def test_a_record_with_wrong_types_is_no_record(tmp_path, picture, change):
    store = MediaStore(tmp_path / "store")
    reference = store.register(picture)
    record = next((tmp_path / "store").rglob("*.json"))
    record.write_text(json.dumps({**json.loads(record.read_text()), **change}))

    for look_up in (store.read, store.path, store.source):
        with pytest.raises(UnknownReferenceError):
            look_up(reference)
    assert reference not in store
    assert store.register(picture) == reference
    assert store.read(reference) == picture.read_bytes()


@pytest.mark.parametrize("path", ["/etc/passwd", "../../../../etc/passwd", "\0", ""])
def test_a_record_cannot_point_to_other_bytes(tmp_path, picture, path):
    store = MediaStore(tmp_path / "store")
    reference = store.register(picture)
    record = next((tmp_path / "store").rglob("*.json"))
    record.write_text(json.dumps({**json.loads(record.read_text()), "path": path}))

    with pytest.raises(MediaError):
        store.read(reference)


def test_a_location_that_cannot_be_written_is_named(tmp_path, picture):
    (tmp_path / "file").write_text("in the way")
    store = MediaStore(tmp_path / "file")
    for use in (lambda: store.put(b"abc"), lambda: store.register(picture)):
        with pytest.raises(MediaAccessError, match="pass another one as store=") as caught:
            use()
        assert str(tmp_path / "file") in str(caught.value)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
@pytest.mark.parametrize("what", ["record", "bytes"])
def test_an_entry_that_is_no_file_is_not_read(tmp_path, what, make):
    store = MediaStore(tmp_path / "store")
    reference = store.put(b"abc")
    record = next((tmp_path / "store").rglob("*.json"))
    entry = record if what == "record" else record.with_suffix("")
    entry.unlink()
    make(entry)

    with pytest.raises(MediaAccessError, match="no regular file"):
        store.read(reference)


def test_of_files_with_equal_content_any_will_do(tmp_path):
    store = MediaStore(tmp_path / "store")
    paths = [tmp_path / f"{name}.bin" for name in ("first", "second", "third")]
    for path in paths:
        path.write_bytes(b"the same bytes")
    (reference,) = {store.register(path) for path in [*paths, paths[0]]}

    assert store.source(reference) == str(paths[0])
    paths[0].unlink()
    paths[2].write_bytes(b"other contents")  # gone and changed files are passed over
    assert MediaStore(tmp_path / "store").read(reference) == b"the same bytes"
    assert store.path(reference) == paths[1]

    paths[1].unlink()
    with pytest.raises(MediaNotFoundError, match="first"):
        store.read(reference)
    assert store.path(reference) is None


def test_a_record_remembers_a_bounded_number_of_places(tmp_path):
    store = MediaStore(tmp_path / "store")
    for number in range(40):
        (tmp_path / f"{number}.bin").write_bytes(b"the same bytes")
        reference = store.register(tmp_path / f"{number}.bin")
    for number in range(24, 40):
        assert store.read(reference) == b"the same bytes"
        (tmp_path / f"{number}.bin").unlink()
    with pytest.raises(MediaNotFoundError):
        store.read(reference)
