"""What Qwen3-VL's repositories call things, and whether they can be run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from medialens.errors import RepositoryError
from medialens.hub.manifest import Manifest
from medialens.models.architectures.qwen3_vl.prompts.flow import VisionIds
from medialens.models.layers.activations import read_activation
from medialens.models.protocol import Task
from medialens.outputs import ScoreKind

MODEL_TYPE: Final = "qwen3_vl"

_GENERATOR: Final = "ForConditionalGeneration"
_TASKS: Final[Mapping[Task, str]] = {"embed": "feature-extraction", "score": "any-to-any"}
_SCORE_IDS: Final = ("true_token_id", "false_token_id")
_HANDLES: Final[Mapping[Task, str]] = {"embed": "Encoder", "score": "Reranker"}
_HEADS: Final[Mapping[Task, tuple[tuple[str, ...], ...]]] = {
    "embed": (("Transformer", "Pooling"), ("Transformer", "Pooling", "Normalize")),
    "score": (("Transformer", "LogitScore"),),
}

# Of the authors' scripts (src/models of the repository of Qwen3-VL-Embedding).
_PLAIN_MAX_TOKENS: Final[Mapping[Task, int]] = {"embed": 8192, "score": 10240}


def why_not(manifest: Manifest, task: Task) -> str | None:
    """None if this is a Qwen3-VL that can do the task, else what it is instead."""
    if manifest.model_type != MODEL_TYPE:
        return f"model_type is {manifest.model_type!r}, expected {MODEL_TYPE!r}"
    if not manifest.modules:
        return _why_not_plain(manifest, task)
    if manifest.kinds not in _HEADS[task]:
        found = ", ".join(kind or module.type for kind, module in zip(manifest.kinds, manifest.modules, strict=True))
        other: Task = "score" if task == "embed" else "embed"
        remedy = f"; use {_HANDLES[other]}" if manifest.kinds in _HEADS[other] else ""
        return f"modules.json has {found}, expected {', '.join(_HEADS[task][-1])}{remedy}"
    return _why_not_transformer(manifest, task) or _why_not_head(manifest, task)


def _why_not_plain(manifest: Manifest, task: Task) -> str | None:
    if task == "embed" or any(name.endswith(_GENERATOR) for name in manifest.architectures):
        return None
    shown = ", ".join(manifest.architectures) or "not named"
    return f"its architecture is {shown}, expected one that ends in {_GENERATOR}, whose tokens are the scores"


def _why_not_transformer(manifest: Manifest, task: Task) -> str | None:
    asked = manifest.transformer.get("transformer_task", "feature-extraction")
    if asked != _TASKS[task]:
        return f"its transformer does {asked}, expected {_TASKS[task]}"
    kinds = manifest.transformer.get("modality_config") or {"text": {}}
    return None if "message" in kinds else f"its transformer takes {', '.join(kinds)}, expected chat messages"


def _why_not_head(manifest: Manifest, task: Task) -> str | None:
    if task == "score":
        return read_activation(manifest).why_not
    config = manifest.modules[1].config
    mode = config.get("pooling_mode") or [key for key, on in config.items() if key.startswith("pooling_mode_") and on]
    known = mode in ("lasttoken", ["lasttoken"], ["pooling_mode_lasttoken"])
    return None if known else f"its pooling is {mode}, expected lasttoken"


def normalises(manifest: Manifest) -> bool:
    """Whether vectors have unit length: as modules.json says, and always for plain repositories."""
    return not manifest.modules or "Normalize" in manifest.kinds


def score_kind(manifest: Manifest) -> ScoreKind:
    """What a score is: the authors' probability where no repository of Sentence Transformers says otherwise."""
    return read_activation(manifest).score_kind if manifest.modules else "probability"


def wanted_tokens(manifest: Manifest, task: Task, *, asked: int | None) -> int | None:
    """The longest prompt in tokens, as the caller or the repository wants it; None if nobody says."""
    if asked is not None or not manifest.modules:
        return asked or _PLAIN_MAX_TOKENS[task]
    of_texts = (manifest.transformer.get("processing_kwargs") or {}).get("text") or {}
    limit = of_texts.get("max_length") or manifest.transformer.get("max_seq_length")
    return int(limit) if limit else None


@dataclasses.dataclass(frozen=True)
class ScoreTokens:
    """The tokens whose logits make a score: that of `yes` less that of `no`, or that of `yes` alone."""

    yes: int
    no: int | None


def read_score_tokens(manifest: Manifest, tokenizer: Any) -> ScoreTokens:
    """As LogitScore's settings have them; where there are none, those that are called "yes" and "no".

    There are none in plain repositories, and where modules.json misspells their folder.

    Raises:
        RepositoryError: Nothing says which, and there are none of these names; or no tokens have such numbers.
    """
    config = next((module.config for module in manifest.modules if module.kind == "LogitScore"), {})
    if "true_token_id" in config:
        yes, no = (None if config.get(name) is None else int(config[name]) for name in _SCORE_IDS)
        if yes is None or yes < 0 or (no is not None and no < 0):
            msg = f"{manifest.name!r}: its LogitScore scores by the tokens {yes} and {no}, expected ids of 0 and above"
            raise RepositoryError(msg, repository=manifest.name)
        return ScoreTokens(yes, no)
    ids = [tokenizer.convert_tokens_to_ids(name) for name in ("yes", "no")]
    if any(at is None or at == tokenizer.unk_token_id for at in ids):
        msg = f"{manifest.name!r}: its LogitScore has no true_token_id, and its tokenizer no tokens 'yes' and 'no'"
        raise RepositoryError(msg, repository=manifest.name)
    return ScoreTokens(*map(int, ids))


def read_vision_ids(manifest: Manifest, tokenizer: Any) -> VisionIds:
    """The tokens of pictures, of which the configuration and the tokenizer must say the same.

    Raises:
        RepositoryError: A token is missing, or is another one to the tokenizer.
    """
    ids = {}
    for name, token in _VISION_TOKENS.items():
        written = tokenizer.convert_tokens_to_ids(getattr(tokenizer, name, None) or token)
        ids[name] = manifest.config.get(f"{name}_id", written)
        if written is None or ids[name] != written:
            msg = (
                f"{manifest.name!r}: config.json has {name}_id {ids[name]!r:.40}, and the tokenizer reads {token} as "
                f"{written!r:.40}; the files belong to different models, download the repository again"
            )
            raise RepositoryError(msg, repository=manifest.name)
    image, video, start, end = ids.values()
    return VisionIds(image=image, video=video, start=start, end=end)


_VISION_TOKENS: Final = {
    "image_token": "<|image_pad|>",
    "video_token": "<|video_pad|>",
    "vision_start_token": "<|vision_start|>",
    "vision_end_token": "<|vision_end|>",
}
