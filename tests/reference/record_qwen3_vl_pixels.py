"""Writes tests/models/recorded/qwen3_vl_pixels.json: what the processors of Qwen3-VL make of pictures and clips.

Run in the environment of `make test-reference`, from the repository's root:

    python -m tests.reference.record_qwen3_vl_pixels
"""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.reference.torchvision_shim import make_torchvision_importable

make_torchvision_importable()  # before transformers looks for it

import numpy as np  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from tests.models.architectures.qwen3_vl.pictures.visions import CLIP, CLIPS, STILL  # noqa: E402
from tests.models.samples import PICTURES  # noqa: E402
from tests.reference.references import to_pil  # noqa: E402

TARGET = Path(__file__).parents[1] / "models" / "recorded" / "qwen3_vl_pixels.json"
SAMPLED = 16  # values of each


def main() -> None:
    """Records stills and clips."""
    torch.set_num_threads(1)
    stills = transformers.Qwen2VLImageProcessor(**STILL)
    assert stills.backend == "torchvision"
    packages = ("torch", "torchvision", "transformers")
    provenance = {
        "command": "python -m tests.reference.record_qwen3_vl_pixels",
        "by": "transformers Qwen2VLImageProcessor and Qwen3VLVideoProcessor, torchvision backend",
        "versions": {"python": platform.python_version(), **{package: version(package) for package in packages}},
    }
    content = {
        "provenance": provenance,
        "stills": [_sampled(stills(picture, return_tensors="pt"), "pixel_values") for picture in to_pil(PICTURES)],
        "clips": [_clip(*one) for one in CLIPS],
    }
    TARGET.write_text(json.dumps(content) + "\n", encoding="utf-8")


def _clip(frames: list[Any], settings: dict[str, Any]) -> dict[str, Any]:
    processor = transformers.Qwen3VLVideoProcessor(**{**CLIP, **settings}, do_sample_frames=False)
    given = torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2)
    return _sampled(processor([given], input_data_format="channels_first", return_tensors="pt"), "pixel_values_videos")


def _sampled(made: Any, name: str) -> dict[str, Any]:
    values = made[name]
    flat = values.flatten()
    step = len(flat) // SAMPLED
    grid = made["image_grid_thw" if name == "pixel_values" else "video_grid_thw"]
    return {
        "grid": grid[0].tolist(),
        "mean": values.double().mean().item(),
        "std": values.double().std().item(),
        "step": step,
        "values": [round(float(value), 7) for value in flat[::step][:SAMPLED]],
    }


if __name__ == "__main__":
    main()
