"""Qwen3-VL with random weights: of the published 2B size, and of a middle size for machines without an accelerator.

Both keep the geometry of the published models: patches of 16 in squares of 2 by 2, a table of 48 by 48 positions, three
levels of deepstack after a quarter, a half and three quarters of the tower, heads of 64 and of 128, interleaved
positions, embeddings tied to the head. The middle size is narrower and has fewer layers, such that the tower's linear
layers and the language model share the work about as they do in the 2B.
"""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from tests import tiny, tiny_qwen
from tokenizers import ByteLevelBPETokenizer
from transformers import Qwen2Tokenizer, Qwen3VLConfig, Qwen3VLForConditionalGeneration, Qwen3VLModel

LARGEST_STILL = 1800  # tokens; the published maximum


@dataclasses.dataclass(frozen=True, kw_only=True)
class Size:
    """Widths and depths of both parts."""

    text: Mapping[str, int]
    vision: Mapping[str, Any]


SIZES = {
    "mid": Size(
        text={
            "vocab_size": 8192,
            "hidden_size": 512,
            "intermediate_size": 1536,
            "num_hidden_layers": 8,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
        },
        vision={
            "depth": 4,
            "hidden_size": 256,
            "intermediate_size": 1024,
            "num_heads": 4,
            "deepstack_visual_indexes": [0, 1, 2],
        },
    ),
    "2b": Size(
        text={
            "vocab_size": 151_936,
            "hidden_size": 2048,
            "intermediate_size": 6144,
            "num_hidden_layers": 28,
            "num_attention_heads": 16,
            "num_key_value_heads": 8,
        },
        vision={
            "depth": 24,
            "hidden_size": 1024,
            "intermediate_size": 4096,
            "num_heads": 16,
            "deepstack_visual_indexes": [5, 11, 17],
        },
    ),
}


def config(size: Size, ids: Mapping[str, int]) -> Qwen3VLConfig:
    rotary = {"rope_type": "default", "rope_theta": 5_000_000.0, "mrope_section": [24, 20, 20]}
    text = {**size.text, "head_dim": 128, "max_position_embeddings": 262_144, "rope_parameters": rotary}
    vision = {**size.vision, "patch_size": 16, "temporal_patch_size": 2, "spatial_merge_size": 2}
    vision |= {"out_hidden_size": size.text["hidden_size"], "num_position_embeddings": 2304}
    return Qwen3VLConfig(
        text_config={**text, "tie_word_embeddings": True},
        vision_config=vision,
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=True,
    )


def embedder(folder: Path, size: Size, *, device: str, dtype: torch.dtype) -> Path:
    """In the layout of Sentence Transformers."""
    _save(Qwen3VLModel, folder, size, device=device, dtype=dtype)
    return tiny_qwen.embedder_files(folder, size.text["hidden_size"])


def reranker(folder: Path, size: Size, *, device: str, dtype: torch.dtype) -> Path:
    """In the layout of Sentence Transformers."""
    ids = _save(Qwen3VLForConditionalGeneration, folder, size, device=device, dtype=dtype)
    return tiny_qwen.reranker_files(folder, ids)


def _save(kind: Any, folder: Path, size: Size, *, device: str, dtype: torch.dtype) -> dict[str, int]:
    ids = _tokenizer(folder)
    with torch.device(device):
        model = kind(config(size, ids)).to(dtype)
    model.tie_weights()
    _draw(model, device)
    model.save_pretrained(folder)
    tiny_qwen.processor_files(folder, still_tokens=LARGEST_STILL, clip_tokens=4 * LARGEST_STILL)
    return ids


@torch.no_grad()
def _draw(model: torch.nn.Module, device: str) -> None:
    """Weights of a size that keeps values in range through all layers, so that different inputs differ."""
    generator = torch.Generator(device).manual_seed(0)
    for parameter in model.parameters():
        if parameter.ndim > 1:
            fan_in = parameter[0].numel()
            parameter.normal_(0.0, fan_in**-0.5, generator=generator)
        else:
            parameter.mul_(0.9)  # ones of norms, zeros of biases


def _tokenizer(folder: Path) -> dict[str, int]:
    """Byte-level BPE that has whole words for the templates and the texts, as the published one has."""
    draw = random.Random(0)
    texts = [" ".join(draw.choices(tiny.WORDS, k=20)) for _ in range(500)]
    folder.mkdir(parents=True, exist_ok=True)
    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator([*[tiny_qwen.RERANKER_TEMPLATE, "yes no"] * 50, *texts], vocab_size=2048)
    content = json.loads(trained._tokenizer.to_str())["model"]  # noqa: SLF001  # it saves to files only
    merges = [tuple(merge) for merge in content["merges"]]
    tokenizer = Qwen2Tokenizer(vocab=content["vocab"], merges=merges, model_max_length=262_144)
    tokenizer.add_special_tokens({"additional_special_tokens": list(tiny_qwen.CONTROLS)})
    tokenizer.save_pretrained(folder)
    return {name: int(tokenizer.convert_tokens_to_ids(name)) for name in (*tiny_qwen.CONTROLS, "yes", "no")}
