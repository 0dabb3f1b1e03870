"""``medialens measure [MODEL]``: the table of the model card, measured anew."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # argparse has no public name


def add_parser(commands: Subparsers) -> None:
    """Adds this command's arguments."""
    parser = commands.add_parser(
        "measure",
        help="measure a model on held-out drawn pictures",
        description="Measures recall on drawn pictures that training never saw, and prints the table.",
    )
    parser.add_argument("model", nargs="?", default="demo", help="a name, a folder or a hub id; default: %(default)s")
    parser.add_argument("--output", type=Path, help="write the table to this file as well")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measures and prints."""
    from medialens.encoder import Encoder  # noqa: PLC0415  # torch comes with it
    from medialens.training.measuring.embedder import measure  # noqa: PLC0415
    from medialens.training.measuring.table import to_markdown  # noqa: PLC0415

    started = time.perf_counter()
    table = to_markdown(measure(Encoder(arguments.model)))
    print(table)
    print(f"Measured in {time.perf_counter() - started:.0f} s")
    if arguments.output:
        arguments.output.write_text(table, encoding="utf-8")
    return 0
