"""``medialens demo [FOLDER ...]``: search pictures and clips through both frameworks and write a contact sheet."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # argparse has no public name


def add_parser(commands: Subparsers) -> None:
    """Adds this command's arguments."""
    parser = commands.add_parser(
        "demo",
        help="search pictures and clips through LangChain and LlamaIndex, and write a contact sheet",
        description="Draws pictures and clips, indexes them (and your own) through LangChain and LlamaIndex, asks "
        "questions, reranks the answers, and writes a contact sheet to look at.",
    )
    parser.add_argument(
        "folders", nargs="*", type=Path, metavar="FOLDER", help="your own pictures and clips, indexed as well"
    )
    parser.add_argument("--output", type=Path, default=Path("demo-output"), help="default: %(default)s")
    parser.add_argument("--model", default="demo", help="a hub id or a folder; default: the embedded %(default)s")
    parser.add_argument(
        "--reranker",
        help="puts what --model finds in order; default: demo-reranker, or --model itself if that is yours and can",
    )
    parser.add_argument("--query", action="append", default=[], metavar="TEXT", help="ask this, too; repeatable")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Runs the demonstration and says where the sheet is."""
    from medialens.demo.run import run_demo  # noqa: PLC0415  # torch and both frameworks come with it

    outcome = run_demo(
        arguments.folders,
        arguments.output,
        model=arguments.model,
        reranker=arguments.reranker,
        questions=arguments.query,
        tell=_print,
    )
    for line in outcome.summary.lines:
        print(line)
    print(f"Contact sheet: {outcome.html}\n               {outcome.png}")
    return 0


def _print(line: str) -> None:
    print(line, flush=True)
