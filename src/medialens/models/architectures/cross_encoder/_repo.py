"""What cross-encoders' repositories call things: labels, tasks."""

from __future__ import annotations

from medialens.hub.manifest import Manifest

ENDING = "ForSequenceClassification"

_TRANSFORMERS_DEFAULT_LABELS = 2  # where config.json does not say


def n_labels(manifest: Manifest) -> int:
    """Outputs of the classifier, as transformers counts them."""
    labels = manifest.config.get("id2label")
    if labels is not None:
        return len(labels)
    return int(manifest.config.get("num_labels", _TRANSFORMERS_DEFAULT_LABELS))


def task_of(manifest: Manifest) -> str:
    """What the transformer module does; a module before 5.4 does not say."""
    return str(manifest.transformer.get("transformer_task", "sequence-classification"))
