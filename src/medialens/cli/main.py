"""Chooses the command and turns errors into messages and exit codes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version

from medialens.cli import demo, doctor, measure, train
from medialens.errors import InputError, MedialensError, MediaNotFoundError, RepositoryError

COMMANDS = (demo, train, measure, doctor)
_WRONG_ARGUMENTS = (InputError, MediaNotFoundError, RepositoryError)


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(prog="medialens", description="Text and pictures in one space of vectors.")
    parser.add_argument("--version", action="version", version=f"medialens {version('medialens')}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; the exit code."""
    parsed = build_parser().parse_args(arguments)
    try:
        code: int = parsed.run(parsed)
    except MedialensError as error:
        print(f"medialens: {error}", file=sys.stderr)
        return 2 if isinstance(error, _WRONG_ARGUMENTS) else 1
    except KeyboardInterrupt:
        print("medialens: stopped", file=sys.stderr)
        return 130
    return code
