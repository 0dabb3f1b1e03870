"""From a finished run to a repository with its card: export, measure, draw the curve, write it all down."""

from __future__ import annotations

import shutil
from pathlib import Path

from medialens.training.card import origin_of, write_card
from medialens.training.curve import write_curve
from medialens.training.embedder.card import describe_embedder
from medialens.training.embedder.export import export
from medialens.training.embedder.recipe import EmbedderRun
from medialens.training.measuring.embedder import measure
from medialens.training.measuring.embedder_report import EmbedderReport


def publish(run: EmbedderRun, folder: Path, *, command: str) -> EmbedderReport:
    """Writes the repository into `folder`, and ``curve.svg`` there and beside the run's log; what was measured.

    Args:
        run: Finished, or stopped.
        folder: Need not exist yet.
        command: What was typed to train it.
    """
    export(run, folder)
    report = measure(str(folder))
    settings = run.settings
    origin = origin_of(run, command=command, examples=f"{run.step * settings.batch_size:,} pictures and clips")
    write_card(folder, describe_embedder(report, dimension=settings.text_width), origin, report)
    shutil.copyfile(write_curve(run.folder, title=command), folder / "curve.svg")
    return report
