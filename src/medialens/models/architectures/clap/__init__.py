"""CLAP: two towers, one for text and one for sounds, whose vectors can be compared.

LAION's models in the layout of transformers (`ClapModel`), or in that of Sentence Transformers: clap-htsat-unfused and
-fused, larger_clap_general, larger_clap_music and others. As a reranker it gives ``sigmoid(scale * cosine)``, with the
scale it was trained with.

The tower hears some 10 seconds at once. What comes of a longer sound is left to chance in transformers: one window of
it, anywhere (``rand_trunc``), or three, one of each third (``fusion``). Here nothing is: see `processing`.
"""

from __future__ import annotations

from medialens.hub.manifest import Manifest
from medialens.models.architectures.clap._repo import KINDS, why_no_sounds
from medialens.models.architectures.clap.model import load
from medialens.models.family import Family
from medialens.models.protocol import Task


def why_not(manifest: Manifest, task: Task) -> str | None:  # noqa: ARG001  # both tasks are served
    """None if this is a CLAP, else what it is instead."""
    if manifest.model_type != "clap":
        return f"model_type is {manifest.model_type!r}, expected 'clap'"
    unknown = [kind or module.type for kind, module in zip(manifest.kinds, manifest.modules, strict=True)]
    unknown = [kind for kind in unknown if kind not in KINDS]
    if unknown:
        return f"modules.json adds {', '.join(unknown)}, expected a transformer and Normalize"
    return why_no_sounds(manifest.feature_extractor)


FAMILY = Family(name="clap", why_not=why_not, load=load)
