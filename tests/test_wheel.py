"""The built wheel has what it needs, nothing else, and runs the quick start with `src` out of sight."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    (path,) = folder.glob("medialens-*.whl")
    return path


def test_wheel_holds_the_package_and_the_embedded_weights(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert "medialens/py.typed" in names
    for model in ("demo", "demo-reranker"):
        assert f"medialens/_weights/{model}/model.safetensors" in names
    assert all(name.startswith(("medialens/", "medialens-")) for name in names)
    assert wheel.stat().st_size < 30 * 1024**2


def test_quick_start_runs_from_the_wheel(wheel, tmp_path):
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    environment = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run(
        [sys.executable, "-P", str(ROOT / "tests" / "quick_start.py")],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"from {site / 'medialens'}" in done.stdout
