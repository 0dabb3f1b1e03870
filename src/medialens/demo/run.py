"""The demonstration from beginning to end."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryFile

from medialens.demo.drawing import draw_files
from medialens.demo.gathering import find_files, gather
from medialens.demo.questions import Question, make_questions
from medialens.demo.searching import Finding, LangChainSearcher, LlamaIndexSearcher, Models
from medialens.demo.sheet_html import write_html
from medialens.demo.sheet_png import write_png
from medialens.demo.summary import Summary, summarise
from medialens.encoder import Encoder
from medialens.errors import InputError, UnknownFamilyError
from medialens.reranker import Reranker

_STORE = "memory://medialens-demo"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """Where the sheets are, and what is on them."""

    html: Path
    png: Path
    summary: Summary


def run_demo(  # noqa: PLR0913  # each is a plain choice of the user's
    folders: Sequence[Path],
    output: Path,
    *,
    model: str = "demo",
    reranker: str | None = None,
    questions: Sequence[str] = (),
    tell: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Draws pictures and clips, indexes them in both frameworks, asks, reranks and writes the contact sheet.

    Args:
        folders: The user's own, indexed as well.
        output: Receives ``pictures/``, ``contact-sheet.html`` and ``contact-sheet.png``.
        model: Any model that embeds text and images. Clips take part if it and the reranker take them.
        reranker: Any model that scores them; None is ``demo-reranker`` for the embedded model, for others the
            model itself, if it can, and otherwise ``demo-reranker``.
        questions: The user's own, asked first; nobody knows their answer.
        tell: Receives a line when a step begins.

    Raises:
        MediaNotFoundError: A folder is missing.
        InputError: A folder holds neither picture nor video, or `output` cannot be written.
        RepositoryError: A model cannot be loaded.
    """
    own = find_files(folders)
    output = _writable(output.resolve())
    reranker = reranker or _reranker_for(model, tell)
    clips = Encoder(model).supports("video") and Reranker(reranker).supports("video")
    tell(f"Drawing into {output / 'pictures'} ...")
    drawn = draw_files(output / "pictures", clips=clips)
    asked = [*(Question(text=text) for text in questions), *make_questions(drawn, output / "questions")]
    found = gather(dict.fromkeys([*drawn, *own]), clips=clips)
    examples = gather((one.example for one in asked if one.example), clips=clips)
    for path, reason in found.skipped.items():
        tell(f"Skipped {path.name}: {reason}")
    models = Models(embedder=model, reranker=reranker, clips=found.clips | examples.clips, store=_STORE)
    findings = _ask(found.files, asked, models, tell)
    summary = summarise(findings, models=models, found=found, n_own=len(set(found.files) - set(drawn)))
    outcome = Outcome(html=output / "contact-sheet.html", png=output / "contact-sheet.png", summary=summary)
    shown = [*found.media, *examples.media]
    write_html(outcome.html, findings, shown, summary)
    write_png(outcome.png, findings, shown, summary)
    return outcome


def _reranker_for(model: str, tell: Callable[[str], None]) -> str:
    """The embedded one for the embedded model, and where the model cannot score; otherwise the model itself."""
    if model == "demo":
        return "demo-reranker"
    Encoder(model).load()  # what is wrong with it is said of it as the embedder
    try:
        Reranker(model).load()
    except UnknownFamilyError:
        tell(f"{model!r} cannot score pairs; reranking with 'demo-reranker', which knows drawings only")
        return "demo-reranker"
    return model


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


def _ask(
    files: Sequence[Path], asked: Sequence[Question], models: Models, tell: Callable[[str], None]
) -> list[Finding]:
    searchers = []
    for kind in (LangChainSearcher, LlamaIndexSearcher):
        tell(f"Indexing {len(files)} files through {kind.name} ...")
        searchers.append(kind(files, models))
    tell(f"Asking {len(asked)} questions ...")
    return [Finding(question=one, answers={each.name: each.search(one) for each in searchers}) for one in asked]
