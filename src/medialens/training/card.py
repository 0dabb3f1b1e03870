"""The model card of an embedded model: what it is, how it was made, what it can and cannot do, in numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import torch
import transformers

from medialens.training.embedder.recipe import RecipeSettings
from medialens.training.measuring.table import Row, to_markdown

_CARD = """---
license: apache-2.0
pipeline_tag: sentence-similarity
tags: [image-text-retrieval, dual-encoder, synthetic-data]
---

# demo: the embedded model of medialens

A dual encoder for text and pictures that were *drawn*: shapes, counts and relations, little drawings of things,
charts, tables, screens, short documents and rendered words. It is small enough to travel with the package and good
enough to try everything with; it has never seen a photograph, and knows a few hundred English words. For real
pictures, take a model from the hub.

ConvNeXt (96 x 96 pixels, six stages down to one cell) and a 3-layer BERT in `VisionTextDualEncoder`;
{n_parameters:.1f} million parameters, stored in float16; vectors of {dimension} numbers.
Items that mix text and picture are embedded as the sum of both features. `sigmoid(scale * cosine + bias)`, with the
scale of the weights and the bias in `config.json`, is calibrated for one match among 20 candidates.

## How it was made

    {command}

Trained from nothing on {n_examples:,} pictures, drawn on the fly, in {minutes:.0f} minutes on {device}; {precision};
torch {torch}, transformers {transformers}, seed {seed}. Captions and pictures find each other by a symmetric
contrastive loss, and both name the facts of the scene through one table, which was thrown away at the end.
One combination of facts in ten, eight sentence frames and a synonym of each concept were kept from it.

## What it can do

Measured by `medialens measure demo` on held-out combinations, through the public `Encoder`:

{table}
"among ... only" lets pictures of one kind compete with each other, which is harder than a mixed gallery.

## What it cannot do

It reads little: among pictures of words it finds the right one about three times in ten (a quarter of those words are
invented), although nearly always among the first five. Near-duplicates are often swapped: a circle above a square
against the square above the circle, three stars against four, a happy face against a sad one. Of ten pictures that
differ in the shape alone (same colour, size and place) it finds the right one in four to eight of ten cases; it goes
by colours and places first. It does not know
photographs, words beyond its vocabulary (it spells them, and mostly fails), negations ("without red"), numbers above
six, or anything else that the recipe does not draw.
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Origin:
    """How weights came about.

    Attributes:
        command: Typed to train them.
        settings: Of the run.
        minutes: Spent training, over all sittings.
        device: What it was trained on.
        n_parameters: Of the network.
        dimension: Of its vectors.
    """

    command: str
    settings: RecipeSettings
    minutes: float
    device: str
    n_parameters: int
    dimension: int


def write_card(folder: Path, origin: Origin, rows: Sequence[Row]) -> None:
    """Writes ``README.md`` into the repository."""
    settings = origin.settings
    text = _CARD.format(
        n_parameters=origin.n_parameters / 1e6,
        dimension=origin.dimension,
        command=origin.command,
        n_examples=settings.steps * settings.batch_size,
        minutes=origin.minutes,
        device=origin.device,
        precision="bfloat16 arithmetic" if settings.half else "float32 arithmetic",
        torch=torch.__version__,
        transformers=transformers.__version__,
        seed=settings.seed,
        table=to_markdown(rows),
    )
    (folder / "README.md").write_text(text, encoding="utf-8")
