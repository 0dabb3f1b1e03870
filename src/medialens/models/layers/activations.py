"""What stands between a reranker's output and its score."""

from __future__ import annotations

import dataclasses

from medialens.hub.manifest import Manifest
from medialens.outputs import ScoreKind

# Only these: importing what a file names is running what a file says.
_SCORE_KINDS: dict[str, ScoreKind] = {"Identity": "logit", "Sigmoid": "probability"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Activation:
    """What kind of score the repository wants; `why_not` where it wants something unknown."""

    score_kind: ScoreKind = "probability"
    why_not: str | None = None


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
