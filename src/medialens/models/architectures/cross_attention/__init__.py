"""Two towers whose tokens attend to each other, to one score: what `medialens train demo-reranker` makes.

Query and document may each be text, a picture, a clip, or a mixture. The repository's ``config.json`` has the
``model_type`` of `_repo.MODEL_TYPE`; the towers are any backbone and any text encoder that transformers builds.
"""

from __future__ import annotations

from medialens.hub.manifest import Manifest
from medialens.models.architectures.cross_attention._repo import MODEL_TYPE
from medialens.models.architectures.cross_attention.model import load
from medialens.models.family import Family
from medialens.models.layers.pixel_settings import why_no_recipe
from medialens.models.protocol import Task


def why_not(manifest: Manifest, task: Task) -> str | None:
    """None if this scores pairs by cross-attention, else what it is instead."""
    if manifest.model_type != MODEL_TYPE:
        return f"model_type is {manifest.model_type!r}, expected {MODEL_TYPE!r}"
    if task != "score":
        return "it scores pairs and gives no vectors; use Reranker"
    return why_no_recipe(manifest.image_processor)


FAMILY = Family(name="cross_attention", why_not=why_not, load=load)
