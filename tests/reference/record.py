"""Writes tests/models/recorded/*.json: what the reference libraries give for the tiny models.

Run in the environment of `make test-reference`, from the repository's root:

    python -m tests.reference.record

The offline tests compare with these files; each says which versions gave its numbers.
"""

from __future__ import annotations

import json
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.reference.torchvision_shim import make_torchvision_importable

make_torchvision_importable()  # before transformers looks for it

import torch  # noqa: E402
import transformers  # noqa: E402
from tests import tiny  # noqa: E402
from tests.models.samples import PAIRS, PICTURES, SIDES, SOUNDS, TEXTS  # noqa: E402
from tests.reference import references  # noqa: E402
from tests.reference.plain_cross_attention import PlainCrossAttention  # noqa: E402
from tests.reference.test_cross_attention import as_pil  # noqa: E402

TARGET = Path(__file__).parents[1] / "models" / "recorded"
PROCESSORS = {
    "clip": {**tiny.CLIP_PIXELS},
    "clip_crop_larger": {**tiny.CLIP_PIXELS, "crop_size": {"height": 51, "width": 40}},
    "siglip": {**tiny.SIGLIP_PIXELS},
    "vit": {**tiny.SIGLIP_PIXELS, "image_processor_type": "ViTImageProcessor", "resample": 2},
}
SAMPLED = 16  # values of each picture


def main() -> None:
    """Records every tiny model and the pixels of the processors."""
    TARGET.mkdir(exist_ok=True)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        for name, build in {**tiny.DUAL_ENCODERS, **tiny.TEXT_ENCODERS, **tiny.CROSS_ENCODERS}.items():
            write(name, record_model(name, build(Path(folder) / name)))
        for name, build in tiny.CLAPS.items():
            write(name, record_clap(build(Path(folder) / name)))
        write("cross_attention", record_cross_attention(tiny.cross_attention(Path(folder) / "cross_attention")))
    for name, settings in PROCESSORS.items():
        write(f"pixels_{name}", record_pixels(settings))


def record_model(name: str, folder: Path) -> dict[str, Any]:
    if name in tiny.CROSS_ENCODERS:
        logits = references.cross_encoder(folder).predict(PAIRS, activation_fn=torch.nn.Identity())
        return {"by": "sentence_transformers.CrossEncoder.predict, activation Identity", "logits": logits.tolist()}
    if name in tiny.TEXT_ENCODERS:
        vectors = references.sentence_transformer(folder).encode(TEXTS)
        return {"by": "sentence_transformers.SentenceTransformer.encode", "texts": short(vectors)}
    if (folder / "modules.json").exists():
        model = references.sentence_transformer(folder)
        texts, pictures = model.encode(TEXTS), model.encode(references.to_pil(PICTURES))
        by = "sentence_transformers.SentenceTransformer.encode"
    else:
        features = references.transformers_features(folder, TEXTS, PICTURES)
        texts, pictures = (references.unit(one) for one in features)
        by = "transformers AutoProcessor and get_*_features, normalised"
    return {"by": by, "texts": short(texts), "pictures": short(pictures)}


def record_clap(folder: Path) -> dict[str, Any]:
    texts, sounds = references.clap_features(folder, TEXTS, SOUNDS)
    by = "transformers AutoProcessor and get_*_features; no sound is declared to be longer"
    return {"by": by, "texts": short(texts), "sounds": short(sounds)}


def record_cross_attention(folder: Path) -> dict[str, Any]:
    sides = [(as_pil(query), as_pil(document)) for query, document in SIDES]
    return {"by": "its definition, one pair at a time", "logits": PlainCrossAttention(folder).logits(sides)}


def record_pixels(settings: dict[str, Any]) -> dict[str, Any]:
    processor = getattr(transformers, settings["image_processor_type"])(**settings)
    assert processor.backend == "torchvision"
    recorded = []
    for picture in references.to_pil(PICTURES):
        values = processor(picture, return_tensors="pt")["pixel_values"][0]
        flat = values.flatten()
        step = len(flat) // SAMPLED
        recorded.append(
            {
                "shape": list(values.shape),
                "mean": values.double().mean().item(),
                "std": values.double().std().item(),
                "step": step,
                "values": flat[::step][:SAMPLED].tolist(),
            }
        )
    return {
        "by": f"transformers {type(processor).__name__}, torchvision backend",
        "settings": settings,
        "pictures": recorded,
    }


def short(vectors: Any) -> list[list[float]]:
    """Seven decimals: beyond the tolerance of the comparison, and half the size of the file."""
    return [[round(float(value), 7) for value in row] for row in vectors]


def write(name: str, content: dict[str, Any], command: str = "python -m tests.reference.record") -> None:
    packages = ("sentence-transformers", "tokenizers", "torch", "torchvision", "transformers")
    provenance = {
        "command": command,
        "by": content.pop("by"),
        "versions": {"python": platform.python_version(), **{package: version(package) for package in packages}},
    }
    text = json.dumps({"provenance": provenance, **content})
    (TARGET / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
