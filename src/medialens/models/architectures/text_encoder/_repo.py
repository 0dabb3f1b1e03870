"""What text encoders' repositories call things: modules, their config keys old and new, model types."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from medialens.hub.manifest import Manifest
from medialens.models.layers.pooling import POOLING_MODES, PoolingMode

MODULE_KINDS = ("Transformer", "Pooling", "Dense", "Normalize")

# Model types that are pooled where the repository does not say how: encoders that see the whole text at once.
PLAIN_TYPES = frozenset(
    (
        *("albert", "bert", "camembert", "deberta", "deberta-v2", "distilbert", "electra", "ernie", "eurobert"),
        *("flaubert", "fnet", "longformer", "modernbert", "mpnet", "nomic_bert", "nystromformer", "rembert"),
        *("roberta", "roformer", "squeezebert", "xlm", "xlm-roberta", "xlm-roberta-xl", "xmod"),
        *("t5", "mt5", "umt5"),
    )
)

ENCODER_CLASSES = {"t5": "T5EncoderModel", "mt5": "MT5EncoderModel", "umt5": "UMT5EncoderModel"}
"""Types whose `AutoModel` has a decoder too, and the class that leaves it out."""

MAY_MISS = ("pooler.", "cls.", "lm_head.", "encoder.embed_tokens.")
"""Weights that these vectors do not use, or that are tied to others."""

_PLAIN_ENDINGS = ("Model", "ForMaskedLM", "ForPreTraining", "EncoderModel", "ForConditionalGeneration")

_LEGACY_MODES: dict[str, PoolingMode] = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
"""Up to 5.3: a boolean a mode; the order is that of the concatenated result."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class PoolingSettings:
    """What a Pooling module says.

    Attributes:
        modes: Which poolings, side by side.
        includes_prompt: Whether a prompt's tokens count.
        stated: Whether the repository said so; False where mean pooling was assumed.
        why_not: Why it cannot be reproduced, in a few words.
    """

    modes: tuple[PoolingMode, ...] = ("mean",)
    includes_prompt: bool = True
    stated: bool = True
    why_not: str | None = None


def read_pooling(manifest: Manifest) -> PoolingSettings:
    """The Pooling module's settings; mean pooling for a repository without modules."""
    if not manifest.modules:
        return PoolingSettings(stated=False)
    config = next(module.config for module in manifest.modules if module.kind == "Pooling")
    names = _mode_names(config)
    unknown = [name for name in names if name not in POOLING_MODES]
    if unknown:
        return PoolingSettings(why_not=f"unknown pooling {', '.join(unknown)}, expected {', '.join(POOLING_MODES)}")
    modes = tuple(mode for name in names for mode in POOLING_MODES if mode == name)
    return PoolingSettings(modes=modes, includes_prompt=bool(config.get("include_prompt", True)))


def _mode_names(config: Mapping[str, Any]) -> tuple[str, ...]:
    named = config.get("pooling_mode")
    if named is not None:
        return (named,) if isinstance(named, str) else tuple(named)
    return tuple(mode for key, mode in _LEGACY_MODES.items() if config.get(key)) or ("mean",)


def is_plain_encoder(manifest: Manifest) -> bool:
    """Whether a transformers repository without modules is an encoder of text alone."""
    known = manifest.model_type in PLAIN_TYPES
    return known and all(name.endswith(_PLAIN_ENDINGS) for name in manifest.architectures)


def why_not_text(manifest: Manifest) -> str | None:
    """None if the transformer module reads text and gives token features; settings before 5.4 say nothing."""
    task = manifest.transformer.get("transformer_task", "feature-extraction")
    if task != "feature-extraction":
        return f"its transformer does {task}"
    kinds = manifest.transformer.get("modality_config") or {"text": {}}
    if set(kinds) != {"text"}:
        return f"its transformer takes {', '.join(kinds)}, expected text alone"
    output = manifest.transformer.get("module_output_name", "token_embeddings")
    return None if output == "token_embeddings" else f"its transformer gives {output}, expected token_embeddings"


def max_length(manifest: Manifest) -> int | None:
    """The transformer module's own limit of tokens."""
    limit = manifest.transformer.get("max_seq_length")
    return int(limit) if limit else None


def lowercases(manifest: Manifest) -> bool:
    """Whether the module lower-cases text itself, whatever its tokenizer does."""
    return bool(manifest.transformer.get("do_lower_case", False))
