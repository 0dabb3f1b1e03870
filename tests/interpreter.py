"""Code in a fresh interpreter: for what a process can do or be only once."""

from __future__ import annotations

import subprocess
import sys


def run_python(code: str, *arguments: str, timeout_seconds: float = 120) -> str:
    """What `code` prints, stripped; its standard error is in the assertion where it fails."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
    )
    assert done.returncode == 0, f"exit code {done.returncode}\n{done.stderr}"
    return done.stdout.strip()
