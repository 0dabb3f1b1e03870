"""Final vectors on disk, in one sqlite file that several processes may share.

Write-ahead logging with ``synchronous=NORMAL``: a process that is killed loses at most what it had not committed, and
the file stays sound. Each value carries a checksum, since sqlite has none. A file that is damaged all the same is
moved aside and begun anew: a cache may cost time, never the work.

The bound is on the file. When it is reached, the entries written first go first.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from medialens.errors import EngineError
from medialens.media.threads.fork_gate import gate
from medialens.models.cache import CacheStats

logger = logging.getLogger(__name__)

Vector = npt.NDArray[np.float32]

_FILE = "vectors.sqlite3"
_SCHEMA = "CREATE TABLE IF NOT EXISTS vectors (id INTEGER PRIMARY KEY, key BLOB UNIQUE, value BLOB, crc INTEGER)"
_EVICTED_SHARE = 8  # an eighth of the entries go at once, so that not every write evicts


class DiskCache:
    """Vectors by key in ``folder/vectors.sqlite3``. Read by many threads, written by one at a time.

    Args:
        folder: Made if it is not there.
        max_bytes: Of the file.
    """

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        self.file = folder / _FILE
        self.max_bytes = max_bytes
        self._lock = threading.Lock()
        self._thread = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._generation = 0
        self._trouble = ""
        self._n_hits = self._n_misses = self._n_evictions = 0

    def check(self) -> None:
        """Make the folder and the file, or begin a new file where the old one is damaged.

        Raises:
            EngineError: The folder cannot be used.
        """
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with gate:
                self._connect_or_begin()
        except (OSError, sqlite3.OperationalError) as error:
            msg = f"the vector cache folder {str(self.file.parent)!r} cannot be used: {error}; choose another or none"
            raise EngineError(msg, folder=str(self.file.parent)) from error

    def _connect_or_begin(self) -> None:
        try:
            self._connection()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            self._move_aside(self._generation, error)
            self._connection()

    def get(self, key: bytes) -> Vector | None:
        """The vector, or None: not there, damaged, or the file is of no use just now."""
        with self._surviving():
            row = self._connection().execute("SELECT value, crc FROM vectors WHERE key = ?", (key,)).fetchone()
            if row is not None and zlib.crc32(row[0]) == row[1]:
                with self._lock:
                    self._n_hits += 1
                return np.frombuffer(row[0], dtype=np.float32)
        with self._lock:
            self._n_misses += 1
        return None

    def put_many(self, entries: Iterable[tuple[bytes, Vector]]) -> None:
        """Write all of them, or, if the file is of no use just now, none."""
        rows = [(key, value, zlib.crc32(value)) for key, value in ((key, value.tobytes()) for key, value in entries)]
        with self._surviving():
            connection = self._connection()
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany("INSERT OR REPLACE INTO vectors (key, value, crc) VALUES (?, ?, ?)", rows)
                self._evict(connection)

    def stats(self) -> CacheStats:
        """The counters of this process; entries and bytes of the file."""
        n_entries = n_bytes = 0
        with self._surviving():
            connection = self._connection()
            n_entries = connection.execute("SELECT COUNT(*) FROM vectors").fetchone()[0]
            n_bytes = _used_bytes(connection)
        return CacheStats(
            n_hits=self._n_hits,
            n_misses=self._n_misses,
            n_evictions=self._n_evictions,
            n_entries=n_entries,
            n_bytes=n_bytes,
        )

    def close(self) -> None:
        """Close every thread's connection; no thread may be using one."""
        with gate, self._lock:
            self._generation += 1
            for connection in self._connections:
                with contextlib.suppress(sqlite3.Error):
                    connection.close()
            self._connections.clear()

    def _connection(self) -> sqlite3.Connection:
        """This thread's own connection to the present file."""
        if getattr(self._thread, "generation", None) != self._generation:
            generation = self._generation
            # Used by this thread only, but closed by whoever closes the engine.
            connection = sqlite3.connect(self.file, timeout=10, check_same_thread=False, isolation_level=None)
            with self._lock:
                self._connections.append(connection)
            for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL", _SCHEMA):
                connection.execute(statement)
            self._thread.connection, self._thread.generation = connection, generation
        kept: sqlite3.Connection = self._thread.connection
        return kept

    @contextlib.contextmanager
    def _surviving(self) -> Iterator[None]:
        """Whatever goes wrong with the file: say so and go on without it; if it is damaged, begin a new one."""
        generation = self._generation
        try:
            with gate:
                yield
        except (sqlite3.OperationalError, sqlite3.ProgrammingError, sqlite3.InterfaceError) as error:
            self._tell_once(str(error))  # locked, full, read-only, closed
        except sqlite3.DatabaseError as error:
            self._move_aside(generation, error)

    def _tell_once(self, trouble: str) -> None:
        with self._lock:
            is_new = trouble != self._trouble
            self._trouble = trouble
        if is_new:  # it may last for millions of vectors
            logger.warning("vector cache %s: %s; going on without it", self.file, trouble)

    def _move_aside(self, generation: int, error: Exception) -> None:
        with self._lock:
            if generation != self._generation:
                return  # another thread was first
            self._generation += 1
            aside = self.file.with_name(f"{_FILE}.damaged-{time.time_ns()}")
            logger.warning("vector cache %s is damaged (%s): moved to %s", self.file, error, aside.name)
            for ending in ("", "-wal", "-shm"):
                with contextlib.suppress(OSError):
                    Path(f"{self.file}{ending}").replace(f"{aside}{ending}")

    def _evict(self, connection: sqlite3.Connection) -> None:
        if _used_bytes(connection) <= self.max_bytes:
            return
        n_entries = connection.execute("SELECT COUNT(*) FROM vectors").fetchone()[0]
        cursor = connection.execute(
            "DELETE FROM vectors WHERE id IN (SELECT id FROM vectors ORDER BY id LIMIT ?)",
            (max(1, n_entries // _EVICTED_SHARE),),
        )
        self._n_evictions += cursor.rowcount


def _used_bytes(connection: sqlite3.Connection) -> int:
    pages: Sequence[int] = [
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    ]
    return (pages[0] - pages[1]) * pages[2]
