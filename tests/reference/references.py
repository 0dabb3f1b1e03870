"""What the reference libraries give for a tiny model, un-adorned: used live, and to record values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image
import torch
from transformers import AutoModel, AutoProcessor

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
