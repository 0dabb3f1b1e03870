"""Optional dependencies: asked for where they are needed, with the extra that brings them."""

from __future__ import annotations

import importlib
from types import ModuleType

from medialens.errors import MissingExtraError


def require(module: str, *, extra: str, to: str) -> ModuleType:
    """The imported `module`, or an error that says which extra brings it.

    Args:
        module: Dotted name, as in an import statement.
        extra: The extra of medialens that installs it.
        to: What it is needed for, in words that finish "... needs".

    Raises:
        MissingExtraError: The module is not installed. A module that is installed but broken raises its own
            error, because its traceback is what the user needs to see.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        top = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != top:
            raise  # `module` is there; something that it imports is not
        msg = f"{to} needs {top!r}, which is not installed. Install it with: pip install 'medialens[{extra}]'"
        raise MissingExtraError(msg, module=module, extra=extra) from error
