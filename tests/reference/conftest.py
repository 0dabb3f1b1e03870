"""Live comparison with the reference libraries; `make test-reference` has the environment for it.

Elsewhere these tests are skipped. With MEDIALENS_REFERENCE=1 an environment without the libraries is an error, so
that the job cannot pass by skipping.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest
from tests.reference.torchvision_shim import make_torchvision_importable

_HERE = Path(__file__).parent
_MISSING = [name for name in ("sentence_transformers", "torchvision") if importlib.util.find_spec(name) is None]

if not _MISSING:
    # Before transformers is imported: it looks for torchvision once, and the canonical pixels are those of the
    # processors that use it.
    make_torchvision_importable()
elif os.environ.get("MEDIALENS_REFERENCE") == "1":
    msg = f"MEDIALENS_REFERENCE=1, but {' and '.join(_MISSING)} cannot be imported; see `make test-reference`"
    raise pytest.UsageError(msg)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.reference)
            if _MISSING:
                item.add_marker(pytest.mark.skip(reason=f"needs {' and '.join(_MISSING)}: make test-reference"))
