"""What the reference libraries give for a tiny model, un-adorned: used live, and to record values."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image
import torch
from transformers import AutoModel, AutoModelForImageTextToText, AutoProcessor

from medialens.media.decoded import DecodedAudio, DecodedImage

Floats = npt.NDArray[np.float32]

# Text towers that were trained on padding to the full length.
PADDED = dict.fromkeys(("siglip", "siglip2_fixed", "siglip2_naflex"), "max_length")


def to_pil(pictures: Sequence[DecodedImage]) -> list[PIL.Image.Image]:
    return [PIL.Image.fromarray(picture.pixels) for picture in pictures]


def unit(vectors: torch.Tensor) -> Floats:
    return torch.nn.functional.normalize(vectors, dim=-1).numpy()


@torch.inference_mode()
def transformers_features(
    folder: Path, texts: Sequence[str], pictures: Sequence[DecodedImage]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Un-normalised features of texts and of pictures, by transformers alone."""
    model = AutoModel.from_pretrained(folder, trust_remote_code=False).eval()
    processor = AutoProcessor.from_pretrained(folder, trust_remote_code=False)
    assert processor.image_processor.backend == "torchvision"
    tokens = processor(text=list(texts), padding=PADDED.get(folder.name, True), truncation=True, return_tensors="pt")
    pixels = processor.image_processor(to_pil(pictures), return_tensors="pt")
    return _pooled(model.get_text_features(**tokens)), _pooled(model.get_image_features(**pixels))


@torch.inference_mode()
def clap_features(folder: Path, texts: Sequence[str], sounds: Sequence[DecodedAudio]) -> tuple[Floats, Floats]:
    """Features of texts and of sounds that are not longer than the tower hears, by transformers alone.

    With several sounds at once, the extractor declares one of them to be longer by chance: that is put right.
    """
    model = AutoModel.from_pretrained(folder, trust_remote_code=False).eval()
    processor = AutoProcessor.from_pretrained(folder, trust_remote_code=False)
    tokens = processor(text=list(texts), padding=True, truncation=True, return_tensors="pt")
    heard = processor.feature_extractor(
        [sound.samples for sound in sounds], sampling_rate=sounds[0].sample_rate_hz, return_tensors="pt"
    )
    longer = torch.zeros_like(heard["is_longer"])
    audio = model.get_audio_features(input_features=heard["input_features"].float(), is_longer=longer)
    return _pooled(model.get_text_features(**tokens)).numpy(), _pooled(audio).numpy()


def _pooled(output: Any) -> torch.Tensor:
    return output.pooler_output if hasattr(output, "pooler_output") else output


def sentence_transformer(folder: Path) -> Any:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder), device="cpu")


def cross_encoder(folder: Path) -> Any:
    from sentence_transformers import CrossEncoder

    return CrossEncoder(str(folder), device="cpu")


def predict(model: Any, pairs: Sequence[tuple[Any, Any]], **options: Any) -> Floats:
    """Scores by Sentence Transformers, one pair at a time.

    In pairs it reads clips as bare frames only, and takes them to be shown at 24 a second.
    """
    bare = [tuple(_without_metadata(side) for side in pair) for pair in pairs]
    return np.concatenate([model.predict([pair], show_progress_bar=False, **options) for pair in bare])


def _without_metadata(value: Any) -> Any:
    if not (isinstance(value, dict) and "array" in value):
        return value
    assert value["video_metadata"]["fps"] == 24.0
    return value["array"]


# --- Qwen3-VL, as its authors' scripts use it --------------------------------------------------------------------
# src/models/qwen3_vl_embedding.py and qwen3_vl_reranker.py of QwenLM/Qwen3-VL-Embedding: their prompts, their order of
# parts and their bounds of pixels; resized by transformers' processors, which theirs leave to another package.

_JUDGE = (
    "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct "
    'provided. Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n'
    "<Instruct>: Given a search query, retrieve relevant candidates that answer the query.<Query>:{}\n<Document>:{}"
    "<|im_end|>\n<|im_start|>assistant\n"
)
_EMBED = "<|im_start|>system\n{}<|im_end|>\n<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
_MARKS = {
    "image": "<|vision_start|><|image_pad|><|vision_end|>",
    "video": "<|vision_start|><|video_pad|><|vision_end|>",
}
_STILLS = {"size": {"shortest_edge": 4 * 32 * 32, "longest_edge": 1800 * 32 * 32}}
_CLIPS = {
    "size": {"shortest_edge": 4 * 32 * 32, "longest_edge": 2 * 10 * 768 * 32 * 32},
    "fps": 1,
    "max_frames": 64,
    "cap_pixels_per_frame": True,
}


def qwen_vector(folder: Path, value: Any, instruction: str = "Represent the user's input.") -> Floats:
    """The last token's hidden state at unit length."""
    return unit(_qwen_hidden(folder, _EMBED.format(instruction, _written(value)), value))


def qwen_probability(folder: Path, query: Any, document: Any) -> float:
    """Sigmoid of the logit of "yes" less that of "no"."""
    hidden = _qwen_hidden(folder, _JUDGE.format(_written(query), _written(document)), query, document)
    model, processor = _qwen(folder)
    yes, no = (processor.tokenizer.convert_tokens_to_ids(word) for word in ("yes", "no"))
    with torch.inference_mode():
        return torch.sigmoid(hidden @ (model.lm_head.weight[yes] - model.lm_head.weight[no])).item()


@torch.inference_mode()
def _qwen_hidden(folder: Path, text: str, *values: Any) -> torch.Tensor:
    model, processor = _qwen(folder)
    parts = [part for value in values for part in _qwen_parts(value)]
    clips = [part for kind, part in parts if kind == "video"]
    inputs = processor(
        text=[text],
        images=[part for kind, part in parts if kind == "image"] or None,
        videos=[clip["array"] for clip in clips] or None,
        images_kwargs=_STILLS,
        videos_kwargs={**_CLIPS, **({"video_metadata": [clip["video_metadata"] for clip in clips]} if clips else {})},
        text_kwargs={"return_tensors": "pt"},
    )
    return model.model(**inputs).last_hidden_state[0, -1]


@functools.cache
def _qwen(folder: Path) -> tuple[Any, Any]:
    model = AutoModelForImageTextToText.from_pretrained(folder, trust_remote_code=False).eval()
    return model, AutoProcessor.from_pretrained(folder, trust_remote_code=False)


def _written(value: Any) -> str:
    return "".join(part if kind == "text" else _MARKS[kind] for kind, part in _qwen_parts(value)) or "NULL"


def _qwen_parts(value: Any) -> list[tuple[str, Any]]:
    """(kind, part): clips before pictures before text."""
    if isinstance(value, str):
        return [("text", value)]
    if not isinstance(value, dict):
        return [("image", value)]
    if "array" in value:
        return [("video", value)]
    parts = [(kind, one) for kind, given in value.items() for one in (given if isinstance(given, list) else [given])]
    return sorted(parts, key=lambda part: ("video", "image", "text").index(part[0]))
