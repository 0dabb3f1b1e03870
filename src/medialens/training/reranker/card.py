"""What the reranker's model card says of it. Numbers stand here only where the measurement gives them."""

from __future__ import annotations

from medialens.training.calibration import CANDIDATES_A_MATCH
from medialens.training.card import CardText
from medialens.training.measuring.reranker_report import RerankerReport

_ABOUT = """A reranker for the drawn domain of `demo`, the embedder of medialens: it reads a query and a document
together and says how likely they match. Either may be text, a picture, a short clip, or text and pictures together. It
is there for what an embedder confuses: three stars and four, a circle above a square and a square above a circle. It
has never seen a photograph; for real pictures, take a model from the hub.

The towers of the embedder, a ConvNeXt and a 3-layer BERT, trained further: their cosine, and what {layers} layers say
in which the tokens of the query attend to those of the document, words to the 8 x 8 places of a picture. To both comes
the cosine of the embedder as it was, which is in the repository as well. How much each counts was fitted to kept
scenes other than those measured below; the sigmoid of the logit is calibrated for one match among {candidates}
candidates."""

_MAKING = """Each step shows nine clusters of four scenes that are nearly the same, mostly all of one kind; of each
query, the documents that the cosine finds nearest are looked at. A binary loss asks of each pair whether it matches,
and a contrastive one which of the candidates does, of the sum and of attention alone; a lesson in letters asks which
stand in the pictures of words. In most steps captions look for pictures; in the others pictures look for captions or
pictures, and captions for captions or captioned pictures. One combination of facts in ten, eight sentence frames and a
synonym of each concept were kept from it."""

_LIMITS = """- What `demo` does not know, it does not know either: photographs, words that are not on its list, numbers
  above six.
- It can only order what the embedder has found.
- Weakest: {weakest}."""


def describe_reranker(report: RerankerReport, *, layers: int) -> CardText:
    """The text, with numbers of that report."""
    worst = sorted(report.kinds, key=lambda one: one.after.recall_at_1)[:3]
    weakest = ", ".join(
        f"{one.after.what} ({one.after.recall_at_1:.2f} after {one.before.recall_at_1:.2f})" for one in worst
    )
    return CardText(
        name="demo-reranker", measured_by="medialens measure FOLDER --reranker",
        title="the reranker of medialens", task="text-ranking",
        tags="reranker, image-text-matching, cross-attention, synthetic-data",
        about=_ABOUT.format(layers=layers, candidates=CANDIDATES_A_MATCH), making=_MAKING,
        limits=_LIMITS.format(weakest=weakest),
    )  # fmt: skip
