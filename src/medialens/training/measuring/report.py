"""What was measured, as text; and the places in documents where it stands.

    <!-- measured: demo -->
    ... all of it; written anew by `medialens measure demo --write FILE`
    <!-- /measured -->

``<!-- measured: demo, in short -->`` opens a place for the few lines that matter most.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

from medialens.errors import InputError

_BLOCK = re.compile(
    r"<!-- measured: (?P<name>[^\n]+?) -->\n(?P<text>.*?)^<!-- /measured -->$", re.DOTALL | re.MULTILINE
)


class Report(Protocol):
    """What a measurement found, as Markdown."""

    @property
    def whole(self) -> str:
        """All of it."""
        ...

    @property
    def short(self) -> str:
        """The few lines that matter most."""
        ...


def marked(name: str, text: str) -> str:
    """The text between the marks that open and close a place of that name."""
    return f"<!-- measured: {name} -->\n{text.strip()}\n<!-- /measured -->\n"


def marked_text(document: str, name: str) -> str | None:
    """What stands in the document's place of that name; None where it has none."""
    found = (block["text"] for block in _BLOCK.finditer(document) if block["name"] == name)
    return next(found, None)


def check_places(path: Path, model: str) -> None:
    """Raises unless the file has a place for that model's report: said before minutes of measuring.

    Raises:
        InputError: There is no such file, or it has no such place.
    """
    try:
        document = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be read: {error}; name a Markdown file", value=path) from error
    if not any(marked_text(document, name) is not None for name in _places(model)):
        opening = " nor ".join(f"<!-- measured: {name} -->" for name in _places(model))
        raise InputError(f"{str(path)!r} has neither {opening}, closed by <!-- /measured -->, on lines of their own")


def rewrite(document: str, model: str, report: Report) -> str:
    """The document with the report in the places of that model; places of other models stay as they are."""
    texts = dict(zip(_places(model), (report.whole, report.short), strict=True))

    def fill(block: re.Match[str]) -> str:
        name = block["name"]
        return marked(name, texts[name]).rstrip("\n") if name in texts else block[0]

    return _BLOCK.sub(fill, document)


def _places(model: str) -> tuple[str, str]:
    return model, f"{model}, in short"
