"""The same weights and inputs through Sentence Transformers and through medialens, in turn, in one process.

    python -m benchmarks.against_sentence_transformers [rounds]

Needs the environment of `make test-reference`. A CLIP of true ViT-B/32 size with random weights encodes JPEG files and
texts of mixed lengths; each contender runs at its defaults, and in bfloat16 where the CPU computes in it. Caches are
off. Reports rates, their ratios, and how far apart the vectors are. Run from the root of the repository.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from tests.reference.torchvision_shim import make_torchvision_importable

make_torchvision_importable()  # before transformers, which looks for torchvision once

from benchmarks.engine_lanes import mixed_texts, photos  # noqa: E402  # brings transformers
from benchmarks.report import alternate, median, report  # noqa: E402
from sentence_transformers import SentenceTransformer  # noqa: E402
from tests import tiny  # noqa: E402
from transformers import CLIPConfig, CLIPModel  # noqa: E402

from medialens import Encoder, EngineConfig  # noqa: E402
from medialens.engine.engine import Engine  # noqa: E402
from medialens.models.placement import cpu_computes_bfloat16  # noqa: E402

N_PICTURES = 64
N_TEXTS = 256


def clip_b32(folder: Path) -> Path:
    """ViT-B/32 with random weights: 12 layers of 768 over pictures, 12 of 512 over texts."""
    size = tiny.clip_tokenizer(folder)
    text = {"vocab_size": size, "bos_token_id": size - 2, "eos_token_id": size - 1, "pad_token_id": size - 1}
    model = CLIPModel(CLIPConfig(text_config={**text, "num_hidden_layers": 12}, vision_config={"patch_size": 32}))
    tiny.save(model, folder)
    pixels = {"size": {"shortest_edge": 224}, "crop_size": {"height": 224, "width": 224}}
    tiny.write_json(folder, "preprocessor_config.json", {**tiny.CLIP_PIXELS, **pixels})
    return folder


def rate(count: int, work: Callable[[], Any]) -> Callable[[], float]:
    """A run that gives items a second."""

    def run() -> float:
        start = time.perf_counter()
        work()
        return count / (time.perf_counter() - start)

    return run


def furthest(ours: Any, theirs: Any) -> float:
    """The largest difference of any coordinate, both at unit length."""
    sides = [np.asarray(side, dtype=np.float64) for side in (ours, theirs)]
    units = [side / np.linalg.norm(side, axis=1, keepdims=True) for side in sides]
    return float(f"{np.abs(units[0] - units[1]).max():.2g}")


def compare(folder: Path, dtype: str, n_rounds: int) -> dict[str, Any]:
    """One dtype: rates of both on pictures and on texts, ratios and differences."""
    images, texts = photos(N_PICTURES), mixed_texts(N_TEXTS)
    opened = [io.BytesIO(image.source) for image in images]
    reference = SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": dtype})
    config = EngineConfig(vector_cache_bytes=0, media_cache_bytes=0)
    with Engine(config) as engine:
        encoder = Encoder(folder, dtype=dtype, engine=engine)
        work = {
            "pictures, theirs": (N_PICTURES, lambda: reference.encode([PIL.Image.open(file) for file in opened])),
            "pictures, ours": (N_PICTURES, lambda: encoder.encode(images)),
            "texts, theirs": (N_TEXTS, lambda: reference.encode(texts)),
            "texts, ours": (N_TEXTS, lambda: encoder.encode(texts)),
        }
        results = {name: run() for name, (_, run) in work.items()}  # warms up, and is compared
        rates = alternate({name: rate(count, run) for name, (count, run) in work.items()}, n_rounds)
    figures: dict[str, Any] = {f"{dtype}, {name}, per second": median(values) for name, values in rates.items()}
    for kind in ("pictures", "texts"):
        ratios = [a / b for a, b in zip(rates[f"{kind}, ours"], rates[f"{kind}, theirs"], strict=True)]
        figures[f"{dtype}, {kind}, ours over theirs"] = median(ratios)
        figures[f"{dtype}, {kind}, largest difference"] = furthest(results[f"{kind}, ours"], results[f"{kind}, theirs"])
    return figures


def main() -> None:
    n_rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    figures: dict[str, Any] = {"rounds": n_rounds}
    with tempfile.TemporaryDirectory() as folder:
        model = clip_b32(Path(folder) / "clip")
        for dtype in ("float32", "bfloat16") if cpu_computes_bfloat16() else ("float32",):
            figures |= compare(model, dtype, n_rounds)
    report("against_sentence_transformers", figures)


if __name__ == "__main__":
    main()
