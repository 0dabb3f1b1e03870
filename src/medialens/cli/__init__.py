"""The command line: ``medialens demo``, ``train``, ``measure``, ``doctor``.

Stage: the last. Takes arguments, calls one function of the package for each command, prints, and gives an exit
code: 0 for done, 2 for arguments that cannot be used, 1 for everything else that went wrong.

To add a command: a file with `add_parser` and `run`, and a line in `main.py`.
"""

from medialens.cli.main import main

__all__ = ["main"]
