"""From a finished run to a repository with its card: export, measure, draw the curve, write it all down."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

from safetensors.torch import load_file

from medialens.training.card import origin_of, write_card
from medialens.training.curve import write_curve
from medialens.training.measuring.reranker import measure
from medialens.training.measuring.reranker_report import RerankerReport
from medialens.training.reranker.card import describe_reranker
from medialens.training.reranker.export import export
from medialens.training.reranker.recipe import RerankerRun


def publish(run: RerankerRun, folder: Path, *, command: str, embedder: str) -> RerankerReport:
    """Writes the repository into `folder`, and ``curve.svg`` there and beside the run's log; what was measured.

    Args:
        run: Finished, or stopped.
        folder: Need not exist yet.
        command: What was typed to train it.
        embedder: Whose towers it began with, and whose candidates it is measured on.
    """
    export(run, folder)
    report = measure(str(folder), embedder=embedder)
    settings = run.settings
    n_scenes = run.step * settings.n_clusters * (1 + settings.n_rivals)
    origin = origin_of(
        run, command=command, beginning=f"the towers of `{embedder}`", examples=f"{n_scenes:,} pictures and clips"
    )
    origin = dataclasses.replace(origin, n_parameters=_count_parameters(folder))
    write_card(folder, describe_reranker(report, layers=settings.layers), origin, report)
    shutil.copyfile(write_curve(run.folder, title=command), folder / "curve.svg")
    return report


def _count_parameters(folder: Path) -> int:
    """Of all that is in the repository: what was trained, and the embedder beside it."""
    return sum(tensor.numel() for tensor in load_file(folder / "model.safetensors").values())
