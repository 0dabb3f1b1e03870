"""Two towers, one for text and one for pictures, whose vectors can be compared: CLIP and its relatives.

CLIP, SigLIP, SigLIP 2 (fixed size and NaFlex), Chinese-CLIP, any `VisionTextDualEncoder`, and BGE-VL's CLIP
models; as plain transformers repositories or in either layout of Sentence Transformers. One that says how it looks
at clips (``clip_sheet``) takes them as pictures of several frames. As a reranker it gives
``sigmoid(scale * cosine + bias)``, with the scale and bias it was trained with.
"""

from __future__ import annotations

from medialens.hub.manifest import Manifest
from medialens.models.architectures.dual_encoder._repo import KINDS, TOWERS
from medialens.models.architectures.dual_encoder.model import load
from medialens.models.family import Family
from medialens.models.layers.pixel_settings import why_no_recipe
from medialens.models.protocol import Task


def why_not(manifest: Manifest, task: Task) -> str | None:  # noqa: ARG001  # both tasks are served
    """None if this is a dual encoder, else what it is instead."""
    if manifest.model_type not in TOWERS:
        return f"model_type is {manifest.model_type!r}, expected one of {', '.join(TOWERS)}"
    unknown = [kind or module.type for kind, module in zip(manifest.kinds, manifest.modules, strict=True)]
    unknown = [kind for kind in unknown if kind not in KINDS]
    if unknown:
        return f"modules.json adds {', '.join(unknown)}, expected a transformer and Normalize"
    return why_no_recipe(manifest.image_processor)


FAMILY = Family(name="dual_encoder", why_not=why_not, load=load)
