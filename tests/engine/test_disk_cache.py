from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from medialens.engine.disk_cache import DiskCache
from medialens.errors import EngineError


def key(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def vector(number: int) -> np.ndarray:
    return np.full(64, number, dtype=np.float32)


@pytest.fixture
def opened():
    caches = []

    def open_cache(folder: Path, max_bytes: int = 1 << 30) -> DiskCache:
        caches.append(DiskCache(folder, max_bytes=max_bytes))
        caches[-1].check()
        return caches[-1]

    yield open_cache
    for cache in caches:
        cache.close()


def test_what_was_written_is_there_in_the_next_process(opened, tmp_path):
    first = opened(tmp_path)
    first.put_many([(key(at), vector(at)) for at in range(10)])
    first.close()
    second = opened(tmp_path)
    np.testing.assert_array_equal(second.get(key(7)), vector(7))
    assert second.get(key(99)) is None
    stats = second.stats()
    assert (stats.n_hits, stats.n_misses, stats.n_entries) == (1, 1, 10)


def test_many_threads_read_while_one_writes(opened, tmp_path):
    cache = opened(tmp_path)
    wrong = []

    def read():
        for at in range(200):
            found = cache.get(key(at))
            if found is not None and not np.array_equal(found, vector(at)):
                wrong.append(at)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for at in range(200):
        cache.put_many([(key(at), vector(at))])
    for thread in threads:
        thread.join(60)
    assert not wrong
    np.testing.assert_array_equal(cache.get(key(199)), vector(199))


WRITER = """
import sys, hashlib, numpy as np
from pathlib import Path
from medialens.engine.disk_cache import DiskCache
cache = DiskCache(Path(sys.argv[1]), max_bytes=1 << 30)
cache.check()
at = 0
while True:
    cache.put_many([(hashlib.sha256(str(n).encode()).digest(), np.full(64, n, np.float32)) for n in range(at, at + 5)])
    at += 5
    print(at, flush=True)
"""


def test_a_killed_writer_leaves_what_it_had_committed(opened, tmp_path):
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    committed = 0
    for line in writer.stdout:
        committed = int(line)
        if committed >= 100:
            os.kill(writer.pid, signal.SIGKILL)
            break
    writer.communicate(timeout=60)
    cache = opened(tmp_path)
    for at in range(committed):
        np.testing.assert_array_equal(cache.get(key(at)), vector(at))
    cache.put_many([(key(10**6), vector(5))])
    np.testing.assert_array_equal(cache.get(key(10**6)), vector(5))


def test_a_file_that_is_no_database_is_moved_aside(opened, tmp_path):
    (tmp_path / "vectors.sqlite3").write_bytes(b"this is no database" * 100)
    cache = opened(tmp_path)
    cache.put_many([(key(1), vector(1))])
    np.testing.assert_array_equal(cache.get(key(1)), vector(1))
    (aside,) = tmp_path.glob("vectors.sqlite3.damaged-*")
    assert aside.read_bytes().startswith(b"this is no database")


def test_damage_found_later_is_survived(opened, tmp_path):
    first = opened(tmp_path)
    first.put_many([(key(at), vector(at)) for at in range(500)])
    first.close()
    file = tmp_path / "vectors.sqlite3"
    data = bytearray(file.read_bytes())
    data[4096:] = bytes([0x5A]) * (len(data) - 4096)  # the schema is sound, every other page is not
    file.write_bytes(data)
    cache = opened(tmp_path)
    assert cache.get(key(3)) is None
    cache.put_many([(key(3), vector(3))])
    np.testing.assert_array_equal(cache.get(key(3)), vector(3))
    assert list(tmp_path.glob("vectors.sqlite3.damaged-*"))


def test_a_value_whose_bits_changed_is_a_miss(opened, tmp_path):
    cache = opened(tmp_path)
    cache.put_many([(key(1), vector(1))])
    with sqlite3.connect(cache.file) as connection:
        connection.execute("UPDATE vectors SET value = ?", (vector(2).tobytes(),))
    connection.close()
    assert cache.get(key(1)) is None


def test_the_file_is_bounded_and_the_oldest_go_first(opened, tmp_path):
    cache = opened(tmp_path, max_bytes=200_000)
    for at in range(0, 2000, 20):
        cache.put_many([(key(n), vector(n)) for n in range(at, at + 20)])
    stats = cache.stats()
    assert stats.n_bytes <= 200_000
    assert stats.n_evictions > 0
    assert stats.n_entries + stats.n_evictions == 2000
    assert cache.get(key(0)) is None
    np.testing.assert_array_equal(cache.get(key(1999)), vector(1999))


def test_a_folder_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(EngineError, match=r"vector cache folder .*file.* cannot be used"):
        DiskCache(tmp_path / "file", max_bytes=1000).check()


def test_lasting_trouble_is_told_once(opened, tmp_path, caplog):
    (tmp_path / "vectors.sqlite3").touch()
    connection = sqlite3.connect(tmp_path / "vectors.sqlite3")
    connection.execute("CREATE TABLE vectors (something_else)")
    connection.close()
    cache = opened(tmp_path)

    for at in range(20):
        assert cache.get(b"%d" % at) is None

    assert len(caplog.records) == 1
    assert "going on without it" in caplog.text
