"""What the embedder's model card says of it. Numbers stand here only where the measurement gives them."""

from __future__ import annotations

from medialens.training.calibration import CANDIDATES_A_MATCH
from medialens.training.card import CardText
from medialens.training.drawing.clips import MOTIONS, SHEET
from medialens.training.language.words import READABLE
from medialens.training.measuring.embedder import AMONG_RIVALS, DIRECTION, N_RIVALS, READING, UNSEEN_WORD
from medialens.training.measuring.embedder_report import EmbedderReport

_ABOUT = """A dual encoder for text, pictures and short clips that were *drawn*: shapes, counts and relations, little
drawings of things, charts, tables, screens, short documents and rendered words; clips in which a shape moves, grows,
shrinks, comes or goes. It is small enough to travel with the package and good enough to try everything with; it has
never seen a photograph, and knows a few hundred English words. For real pictures, take a model from the hub.

ConvNeXt (96 x 96 pixels, six stages down to one cell) and a 3-layer BERT in `VisionTextDualEncoder`; vectors of
{dimension} numbers, which can be cut to their first ones. A clip is looked at in {n_frames} moments, which lie side
by side on one sheet, {rows} by {columns}, and go through the picture tower. Items that mix text with pictures or clips
are embedded as the sum of their parts' features. `sigmoid(scale * cosine + bias)`, with the scale of the weights and
the bias in `config.json`, is calibrated for one match among {candidates} candidates."""

_MAKING = """Captions and pictures find each other by a symmetric contrastive loss, over whole and over cut vectors, and
both name the facts of the scene through one table, which was thrown away at the end. Many pictures have a rival in
their batch that differs in one fact alone. One combination of facts in ten, eight sentence frames and a synonym of each
concept were kept from it."""

_LIMITS = """- Photographs, and whatever else the recipe does not draw, mean nothing to it.
- Reading: of {n_signs} signs in the same colours, with different words, the right one comes first for {reading:.0%} of
  the queries (by chance, {chance:.0%} would). It was taught {n_readable} words; others it has to spell.
- Near-duplicates: beside {n_rivals} pictures that differ in a fact or two, the right one comes first for {rivals:.0%}
  of the queries. That is what a reranker is for.
- {weakest}
- Words that it has not learnt are spelt, and say little to it: with one unknown synonym in the sentence, the right
  picture comes first for {unseen_word:.0%} of the queries.
- "Not a square" is overlooked rather than understood, and "without red" is not known at all.
- In clips, it knows {n_motions} motions of a single shape: {motions}. The clip comes before the same one with the
  opposite motion for {direction:.0%} of the queries. What happens between its {n_frames} moments, it does not see.
- Numbers above six."""


def describe_embedder(report: EmbedderReport, *, dimension: int) -> CardText:
    """The text, with numbers of that report."""
    about = _ABOUT.format(
        dimension=dimension, n_frames=SHEET.n_frames, rows=SHEET.rows, columns=SHEET.columns,
        candidates=CANDIDATES_A_MATCH,
    )  # fmt: skip
    reading = report.find(READING)
    limits = _LIMITS.format(
        n_signs=reading.n_candidates,
        reading=reading.recall_at_1,
        chance=1 / reading.n_candidates,
        n_readable=len(READABLE),
        n_rivals=N_RIVALS,
        rivals=report.find(AMONG_RIVALS).recall_at_1,
        weakest=report.weakest,
        unseen_word=report.find(UNSEEN_WORD).recall_at_1,
        n_motions=len(MOTIONS),
        motions=", ".join(MOTIONS),
        direction=report.find(DIRECTION).recall_at_1,
        n_frames=SHEET.n_frames,
    )
    return CardText(
        name="demo", measured_by="medialens measure demo",
        title="the embedder of medialens", task="sentence-similarity",
        tags="image-text-retrieval, video-text-retrieval, dual-encoder, synthetic-data",
        about=about, making=_MAKING, limits=limits,
    )  # fmt: skip
