"""How a benchmark says what it measured, where, and with what: a few lines for people, and one JSON line."""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PACKAGES = ("medialens", "torch", "transformers", "sentence-transformers", "numpy")


def report(name: str, figures: Mapping[str, Any]) -> None:
    """Print `figures`, the machine, the versions and the command, for people and as a JSON line."""
    facts = {
        "benchmark": name,
        "command": " ".join(["python", "-m", f"benchmarks.{Path(sys.argv[0]).stem}", *sys.argv[1:]]),
        "machine": machine(),
        "versions": {"python": platform.python_version(), **versions()},
        "load_average": [round(value, 1) for value in os.getloadavg()],
        "figures": dict(figures),
    }
    for key, value in facts.items():
        print(f"{key}: {value}")
    print(json.dumps(facts))


def versions() -> dict[str, str]:
    """Of those packages that are there."""
    return {package: version(package) for package in PACKAGES if find_spec(package.replace("-", "_"))}


def machine() -> str:
    """Processor and cores."""
    text = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return f"{os.cpu_count()} x {names[0] if names else platform.processor()}"


def alternate(runs: Mapping[str, Callable[[], float]], n_rounds: int) -> dict[str, list[float]]:
    """What each of `runs` gives, `n_rounds` times in turn, so that other load meets all of them alike."""
    figures: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(n_rounds):
        for name, run in runs.items():
            figures[name].append(run())
    return figures


def median(values: list[float]) -> float:
    """Rounded to what the digits are worth."""
    return float(f"{statistics.median(values):.3g}")
