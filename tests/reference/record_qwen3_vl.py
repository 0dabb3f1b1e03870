"""Writes tests/models/recorded/qwen3_vl_{embedder,reranker,plain}.json: what the references give for the tiny models.

Run in the environment of `make test-reference`, from the repository's root:

    python -m tests.reference.record_qwen3_vl
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from tests.reference.torchvision_shim import make_torchvision_importable

make_torchvision_importable()  # before transformers looks for it

import torch  # noqa: E402
from tests import tiny_qwen  # noqa: E402
from tests.models.qwen_samples import INPUTS, INSTRUCTION, MESSAGES, PAIRS  # noqa: E402
from tests.reference import references  # noqa: E402
from tests.reference.record import short, write  # noqa: E402

COMMAND = "python -m tests.reference.record_qwen3_vl"


def main() -> None:
    """Records the three."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write("qwen3_vl_embedder", embedder(tiny_qwen.qwen3_vl_embedder(root / "embedder")), COMMAND)
        write("qwen3_vl_reranker", reranker(tiny_qwen.qwen3_vl_reranker(root / "reranker")), COMMAND)
        write("qwen3_vl_plain", plain(tiny_qwen.qwen3_vl_plain(root / "plain")), COMMAND)


def embedder(folder: Path) -> dict[str, Any]:
    model = references.sentence_transformer(folder)
    return {
        "by": "sentence_transformers.SentenceTransformer.encode, one input at a time",
        "inputs": {name: short(model.encode([value]))[0] for name, value in {**INPUTS, **MESSAGES}.items()},
        "instructed": {name: short(model.encode([value], prompt=INSTRUCTION))[0] for name, value in INPUTS.items()},
    }


def reranker(folder: Path) -> dict[str, Any]:
    model = references.cross_encoder(folder)
    return {
        "by": "sentence_transformers.CrossEncoder.predict, one pair at a time; clips as bare frames",
        "pairs": {name: references.predict(model, [pair]).item() for name, pair in PAIRS.items()},
        "instructed": {
            name: references.predict(model, [one], prompt=INSTRUCTION).item() for name, one in PAIRS.items()
        },
    }


def plain(folder: Path) -> dict[str, Any]:
    return {
        "by": "transformers Qwen3VLProcessor and Qwen3VLForConditionalGeneration, prompts as in the authors' scripts",
        "inputs": {name: short([references.qwen_vector(folder, INPUTS[name])])[0] for name in INPUTS},
        "pairs": {name: references.qwen_probability(folder, *PAIRS[name]) for name in PAIRS},
    }


if __name__ == "__main__":
    main()
