"""Items to what the two towers read: token ids and log-mel spectrograms, on CPU threads.

A sound that the tower hears at once is turned into a spectrogram exactly as by transformers' `ClapFeatureExtractor`. Of
a longer one that takes, by chance, another window each time. Here chance has no part in it:

* ``rand_trunc``: all of it, as windows that are spread evenly, the first at the beginning and the last at the end; the
  vector is the mean of theirs: what chance gives on average.
* ``fusion``: all of it shrunk, and the window in the middle of each of the three ranges that chance draws from.

Where no sound of a batch is longer, transformers declares one of them to be, by chance; that is a trick of training,
and is left out. A sound is longer or is not, whatever is beside it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from medialens.media.decoded import DecodedItem
from medialens.models.architectures.clap._repo import SoundRecipe
from medialens.models.layers.log_mel import LogMel
from medialens.models.layers.tokens import TextReader, Tokens, pad
from medialens.models.protocol import Batch, Cost, Prepared

_N_CROPS = 3


@dataclasses.dataclass(frozen=True, eq=False)
class Sound:
    """A sound's windows as float32 spectrograms (windows, channels, frames, mels), and whether it is a long one."""

    spectrograms: npt.NDArray[np.float32]
    is_longer: bool


@dataclasses.dataclass(frozen=True, eq=False)
class Payload:
    """One item: its text, if it has any, and its sounds."""

    tokens: Tokens | None
    sounds: tuple[Sound, ...]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Processing:
    """Both towers' input. Values only: any number of threads may use it.

    Attributes:
        reader: Text to ids.
        recipe: How sounds become spectrograms.
        log_mel: The spectrogram itself.
        patches: What one window costs.
    """

    reader: TextReader
    recipe: SoundRecipe
    log_mel: LogMel
    patches: int

    def prepare(self, item: DecodedItem, *, instruction: str) -> Prepared:
        """Ids and spectrograms of one item; `instruction` goes before its text, and does nothing without one."""
        tokens = self.reader.read(instruction + item.text) if "text" in item.modalities else None
        sounds = tuple(self.read_sound(sound.samples) for sound in item.audios)
        n_tokens = len(tokens) if tokens else 0
        n_patches = self.patches * sum(len(sound.spectrograms) for sound in sounds)
        n_bytes = 8 * n_tokens + sum(sound.spectrograms.nbytes for sound in sounds)
        return Prepared(
            payload=Payload(tokens, sounds), cost=Cost(n_tokens=n_tokens, n_patches=n_patches), n_bytes=n_bytes
        )

    def collate(self, prepared: Sequence[Prepared]) -> Batch:
        """All texts as one batch and all windows as another, each with the row of the item it belongs to."""
        payloads: list[Payload] = [one.payload for one in prepared]
        texts = [(row, one.tokens) for row, one in enumerate(payloads) if one.tokens is not None]
        sounds = [(row, sound) for row, one in enumerate(payloads) for sound in one.sounds]
        return Batch({**self._collate_texts(texts), **_collate_sounds(sounds)}, n_items=len(payloads))

    def read_sound(self, samples: npt.NDArray[np.float32]) -> Sound:
        """What the tower hears of a sound."""
        longest = self.recipe.n_samples
        if self.recipe.truncation == "rand_trunc":
            windows = [samples[start : start + longest] for start in _even_starts(len(samples), longest)]
            spectrograms = np.stack([self.log_mel(self._filled(window))[None] for window in windows])
            return Sound(spectrograms, is_longer=False)
        whole, n_frames = self.log_mel(self._filled(samples)), self.log_mel.n_frames(longest)
        if len(whole) <= n_frames:
            return Sound(np.stack([whole] * (1 + _N_CROPS))[None], is_longer=False)
        crops = [whole[start : start + n_frames] for start in _middle_starts(len(whole) - n_frames + 1)]
        return Sound(np.stack([_shrunk(whole, n_frames), *crops])[None], is_longer=True)

    def _filled(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """As long as the tower hears, at least."""
        longest = self.recipe.n_samples
        if len(samples) >= longest:
            return samples
        times = {"pad": 1, "repeatpad": longest // len(samples), "repeat": -(-longest // len(samples))}
        repeated = np.tile(samples, times[self.recipe.padding])[:longest]
        return np.pad(repeated, (0, longest - len(repeated)))

    def _collate_texts(self, texts: Sequence[tuple[int, Tokens]]) -> dict[str, Tensor]:
        if not texts:
            return {}
        ids, mask = pad([tokens.ids for _, tokens in texts], value=self.reader.pad_id)
        return {"text_rows": torch.tensor([row for row, _ in texts]), "input_ids": ids, "attention_mask": mask}


def _collate_sounds(sounds: Sequence[tuple[int, Sound]]) -> dict[str, Tensor]:
    """The windows of all sounds; those of one sound share a weight of 1."""
    if not sounds:
        return {}
    counts = [len(sound.spectrograms) for _, sound in sounds]
    numbers = torch.arange(len(sounds)).repeat_interleave(torch.tensor(counts))
    return {
        "audio_rows": torch.tensor([row for row, _ in sounds])[numbers],
        "spectrograms": torch.from_numpy(np.concatenate([sound.spectrograms for _, sound in sounds])),
        "is_longer": torch.tensor([[sound.is_longer] for _, sound in sounds])[numbers],
        "weights": (1 / torch.tensor(counts, dtype=torch.float32))[numbers],
    }


def _even_starts(n_samples: int, longest: int) -> list[int]:
    """Where windows begin that cover a sound: as few as can, spread evenly."""
    n_windows = max(1, -(-n_samples // longest))
    last = max(0, n_samples - longest)
    return [round(last * number / max(1, n_windows - 1)) for number in range(n_windows)]


def _middle_starts(n_starts: int) -> list[int]:
    """The middle of each third of what a crop may begin at; 0 for a third that is empty, as in the reference."""
    thirds = np.array_split(np.arange(n_starts), _N_CROPS)
    return [int(third[len(third) // 2]) if len(third) else 0 for third in thirds]


def _shrunk(spectrogram: npt.NDArray[np.float32], n_frames: int) -> npt.NDArray[np.float32]:
    size = (n_frames, spectrogram.shape[1])
    image = torch.from_numpy(spectrogram)[None, None]
    small: npt.NDArray[np.float32] = torch.nn.functional.interpolate(image, size=size, mode="bilinear")[0, 0].numpy()
    return small
