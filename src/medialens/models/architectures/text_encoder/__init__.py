"""One tower for text, its token features pooled into a vector: BERT and its many relatives.

Repositories of Sentence Transformers with a text backbone, pooling, Dense and Normalize modules, in the layout
of any version; and plain transformers encoders, which are mean-pooled, as Sentence Transformers does.
"""

from __future__ import annotations

from medialens.hub.manifest import Manifest
from medialens.models.architectures.text_encoder._repo import (
    MODULE_KINDS,
    PLAIN_TYPES,
    is_plain_encoder,
    read_pooling,
    why_not_text,
)
from medialens.models.architectures.text_encoder.model import load
from medialens.models.family import Family
from medialens.models.protocol import Task


def why_not(manifest: Manifest, task: Task) -> str | None:
    """None if this is a text encoder, else what it is instead."""
    if task != "embed":
        return "it gives vectors, not scores of pairs; use Encoder"
    if manifest.saved_as not in {"", "SentenceTransformer"}:
        return f"saved as a {manifest.saved_as}"
    if not manifest.modules:
        return None if is_plain_encoder(manifest) else _why_not_plain(manifest)
    unknown = [kind or module.type for kind, module in zip(manifest.kinds, manifest.modules, strict=True)]
    unknown = [kind for kind in unknown if kind not in MODULE_KINDS]
    if unknown:
        return f"modules.json has {', '.join(unknown)}, expected {', '.join(MODULE_KINDS)}"
    if manifest.kinds[:2] != ("Transformer", "Pooling"):
        return f"modules.json begins with {', '.join(manifest.kinds[:2])}, expected Transformer, Pooling"
    return why_not_text(manifest) or read_pooling(manifest).why_not


def _why_not_plain(manifest: Manifest) -> str:
    what = f"model_type is {manifest.model_type!r}"
    if manifest.model_type in PLAIN_TYPES:
        what = f"its architecture is {', '.join(manifest.architectures)}"
    return f"no modules.json, and {what}, which is no plain text encoder"


FAMILY = Family(name="text_encoder", why_not=why_not, load=load)
