"""What Sentence Transformers makes of the cases of Qwen3-VL's prompts; writes them when it is run.

python -m tests.reference.qwen_prompts
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.reference.torchvision_shim import make_torchvision_importable

make_torchvision_importable()  # before transformers looks for it

import numpy as np  # noqa: E402
import PIL.Image  # noqa: E402
from sentence_transformers import CrossEncoder, SentenceTransformer  # noqa: E402
from tests import tiny_qwen  # noqa: E402
from tests.models.architectures.qwen3_vl.prompts.prompt_cases import EMBEDDED, PAIRS, Case, Part  # noqa: E402
from tests.reference import record  # noqa: E402
from transformers import AutoProcessor  # noqa: E402

MODELS = {"qwen3_vl_embedder": (SentenceTransformer, EMBEDDED), "qwen3_vl_reranker": (CrossEncoder, PAIRS)}


def main() -> None:
    """Records the prompts of both models."""
    with tempfile.TemporaryDirectory() as root:
        for name in MODELS:
            folder = getattr(tiny_qwen, name)(Path(root) / name)
            by = "sentence_transformers' preprocess"
            content = {"by": by, "cases": record_prompts(name, folder)}
            record.write(f"prompts_{name}", content, "python -m tests.reference.qwen_prompts")


def record_prompts(name: str, folder: Path) -> dict[str, Any]:
    """Ids, grids and times of every case, by its name."""
    factory, cases = MODELS[name]
    model = factory(str(folder), device="cpu")
    return {case.name: _record(model, case) for case in cases}


def _record(model: Any, case: Case) -> dict[str, Any]:
    features = _features(model, case)
    grids = {kind: features.get(f"{kind}_grid_thw") for kind in ("image", "video")}
    return {
        "ids": features["input_ids"][0].tolist(),
        "grids": {kind: [] if grid is None else grid.tolist() for kind, grid in grids.items()},
        "times": [
            _times(part, model.processor)
            for side in case.sides
            for part in side
            if not isinstance(part, str) and part[0] == "video"
        ],
    }


def _features(model: Any, case: Case) -> Any:
    if case.roles:
        messages = [
            {"role": role, "content": [{"type": kind, kind: value} for kind, value in map(_typed, side)]}
            for role, side in zip(case.roles, case.sides, strict=True)
        ]
        return model.preprocess([messages], prompt=case.instruction or None)
    clips = [_medium(part) for side in case.sides for part in side if not isinstance(part, str) and part[0] == "video"]
    if len(case.sides) == 1 or not clips:
        sides = tuple(map(_natively, case.sides))
        return model.preprocess([sides if len(sides) > 1 else sides[0]], prompt=case.instruction or None)
    # In pairs, Sentence Transformers cannot be told when the frames of a clip were on show: its messages, told here.
    formatter = model[0].input_formatter
    messages = formatter.pair_to_messages([_bare(_natively(side)) for side in case.sides])
    if case.instruction:
        (messages,) = formatter.prepend_prompt_to_messages([messages], case.instruction)
    text = model.processor.apply_chat_template(messages, **model[0].processing_kwargs["chat_template"])
    images = [_medium(part) for side in case.sides for part in side if not isinstance(part, str) and part[0] == "image"]
    arrays, metadata = ([clip[key] for clip in clips] for key in ("array", "video_metadata"))
    return model.processor(
        text=[text], images=images or None, videos=arrays, video_metadata=metadata, return_tensors="pt"
    )


def _bare(side: Any) -> Any:
    """A side whose clips are their frames alone."""
    if not isinstance(side, dict):
        return side
    if "array" in side:
        return side["array"]
    return {kind: value["array"] if kind == "video" else value for kind, value in side.items()}


def _natively(side: Sequence[Part]) -> Any:
    """A side as users of Sentence Transformers write it: alone, or by kind, in the order of the parts."""
    parts = list(map(_typed, side))
    kinds: dict[str, list[Any]] = {}
    for kind, value in parts:
        kinds.setdefault(kind, []).append(value)
    assert [kind for kind in kinds for _ in kinds[kind]] == [kind for kind, _ in parts], "no dict has this order"
    if len(parts) == 1:
        return parts[0][1]
    return {kind: values if len(values) > 1 else values[0] for kind, values in kinds.items()}


def _typed(part: Part) -> tuple[str, Any]:
    return ("text", part) if isinstance(part, str) else (part[0], _medium(part))


def _medium(part: Part) -> Any:
    kind, *size = part
    rng = np.random.default_rng(size[:2])
    if kind == "image":
        return PIL.Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8))
    frames, height, width, fps = size
    array = rng.integers(0, 256, (frames, 3, height, width), dtype=np.uint8)
    return {"array": array, "video_metadata": {"fps": fps, "total_num_frames": frames}}


def _times(part: Part, processor: AutoProcessor) -> list[float]:
    """Of each pair of frames that the processor samples."""
    value = _medium(part)
    out = processor.video_processor(
        [value["array"]], video_metadata=[value["video_metadata"]], return_metadata=True, return_tensors="pt"
    )
    metadata = out["video_metadata"][0]
    return [float(time) for time in processor._calculate_timestamps(metadata.frames_indices, metadata.fps, 2)]


if __name__ == "__main__":
    main()
