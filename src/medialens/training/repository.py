"""What the repositories of the embedded models have in common: their tokenizer, their pixels, their small files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerFast

from medialens.training.examples import IMAGE_SIZE

_PREPROCESSOR = {
    "image_processor_type": "ViTImageProcessor",
    "do_resize": True,
    "size": {"height": IMAGE_SIZE, "width": IMAGE_SIZE},
    "resample": 3,  # bicubic
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
    "do_convert_rgb": True,
}


def write_processing(folder: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    """The files that say how text and pictures are read; the last to be written, all files end up readable."""
    tokenizer.save_pretrained(folder)
    # The name that every release of transformers knows; newer ones write another.
    amend_json(folder / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast"})
    write_json(folder / "preprocessor_config.json", _PREPROCESSOR)
    for path in folder.iterdir():
        path.chmod(0o644)  # safetensors writes files that only their owner may read


def amend_json(path: Path, content: Mapping[str, Any]) -> None:
    """Adds to the object in a file, or replaces in it."""
    write_json(path, {**json.loads(path.read_text(encoding="utf-8")), **content})


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """The object, readable and in the order of its keys."""
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
