"""Qwen3-VL through Sentence Transformers and through medialens: same weights, same inputs, in turn, in one process.

    python -m benchmarks.qwen3_vl [--size mid|2b] [--device cpu|cuda] [--dtype float32] [--rounds 2] [--only ours]

Six scenarios: (1) a bulk of mixed pages, (2) 50 image candidates for a query, cold, (3) the same candidates for 10
queries, (4) 50 text documents for an image query, (5) one text query, (6) 31 short texts and a page. Reports medians,
ratios, how far apart the numbers are, and peak memory. Needs the environment of `make test-reference`; without Sentence
Transformers it measures ours alone. Run from the root of the repository.
"""

from __future__ import annotations

import argparse
import importlib.util
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

THEIRS = importlib.util.find_spec("sentence_transformers") is not None
if THEIRS:
    from tests.reference.torchvision_shim import make_torchvision_importable

    make_torchvision_importable()  # before transformers, which looks for torchvision once

import torch  # noqa: E402
from benchmarks import qwen_models  # noqa: E402
from benchmarks.measuring import Taken, measure  # noqa: E402
from benchmarks.qwen_contenders import Contender, Numbers, Ours, Theirs  # noqa: E402
from benchmarks.qwen_ideal import page_flops  # noqa: E402
from benchmarks.qwen_scenarios import AMOUNTS, PAGES, Scenario, scenarios  # noqa: E402
from benchmarks.report import median, report  # noqa: E402

ROUNDING = {"float32": 1e-4, "bfloat16": 0.125, "float16": 0.02}
"""By how much logits may differ and still be the same."""


def compare(
    scenario: Scenario, sides: Mapping[str, Contender], n_rounds: int, *, device: str, rounding: float
) -> dict[str, Any]:
    """One scenario: what each side takes, the ratio, and how far apart they are."""
    for side in sides.values():
        _warm(scenario, side)
    taken: dict[str, list[Taken]] = {name: [] for name in sides}
    for turn in range(max(1, n_rounds // 2) if scenario.is_long else n_rounds):
        given = scenario.draw(turn)
        for name, side in sides.items():
            taken[name].append(measure(lambda side=side, given=given: scenario.run(side, given), device=device))
    figures: dict[str, Any] = {"unit": scenario.unit, "count": scenario.count}
    for name, runs in taken.items():
        figures[name] = {
            "seconds": median([run.seconds for run in runs]),
            "processor_seconds": median([run.processor_seconds for run in runs]),
            "per_second": median([scenario.count / run.seconds for run in runs]),
            "peak_mib": max(run.peak_mib for run in runs),
        }
    if len(sides) > 1:
        figures |= _ratios(scenario, taken, rounding)
    return figures


def arithmetic(figures: Mapping[str, Any], flops: float) -> dict[str, float]:
    """How much of it each side does in a second, in the bulk of pages; 790 on an H200 is what its ideal is told by."""
    sides = [name for name in ("theirs", "ours") if name in figures]
    return {name: float(f"{flops / figures[name]['seconds'] / 1e12:.3g}") for name in sides}


def _warm(scenario: Scenario, side: Contender) -> None:
    """A little of the same kind, of other inputs."""
    given = scenario.draw(10_000)
    few = (given[0][:1], given[1][:2]) if scenario.are_scores else given[:2]
    scenario.run(side, few)


def _ratios(scenario: Scenario, taken: Mapping[str, Sequence[Taken]], rounding: float) -> dict[str, Any]:
    pairs = list(zip(taken["theirs"], taken["ours"], strict=True))
    found: dict[str, Any] = {
        "ratio": median([theirs.seconds / ours.seconds for theirs, ours in pairs]),
        "ratio_of_processor_time": median(
            [theirs.processor_seconds / ours.processor_seconds for theirs, ours in pairs]
        ),
        "largest_difference": float(f"{max(np.abs(theirs.result - ours.result).max() for theirs, ours in pairs):.2g}"),
    }
    if scenario.are_scores:
        found["same_order"] = all(same_order(theirs.result, ours.result, rounding) for theirs, ours in pairs)
    return found


def same_order(theirs: Numbers, ours: Numbers, rounding: float) -> bool:
    """Whether each query's candidates are ranked alike; what lies within `rounding` may stand either way."""
    for one, other in zip(theirs.reshape(-1, 50), ours.reshape(-1, 50), strict=True):
        if (np.diff(one[np.argsort(-other)]) > rounding).any():
            return False
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", choices=qwen_models.SIZES, default="mid")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default=None, help="float32 on a CPU, bfloat16 elsewhere")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--scenarios", default="1,2,3,4,5,6")
    parser.add_argument("--only", choices=("ours", "theirs"), default=None)
    parser.add_argument("--threads", type=int, default=None, help="of both sides, where other work shares the machine")
    parser.add_argument("--batch-size", type=int, default=32, help="theirs")
    chosen = parser.parse_args()
    dtype = chosen.dtype or ("float32" if chosen.device == "cpu" else "bfloat16")
    size = qwen_models.SIZES[chosen.size]
    if chosen.threads:
        torch.set_num_threads(chosen.threads)  # theirs computes with so many, ours has no more lanes
    with tempfile.TemporaryDirectory() as folder:
        made = {"device": chosen.device, "dtype": getattr(torch, dtype)}
        folders = (
            qwen_models.embedder(Path(folder) / "embedder", size, **made),
            qwen_models.reranker(Path(folder) / "reranker", size, **made),
        )
        sides: dict[str, Contender] = {}
        if THEIRS and chosen.only != "ours":
            sides["theirs"] = Theirs(folders, device=chosen.device, dtype=dtype, batch_size=chosen.batch_size)
        if chosen.only != "theirs":
            sides["ours"] = Ours(folders, device=chosen.device, dtype=dtype)
        known = scenarios(AMOUNTS[chosen.size])
        figures: dict[str, Any] = {"size": chosen.size, "device": device_name(chosen.device), "dtype": dtype}
        figures |= {"rounds": chosen.rounds, "threads": torch.get_num_threads()}
        for number in map(int, chosen.scenarios.split(",")):
            found = compare(known[number], sides, chosen.rounds, device=chosen.device, rounding=ROUNDING[dtype])
            if number == 1:
                flops = AMOUNTS[chosen.size].pages * sum(page_flops(size, n_tokens) for n_tokens in PAGES)
                found["tera_flops_per_second"] = arithmetic(found, flops)
            figures[f"{number} {known[number].name}"] = found
            print(number, found, flush=True)
        for side in sides.values():
            side.close()
    report("qwen3_vl", figures)


def device_name(device: str) -> str:
    return device if device == "cpu" else torch.cuda.get_device_name(device)


if __name__ == "__main__":
    main()
