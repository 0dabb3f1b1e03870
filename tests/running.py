"""Running a model without an engine: the three verbs, one after the other."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from medialens.inputs import Text
from medialens.media.decoded import DecodedAudio, DecodedImage, DecodedItem, DecodedVideo
from medialens.models.loading import ModelSpec, load_model
from medialens.models.protocol import Model


def load(folder: Path, **spec: Any) -> Model:
    return load_model(ModelSpec(repository=str(folder), device="cpu", **spec))


def picture(height: int, width: int, seed: int = 0) -> DecodedImage:
    """Noise over a slope: every pixel matters, and no resampling kernel gives the same."""
    rng = np.random.default_rng([height, width, seed])
    slope = np.linspace(0, 155, width)[None, :, None] + np.zeros((height, 1, 3))
    return decoded((slope + rng.integers(0, 100, (height, width, 3))).astype(np.uint8))


def decoded(pixels: npt.NDArray[np.uint8]) -> DecodedImage:
    return DecodedImage(pixels=pixels, digest=hashlib.sha256(pixels.tobytes()).hexdigest())


def clip(*frames: npt.NDArray[np.uint8]) -> DecodedVideo:
    digest = hashlib.sha256(b"".join(frame.tobytes() for frame in frames)).hexdigest()
    return DecodedVideo(frames=frames, times_seconds=tuple(map(float, range(len(frames)))), digest=digest)


def sound(n_samples: int, seed: int = 0, rate: int = 8000) -> DecodedAudio:
    """A tone that rises, in noise: every moment is another."""
    times = np.arange(n_samples) / rate
    noise = np.random.default_rng([n_samples, seed]).uniform(-0.05, 0.05, n_samples)
    samples = (0.6 * np.sin(2 * np.pi * (200 + 311 * seed + 150 * times) * times) + noise).astype(np.float32)
    digest = hashlib.sha256(samples.tobytes()).hexdigest()
    return DecodedAudio(samples=samples, sample_rate_hz=rate, digest=digest)


def item(*parts: str | DecodedImage | DecodedVideo | DecodedAudio) -> DecodedItem:
    return DecodedItem(tuple(Text(part) if isinstance(part, str) else part for part in parts))


def embed(model: Model, items: Sequence[DecodedItem], instruction: str = "") -> npt.NDArray[np.float32]:
    """All items as one batch; shape (n, dim)."""
    prepared = [model.prepare((one,), instruction=instruction) for one in items]
    return model.forward(model.collate(prepared)).numpy()


def score(model: Model, pairs: Sequence[tuple[str, str]], instruction: str = "") -> npt.NDArray[np.float32]:
    """All pairs as one batch; raw logits, shape (n,)."""
    prepared = [model.prepare((item(one), item(other)), instruction=instruction) for one, other in pairs]
    return model.forward(model.collate(prepared)).numpy()
