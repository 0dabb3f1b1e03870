"""What CLAP's repositories call things: modules, keys of the feature extractor, features."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, cast, get_args

from torch import Tensor

from medialens.errors import RepositoryError

KINDS = ("Transformer", "Normalize")
"""The modules of Sentence Transformers that a CLAP may be made of."""

Padding: TypeAlias = Literal["repeatpad", "repeat", "pad"]
Truncation: TypeAlias = Literal["rand_trunc", "fusion"]

_EXTRACTOR = "ClapFeatureExtractor"
_LARGEST = {"sampling_rate": 1_000_000, "max_length_s": 600, "fft_window_size": 1 << 16, "feature_size": 4096}


@dataclasses.dataclass(frozen=True, kw_only=True)
class SoundRecipe:
    """How sounds become spectrograms; the defaults are those of `ClapFeatureExtractor`.

    Attributes:
        sample_rate_hz: Samples per second.
        n_samples: Of what the tower hears at once.
        hop, fft_size: Of the spectrogram, in samples.
        n_mels: Pitches of the spectrogram.
        low_hz, high_hz: The lowest and the highest of them.
        padding: What follows a shorter sound: silence after as many repetitions as fit (``repeatpad``), repetitions
            alone (``repeat``), or silence (``pad``).
        truncation: What a model was trained to hear of a longer one: any window (``rand_trunc``), or all of it shrunk,
            and three windows (``fusion``).
    """

    sample_rate_hz: int = 48_000
    n_samples: int = 480_000
    hop: int = 480
    fft_size: int = 1024
    n_mels: int = 64
    low_hz: float = 0.0
    high_hz: float = 14_000.0
    padding: Padding = "repeatpad"
    truncation: Truncation = "fusion"


def why_no_sounds(settings: Mapping[str, Any]) -> str | None:
    """Why `read_sound_recipe` would refuse, in a few words; None if it would not."""
    if not settings:
        return "no preprocessor_config.json or processor_config.json"
    kind = settings.get("feature_extractor_type")
    return None if kind == _EXTRACTOR else f"feature extractor {kind!r}, expected {_EXTRACTOR}"


def read_sound_recipe(settings: Mapping[str, Any], *, repository: str) -> SoundRecipe:
    """What the settings of a feature extractor say.

    Raises:
        RepositoryError: They cannot be read, or ask for something that is not reproduced here.
    """
    told = {key: value for key, value in settings.items() if value is not None}
    try:
        rate = _whole(told, "sampling_rate", 48_000)
        recipe = SoundRecipe(
            sample_rate_hz=rate,
            n_samples=_whole(told, "max_length_s", 10) * rate,
            hop=_whole(told, "hop_length", 480),
            fft_size=_whole(told, "fft_window_size", 1024),
            n_mels=_whole(told, "feature_size", 64),
            low_hz=float(told.get("frequency_min", 0.0)),
            high_hz=float(told.get("frequency_max", 14_000.0)),
            padding=cast("Padding", _one_of(told, "padding", "repeatpad", get_args(Padding))),
            truncation=cast("Truncation", _one_of(told, "truncation", "fusion", get_args(Truncation))),
        )
    except (TypeError, ValueError) as error:
        msg = f"{repository!r}: the feature extractor's settings cannot be read: {error}"
        raise RepositoryError(msg, repository=repository) from error
    if recipe.fft_size % 2 or recipe.fft_size > recipe.n_samples or not 0 <= recipe.low_hz < recipe.high_hz:
        msg = (
            f"{repository!r}: the feature extractor's settings contradict themselves: "
            f"fft_window_size={recipe.fft_size} of {recipe.n_samples} samples, "
            f"frequencies from {recipe.low_hz:g} to {recipe.high_hz:g} Hz"
        )
        raise RepositoryError(msg, repository=repository)
    return recipe


def features(output: Any) -> Tensor:
    """The projected features in what ``get_text_features`` and ``get_audio_features`` give: a record since 5.0."""
    tensor: Tensor = output if isinstance(output, Tensor) else output.pooler_output
    return tensor


def _whole(told: Mapping[str, Any], key: str, default: int) -> int:
    value = told.get(key, default)
    most = _LARGEST.get(key, 1 << 16)
    if isinstance(value, bool) or int(value) != value or not 1 <= value <= most:
        msg = f"{key}={value!r}, expected a whole number from 1 to {most}"
        raise ValueError(msg)
    return int(value)


def _one_of(told: Mapping[str, Any], key: str, default: str, known: tuple[str, ...]) -> str:
    value = told.get(key, default)
    if value not in known:
        msg = f"{key}={value!r}, expected one of {', '.join(known)}"
        raise ValueError(msg)
    return str(value)
