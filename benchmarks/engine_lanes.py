"""The engine on a CPU: several one-thread lanes against one lane of several threads, and batches by cost against count.

    python -m benchmarks.engine_lanes [rounds]

Three parts: pictures through a CLIP of medium size with random weights (JPEG bytes in, vectors out, caches off);
texts of mixed lengths through its text tower, in batches planned by cost and in batches of 32 in the order given; and
what the engine itself costs for an item, with a model that computes nothing. Run from the root of the repository.
"""

from __future__ import annotations

import io
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import PIL.Image
import torch
from benchmarks.report import alternate, median, report
from tests import tiny
from transformers import CLIPConfig, CLIPModel

from medialens import Encoder, EngineConfig, Image
from medialens.engine.engine import Engine
from medialens.engine.threads import limit_this_thread, usable_cores
from medialens.inputs import Item, Text
from medialens.media.decoded import DecodedItem
from medialens.models.protocol import Batch, Cost, Model, Prepared
from medialens.testing.fake_model import FakeModel

N_PICTURES = 32
N_TEXTS = 400
N_ITEMS = 20_000
OFF = {"vector_cache_bytes": 0, "media_cache_bytes": 0}


def medium_clip(folder: Path) -> Path:
    """8 layers of width 512 on both sides, 224 pixels in patches of 32: about 2.6 GFLOP a picture."""
    size = tiny.clip_tokenizer(folder)
    tower = {"hidden_size": 512, "intermediate_size": 2048, "num_hidden_layers": 8, "num_attention_heads": 8}
    text = {**tower, "vocab_size": size, "bos_token_id": size - 2, "eos_token_id": size - 1, "pad_token_id": size - 1}
    model = CLIPModel(CLIPConfig(text_config=text, vision_config={**tower, "image_size": 224, "patch_size": 32}))
    tiny.save(model, folder)
    pixels = {"image_size": 224, "size": {"shortest_edge": 224}, "crop_size": {"height": 224, "width": 224}}
    tiny.write_json(folder, "preprocessor_config.json", {**tiny.CLIP_PIXELS, **pixels})
    return folder


def photos(count: int) -> list[Image]:
    """JPEG files of 640x480, none like another: smooth enough to compress as photographs do."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(count):
        small = PIL.Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8))
        file = io.BytesIO()
        small.resize((640, 480), PIL.Image.Resampling.BICUBIC).save(file, format="JPEG", quality=90)
        found.append(Image(file.getvalue()))
    return found


def mixed_texts(count: int) -> list[str]:
    """Lengths as queries and captions have them: most are short, some are long."""
    draw = random.Random(0)
    return [" ".join(draw.choices(tiny.WORDS, k=min(70, int(draw.lognormvariate(2.2, 0.8)) + 1))) for _ in range(count)]


def per_second(count: int, work: Callable[[], object], spent: list[float] | None = None) -> float:
    """Items a second by the clock; `spent` gets the processor milliseconds of each, which other load sways less."""
    start, processor = time.perf_counter(), time.process_time()
    work()
    if spent is not None:
        spent.append(1e3 * (time.process_time() - processor) / count)
    return count / (time.perf_counter() - start)


def compare_lanes(folder: Path, n_rounds: int) -> dict[str, float]:
    cores = usable_cores()
    engines = {
        "one lane": Engine(EngineConfig(cpu_lanes=1, cpu_threads_per_lane=cores, **OFF)),
        "lanes": Engine(EngineConfig(cpu_lanes=cores, **OFF)),
    }
    pictures = photos(N_PICTURES)
    runs, spent = {}, {name: list[float]() for name in engines}
    for name, engine in engines.items():
        encoder = Encoder(folder, engine=engine)
        encoder.encode_documents(pictures[:8])  # warm
        runs[name] = lambda encoder=encoder, spent=spent[name]: per_second(
            N_PICTURES, lambda: encoder.encode_documents(pictures), spent
        )
    rates = {name: median(values) for name, values in alternate(runs, n_rounds).items()}
    for engine in engines.values():
        engine.close()
    return {
        "cores": cores,
        "one lane of all threads, pictures per second": rates["one lane"],
        "one-thread lanes, pictures per second": rates["lanes"],
        "lanes / one lane": round(rates["lanes"] / rates["one lane"], 2),
        "one lane of all threads, processor ms per picture": median(spent["one lane"]),
        "one-thread lanes, processor ms per picture": median(spent["lanes"]),
    }


def compare_batching(folder: Path, n_rounds: int) -> dict[str, float]:
    limit_this_thread(1)
    texts = mixed_texts(N_TEXTS)
    with Engine(EngineConfig(cpu_lanes=1, prepare_threads=1, **OFF)) as engine:
        encoder = Encoder(folder, engine=engine).load()
        model = engine.loaded(encoder._model)  # noqa: SLF001  # the same weights, without the engine
        runs = {
            "cost": lambda: per_second(N_TEXTS, lambda: encoder.encode_documents(texts)),
            "count": lambda: per_second(N_TEXTS, lambda: by_count(model, texts)),
        }
        rates = {name: median(values) for name, values in alternate(runs, n_rounds).items()}
    return {
        "batches of 32, texts per second": rates["count"],
        "batches by cost, texts per second": rates["cost"],
        "cost / count": round(rates["cost"] / rates["count"], 2),
    }


@torch.inference_mode()
def by_count(model: Model, texts: Sequence[str], n_items: int = 32) -> None:
    for start in range(0, len(texts), n_items):
        items = [DecodedItem((Text(text),)) for text in texts[start : start + n_items]]
        model.forward(model.collate([model.prepare((item,), instruction="") for item in items]))


class Nothing(FakeModel):
    """Costs the engine something and itself next to nothing."""

    def prepare(self, items: tuple[DecodedItem, ...], *, instruction: str) -> Prepared:  # noqa: ARG002  # a Model's
        """Nothing."""
        return Prepared(payload=None, cost=Cost(n_tokens=8), n_bytes=0)

    def collate(self, prepared: Sequence[Prepared]) -> Batch:
        """Nothing."""
        return Batch({}, len(prepared))

    def forward(self, batch: Batch) -> torch.Tensor:
        """Zeros."""
        return torch.zeros(batch.n_items, 32)


def measure_overhead(n_rounds: int) -> dict[str, float]:
    with Engine(EngineConfig(cpu_lanes=2, **OFF)) as engine:
        encoder = Encoder(Nothing(), engine=engine)
        rates: list[float] = []
        spent: list[float] = []
        for turn in range(n_rounds):
            items = [Item(f"{turn} {at}") for at in range(N_ITEMS)]
            rates.append(per_second(N_ITEMS, lambda items=items: encoder.encode_documents(items), spent))
    return {"nothing to compute, items per second": median(rates), "processor us per item": 1e3 * median(spent)}


def main() -> None:
    n_rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as folder:
        medium_clip(Path(folder))
        report(
            "engine_lanes",
            {
                **compare_lanes(Path(folder), n_rounds),
                **compare_batching(Path(folder), n_rounds),
                **measure_overhead(n_rounds),
            },
        )


if __name__ == "__main__":
    main()
