"""The model card of an embedded model: what it is, how it was made, what it can and cannot do, in numbers.

What all cards share is here; what each says of itself is in its own folder's `card.py`.
"""

from __future__ import annotations

import dataclasses
import platform
import re
import textwrap
from pathlib import Path
from typing import Any

import torch
import transformers

from medialens.training.measuring.report import Report, marked
from medialens.training.run import Run

_CARD = """---
license: apache-2.0
pipeline_tag: {task}
tags: [{tags}]
---

# {name}: {title}

{about}

{n_parameters:.1f} million parameters, stored in float16.

## How it was made

    {command}

{making}

![Loss and recall by step](curve.svg)

## What it can do

Measured by `{measured_by}`, through the public handles:

{measured}
## What it cannot do

{limits}
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class CardText:
    """What a model says of itself, in Markdown.

    Attributes:
        name: As the package calls it.
        title: After the name, in the heading.
        measured_by: The command that measures it.
        task: The hub's word for what it does.
        tags: The hub's, separated by commas.
        about: What it is, and what for.
        making: What was special about its training.
        limits: What it cannot do.
    """

    name: str
    title: str
    measured_by: str
    task: str
    tags: str
    about: str
    making: str
    limits: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Origin:
    """How weights came about.

    Attributes:
        command: Typed to train them.
        beginning: From what they were trained: ``nothing``, or another model.
        examples: How many of what: ``1,000 pictures``.
        seed: Of the run.
        minutes: Spent training, over all sittings.
        device: What it was trained on.
        half: Whether the arithmetic was bfloat16.
        n_parameters: Of the network.
    """

    command: str
    beginning: str
    examples: str
    seed: int
    minutes: float
    device: str
    half: bool
    n_parameters: int

    @property
    def sentence(self) -> str:
        """All of it but the command and the parameters."""
        precision = "bfloat16" if self.half else "float32"
        return (
            f"Trained from {self.beginning} on {self.examples}, drawn on the fly, in {self.minutes:.0f} minutes on "
            f"{self.device}; {precision} arithmetic; torch {torch.__version__}, transformers "
            f"{transformers.__version__}, seed {self.seed}."
        )


def origin_of(run: Run[Any], *, command: str, examples: str, beginning: str = "nothing") -> Origin:
    """What the run itself knows of it, on the machine that it ran on."""
    return Origin(
        command=command,
        beginning=beginning,
        examples=examples,
        seed=run.settings.seed,
        minutes=run.minutes,
        device=describe_device(),
        half=run.settings.half,
        n_parameters=sum(tensor.numel() for tensor in run.network.parameters()),
    )


def describe_device() -> str:
    """The threads that torch uses, and the processor by its name where the system tells it."""
    names = Path("/proc/cpuinfo")
    lines = names.read_text(encoding="utf-8").splitlines() if names.is_file() else []
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    n_threads = torch.get_num_threads()
    return f"{n_threads} thread{'s' if n_threads > 1 else ''} of a CPU ({name or platform.machine()})"


def write_card(folder: Path, text: CardText, origin: Origin, report: Report) -> None:
    """Writes ``README.md`` into the repository; its measured part can be written anew, see `report.rewrite`."""
    card = _CARD.format(
        task=text.task,
        tags=text.tags,
        name=text.name,
        measured_by=text.measured_by,
        title=text.title,
        about=fill(text.about),
        n_parameters=origin.n_parameters / 1e6,
        command=origin.command,
        making=fill(f"{origin.sentence} {text.making}"),
        measured=marked(text.name, report.whole),
        limits=fill(text.limits),
    )
    (folder / "README.md").write_text(card, encoding="utf-8")


def fill(text: str) -> str:
    """The text in lines of 120 characters, paragraph by paragraph and point by point (``- ``)."""
    points = [point for paragraph in text.strip().split("\n\n") for point in _points(paragraph)]
    return "\n".join(points).strip()


def _points(paragraph: str) -> list[str]:
    indent = "  " if paragraph.startswith("- ") else ""
    filled = [
        textwrap.fill(" ".join(point.split()), 120, subsequent_indent=indent, break_on_hyphens=False)
        for point in re.split(r"\n(?=- )", paragraph)
    ]
    return [*filled, ""]
