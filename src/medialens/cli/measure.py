"""``medialens measure [MODEL]``: the table of the model card, measured anew."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medialens.training.measuring.report import Report

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # argparse has no public name

_RERANKERS = {"demo-reranker"}
"""Embedded models that give no vectors."""


def add_parser(commands: Subparsers) -> None:
    """Adds this command's arguments."""
    parser = commands.add_parser(
        "measure",
        help="measure a model on held-out drawn pictures",
        description="Measures a model on drawn pictures and clips that training never saw, and prints the tables.",
    )
    parser.add_argument("model", nargs="?", default="demo", help="a name, a folder or a hub id; default: %(default)s")
    parser.add_argument("--output", type=Path, help="write what was measured to this file as well")
    parser.add_argument(
        "--write",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="write it into these Markdown files, between <!-- measured: MODEL --> and <!-- /measured -->",
    )
    parser.add_argument("--reranker", action="store_true", help="measure it as a reranker; demo-reranker always is")
    parser.add_argument("--embedder", default="demo", help="whose candidates are reranked; default: %(default)s")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measures, prints, and writes where asked."""
    from medialens.training.measuring.report import check_places, rewrite  # noqa: PLC0415  # torch comes with it

    for path in arguments.write:
        check_places(path, arguments.model)
    started = time.perf_counter()
    report = _measure(arguments)
    print(report.whole)
    print(f"Measured in {time.perf_counter() - started:.0f} s")
    if arguments.output:
        arguments.output.write_text(report.whole, encoding="utf-8")
    for path in arguments.write:
        path.write_text(rewrite(path.read_text(encoding="utf-8"), arguments.model, report), encoding="utf-8")
    return 0


def _measure(arguments: argparse.Namespace) -> Report:
    from medialens.training.measuring import embedder, reranker  # noqa: PLC0415

    if arguments.reranker or arguments.model in _RERANKERS:
        return reranker.measure(arguments.model, embedder=arguments.embedder)
    return embedder.measure(arguments.model)
