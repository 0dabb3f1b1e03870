"""What dual encoders' repositories call things: model types, modules, config keys, features."""

from __future__ import annotations

import dataclasses
from typing import Any

from torch import Tensor

from medialens.errors import RepositoryError
from medialens.hub.manifest import Manifest
from medialens.models.spec import Fusion

KINDS = ("Transformer", "CLIPModel", "BGEVLCLIPTransformer", "Normalize")
"""The modules of Sentence Transformers that a dual encoder may be made of."""

_OWN_KEY = "medialens"  # in config.json, for repositories that are made for medialens
_BGE_CODE = "modeling_MMRet_CLIP"  # the code that BGE-VL's config.json asks for; it is CLIP plus the fusion below


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tower:
    """How a model type's text tower wants its tokens.

    Attributes:
        full_length: Text is padded to the greatest length always, because it was trained so.
        mask: Whether the tower sees which tokens are padding.
        segments: Whether it takes token types.
    """

    full_length: bool = False
    mask: bool = True
    segments: bool = False


# SigLIP's text tower was trained on sequences padded to the full length, without a mask: the padding tokens are
# part of what it reads (transformers' documentation of SigLIP; its `padding="max_length"`).
TOWERS: dict[str, Tower] = {
    "clip": Tower(),
    "siglip": Tower(full_length=True, mask=False),
    "siglip2": Tower(full_length=True, mask=False),
    "chinese_clip": Tower(segments=True),
    "vision-text-dual-encoder": Tower(segments=True),
}


def read_fusion(manifest: Manifest) -> Fusion | None:
    """How the repository makes one vector of text and image together; None if it does not say.

    BGE-VL (``modeling_MMRet_CLIP.py``): the sum of the features before they are normalised.

    Raises:
        RepositoryError: It says something unknown.
    """
    own = (manifest.config.get(_OWN_KEY) or {}).get("fusion")
    if own not in {None, "sum"}:
        msg = f"{manifest.name!r}: config.json asks for the fusion {own!r}, expected 'sum'"
        raise RepositoryError(msg, repository=manifest.name)
    code = (manifest.config.get("auto_map") or {}).values()
    if own or "BGEVLCLIPTransformer" in manifest.kinds or any(_BGE_CODE in str(reference) for reference in code):
        return "sum"
    return None


def read_bias(manifest: Manifest, towers: Any) -> float:
    """The bias of its logits: a weight of the model (SigLIP), or our own key where the architecture has no place."""
    learnt = getattr(towers, "logit_bias", None)
    if learnt is not None:
        return float(learnt.float())
    return float((manifest.config.get(_OWN_KEY) or {}).get("logit_bias", 0.0))


def normalises(manifest: Manifest) -> bool:
    """Whether vectors have unit length: as modules.json says, and always for plain transformers repositories."""
    return not manifest.modules or "Normalize" in manifest.kinds


def features(output: Any) -> Tensor:
    """The projected features in what ``get_text_features`` and ``get_image_features`` give: a record since 5.0."""
    tensor: Tensor = output if isinstance(output, Tensor) else output.pooler_output
    return tensor
