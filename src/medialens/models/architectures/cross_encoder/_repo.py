"""What cross-encoders' repositories call things: labels, activations old and new."""

from __future__ import annotations

import dataclasses

from medialens.hub.manifest import Manifest
from medialens.outputs import ScoreKind

ENDING = "ForSequenceClassification"

_TRANSFORMERS_DEFAULT_LABELS = 2  # where config.json does not say

# What may stand between the classifier's output and the score. Only these: importing what a file names is
# running what a file says.
_SCORE_KINDS: dict[str, ScoreKind] = {"Identity": "logit", "Sigmoid": "probability"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Activation:
    """What kind of score the repository wants; `why_not` where it wants something unknown."""

    score_kind: ScoreKind = "probability"
    why_not: str | None = None


def n_labels(manifest: Manifest) -> int:
    """Outputs of the classifier, as transformers counts them."""
    labels = manifest.config.get("id2label")
    if labels is not None:
        return len(labels)
    return int(manifest.config.get("num_labels", _TRANSFORMERS_DEFAULT_LABELS))


def task_of(manifest: Manifest) -> str:
    """What the transformer module does; a module before 5.4 does not say."""
    return str(manifest.transformer.get("transformer_task", "sequence-classification"))


def read_activation(manifest: Manifest) -> Activation:
    """The activation that turns a logit into the score: a sigmoid where nothing else is said.

    Three generations of Sentence Transformers kept it in three places; the first that is set counts.
    """
    path = (
        manifest.settings.get("activation_fn")
        or (manifest.config.get("sentence_transformers") or {}).get("activation_fn")
        or manifest.config.get("sbert_ce_default_activation_function")
    )
    if not path:
        return Activation()
    kind = _SCORE_KINDS.get(str(path).rpartition(".")[2]) if str(path).startswith("torch.nn.") else None
    if kind is None:
        return Activation(why_not=f"its activation is {path!r}, expected torch.nn's Identity or Sigmoid")
    return Activation(score_kind=kind)
