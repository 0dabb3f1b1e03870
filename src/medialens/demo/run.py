"""The demonstration from beginning to end."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryFile

from medialens.demo.gathering import find_files, gather
from medialens.demo.pictures import Question, draw_pictures, make_questions
from medialens.demo.searching import Finding, LangChainSearcher, LlamaIndexSearcher
from medialens.demo.sheet_html import write_html
from medialens.demo.sheet_png import write_png
from medialens.demo.summary import Summary, summarise
from medialens.errors import InputError

_STORE = "memory://medialens-demo"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """Where the sheets are, and what is on them."""

    html: Path
    png: Path
    summary: Summary


def run_demo(
    folders: Sequence[Path],
    output: Path,
    *,
    model: str = "demo",
    questions: Sequence[str] = (),
    tell: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Draws pictures, indexes them in both frameworks, asks, reranks and writes the contact sheet.

    Args:
        folders: The user's own, indexed as well.
        output: Receives ``pictures/``, ``contact-sheet.html`` and ``contact-sheet.png``.
        model: Any model that takes text and images.
        questions: The user's own, asked first; nobody knows their answer.
        tell: Receives a line when a step begins.

    Raises:
        MediaNotFoundError: A folder is missing.
        InputError: A folder holds no image file, or `output` cannot be written.
    """
    own = find_files(folders)
    output = _writable(output.resolve())
    tell(f"Drawing pictures into {output / 'pictures'} ...")
    drawn = draw_pictures(output / "pictures")
    asked = [*(Question(text=text) for text in questions), *make_questions(output / "pictures", output / "questions")]
    gathering = gather(dict.fromkeys([*drawn, *own]))
    for path, reason in gathering.skipped.items():
        tell(f"Skipped {path.name}: {reason}")
    files = [picture.path for picture in gathering.pictures]
    findings = _ask(files, asked, model, tell)
    summary = summarise(
        findings, model=model, n_pictures=len(files), n_own=len(set(files) - set(drawn)), skipped=gathering.skipped
    )
    shown = [*gathering.pictures, *gather(one.picture for one in asked if one.picture).pictures]
    outcome = Outcome(html=output / "contact-sheet.html", png=output / "contact-sheet.png", summary=summary)
    write_html(outcome.html, findings, shown, summary)
    write_png(outcome.png, findings, shown, summary)
    return outcome


def _writable(folder: Path) -> Path:
    """The folder, made, and found to take files: said now instead of after minutes of work."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        msg = f"the output folder {str(folder)!r} cannot be written: {error}; name another one"
        raise InputError(msg, value=folder) from error
    return folder


def _ask(files: Sequence[Path], asked: Sequence[Question], model: str, tell: Callable[[str], None]) -> list[Finding]:
    searchers = []
    for kind in (LangChainSearcher, LlamaIndexSearcher):
        tell(f"Indexing {len(files)} pictures through {kind.name} ...")
        searchers.append(kind(files, model=model, store=_STORE))
    tell(f"Asking {len(asked)} questions ...")
    return [Finding(question=one, answers={each.name: each.search(one) for each in searchers}) for one in asked]
