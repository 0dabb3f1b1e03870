"""One tower that reads query and document together and gives the pair one score: text pair classifiers.

MS MARCO MiniLM, bge-reranker, mxbai-rerank v1, jina-reranker v1 ...: an `AutoModelForSequenceClassification`
with one label, as a plain transformers repository or as Sentence Transformers' `CrossEncoder` saves it.
"""

from __future__ import annotations

from medialens.hub.manifest import Manifest
from medialens.models.architectures.cross_encoder._repo import ENDING, n_labels, task_of
from medialens.models.architectures.cross_encoder.model import load
from medialens.models.family import Family
from medialens.models.layers.activations import read_activation
from medialens.models.protocol import Task


def why_not(manifest: Manifest, task: Task) -> str | None:
    """None if this scores pairs of texts, else what it is instead."""
    if not any(name.endswith(ENDING) for name in manifest.architectures):
        shown = ", ".join(manifest.architectures) or "not named"
        return f"its architecture is {shown}, expected one that ends in {ENDING}"
    if task != "score":
        return "it scores pairs and gives no vectors; use Reranker"
    if set(manifest.kinds) - {"Transformer"}:
        return f"modules.json has {', '.join(kind or '?' for kind in manifest.kinds)}, expected a transformer alone"
    if task_of(manifest) != "sequence-classification":
        return f"its transformer does {task_of(manifest)}"
    if n_labels(manifest) != 1:
        return f"it gives {n_labels(manifest)} labels a pair, and a ranking needs one score"
    return read_activation(manifest).why_not


FAMILY = Family(name="cross_encoder", why_not=why_not, load=load)
