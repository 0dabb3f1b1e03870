"""A CLAP that runs: both towers, and the card that describes them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from transformers import AutoModel
from transformers.audio_utils import mel_filter_bank

from medialens.errors import RepositoryError
from medialens.media.decoded import DecodedItem
from medialens.models.architectures.clap._repo import SoundRecipe, features, read_sound_recipe
from medialens.models.architectures.clap.processing import Processing
from medialens.models.family import LoadRequest
from medialens.models.layers.backbone import actual_placement, load_backbone, load_tokenizer, sound_settings
from medialens.models.layers.checks import check_item, only_item
from medialens.models.layers.heads import to_unit_length
from medialens.models.layers.log_mel import LogMel
from medialens.models.layers.tokens import TextReader, max_tokens, text_config
from medialens.models.placement import Placement
from medialens.models.protocol import Batch, Prepared, Recipe

_MIXING_REMEDY = (
    'It has one tower for each; ModelSpec(fusion="sum") (Encoder(..., fusion="sum")) makes one vector of both '
    "by summing their features"
)
_WINDOWS_AT_ONCE = 16
"""A long sound is many windows; their activations need not all be in memory."""

_COST_PATCH = 16
"""Side of the square of a spectrogram that counts as one patch of work: the tower's own first grid is far finer, and
says little about its work."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Clap:
    """Text and sounds to vectors of one space; see `protocol.Model`."""

    recipe: Recipe
    placement: Placement
    identity: str
    processing: Processing
    towers: Any = dataclasses.field(repr=False)

    def prepare(self, items: tuple[DecodedItem, ...], *, instruction: str) -> Prepared:
        """Ids and spectrograms of the item.

        Raises:
            UnsupportedModalityError: It has a part that no tower takes, or mixes parts without a fusion.
        """
        item = only_item(items, self.recipe)
        check_item(item, self.recipe, remedy=_MIXING_REMEDY)
        return self.processing.prepare(item, instruction=instruction)

    def collate(self, prepared: Sequence[Prepared]) -> Batch:
        """One batch for each tower."""
        return self.processing.collate(prepared)

    @torch.inference_mode()
    def forward(self, batch: Batch) -> Float[Tensor, "n dim"]:
        """Vectors of length 1, in fp32; an item with several parts has the sum of its parts' features."""
        tensors = batch.tensors
        device = next(iter(tensors.values())).device
        vectors = torch.zeros((batch.n_items, self.recipe.dimension), dtype=torch.float32, device=device)
        if "text_rows" in tensors:
            given = {name: tensors[name] for name in ("input_ids", "attention_mask")}
            texts = features(self.towers.get_text_features(**given)).to(torch.float32)
            vectors.index_add_(0, tensors["text_rows"], to_unit_length(texts))
        if "audio_rows" in tensors:
            vectors.index_add_(0, tensors["audio_rows"], self._audio_features(tensors))
        return to_unit_length(vectors)

    def _audio_features(self, tensors: Mapping[str, Tensor]) -> Float[Tensor, "windows dim"]:
        """Of every window, times its share in its sound."""
        spectrograms, is_longer = tensors["spectrograms"].to(self.placement.dtype), tensors["is_longer"]
        found = []
        for at in range(0, len(spectrograms), _WINDOWS_AT_ONCE):
            part = slice(at, at + _WINDOWS_AT_ONCE)
            output = self.towers.get_audio_features(input_features=spectrograms[part], is_longer=is_longer[part])
            found.append(features(output).to(torch.float32))
        return to_unit_length(torch.cat(found)) * tensors["weights"][:, None]


def load(request: LoadRequest) -> Clap:
    """The CLAP of a repository.

    Raises:
        RepositoryError: Its settings contradict themselves, or transformers cannot load it.
    """
    towers = load_backbone(AutoModel, request, foreign_code=False)
    sounds = read_sound_recipe(sound_settings(request), repository=request.manifest.name)
    _check_settings(sounds, towers.config.audio_config, request.manifest.name)
    tokenizer = load_tokenizer(request, foreign_code=False)
    reader = TextReader(
        tokenizer, max_tokens=max_tokens(tokenizer, text_config(towers.config), wanted=request.spec.max_tokens)
    )
    side = int(towers.config.audio_config.spec_size)
    return Clap(
        recipe=_read_recipe(request, towers, sounds, reader),
        placement=actual_placement(request.placement, towers.config),
        identity=request.identity,
        processing=Processing(
            reader=reader,
            recipe=sounds,
            log_mel=LogMel(hop=sounds.hop, filters=_filters(sounds)),
            patches=max(1, side * side // _COST_PATCH**2),
        ),
        towers=towers,
    )


def _read_recipe(request: LoadRequest, towers: Any, sounds: SoundRecipe, reader: TextReader) -> Recipe:
    manifest = request.manifest
    fusion = request.spec.fusion
    return Recipe(
        family="clap",
        task="embed",
        modalities=("text", "audio"),
        mixes=fusion is not None,
        prompts=manifest.prompts,
        default_prompt_name=manifest.default_prompt_name,
        dimension=int(towers.config.projection_dim),
        similarity=manifest.similarity,
        score_kind="probability",
        logit_scale=float(towers.logit_scale_t.float().exp()),
        max_tokens=reader.max_tokens,
        sample_rate_hz=sounds.sample_rate_hz,
        settings={
            "architecture": manifest.model_type,
            "fusion": fusion,
            "normalize": True,
            "truncate_dim": manifest.truncate_dim,
            "sounds": dataclasses.asdict(sounds),
            "longer_sounds": "mean of even windows" if sounds.truncation == "rand_trunc" else "middles of the thirds",
        },
    )


def _filters(sounds: SoundRecipe) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The filters that each of the two ways was trained with: librosa's, or torchaudio's."""
    is_slaney = sounds.truncation == "rand_trunc"
    filters: np.ndarray[Any, np.dtype[np.float64]] = mel_filter_bank(
        num_frequency_bins=sounds.fft_size // 2 + 1,
        num_mel_filters=sounds.n_mels,
        min_frequency=sounds.low_hz,
        max_frequency=sounds.high_hz,
        sampling_rate=sounds.sample_rate_hz,
        norm="slaney" if is_slaney else None,
        mel_scale="slaney" if is_slaney else "htk",
    )
    return filters


def _check_settings(sounds: SoundRecipe, config: Any, name: str) -> None:
    """Refuse, once, what every sound would fail with."""
    most = int(config.spec_size) * (int(config.spec_size) // int(config.num_mel_bins))
    n_frames = 1 + sounds.n_samples // sounds.hop
    if sounds.truncation == "fusion" and not config.enable_fusion:
        what = "truncation='fusion', but the model has no enable_fusion"
    elif sounds.n_mels != config.num_mel_bins:
        what = f"feature_size={sounds.n_mels}, but the model hears {config.num_mel_bins} mels"
    elif n_frames > most:
        what = f"{n_frames} frames of a spectrogram, but the model hears {most}"
    else:
        return
    msg = f"{name!r}: its feature extractor has {what}; the files belong to different models"
    raise RepositoryError(msg, repository=name)
