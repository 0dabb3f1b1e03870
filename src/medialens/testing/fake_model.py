"""A model without weights, whose vectors can be worked out by hand: for tests of the engine, and for yours.

    with fake_models():
        Encoder("anything").encode_queries(["a red circle"])

or, without the engine of the process: ``Encoder(FakeModel(), engine=Engine())``.

A text becomes a bag of hashed words; a picture, its mean colour; a colour's name in a text points the way of that
colour, so that "a red circle" finds a red picture. With ``fake_models(modalities=MEDIA)`` clips count by the colours
of their frames, and sounds by the note they sound, in Hertz, which a text may name: "a tone of 440 hertz". Words that
start with "!" make things go wrong:

    !prepare-fails    `prepare` raises ValueError
    !forward-fails    `forward` raises RuntimeError, whatever else is in the batch
    !nan              the vector is not finite
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch

from medialens.engine.config import EngineConfig
from medialens.engine.engine import Engine, use_engine
from medialens.inputs import Modality
from medialens.media.decoded import DecodedAudio, DecodedItem
from medialens.models.placement import Placement
from medialens.models.protocol import Batch, Cost, Prepared, Recipe, Task
from medialens.models.spec import ModelSpec

COLORS = {
    "black": (-1, -1, -1),
    "blue": (-1, -1, 1),
    "cyan": (-1, 1, 1),
    "green": (-1, 1, -1),
    "magenta": (1, -1, 1),
    "red": (1, -1, -1),
    "white": (1, 1, 1),
    "yellow": (1, 1, -1),
}
"""Names of colours, and where they point in the first three dimensions of a vector."""

_PATCH = 16


def _on_the_cpu() -> Placement:
    device = torch.device("cpu")
    return Placement(device=device, dtype=torch.float32, attention="none", because="a fake has no weights")


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class _Payload:
    text: str
    row: npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True, eq=False)
class FakeModel:
    """A `Model` on the CPU. Deterministic in every process, picklable, and as fast as Python.

    Args:
        task: ``embed`` gives unit vectors; ``score`` gives ten times the cosine of the pair as its logit.
        recipe: For other prompts, modalities and so on; None is `fake_recipe(task)`.
        identity: Models of different identity share no cache entries.
        capacity_tokens: A batch of more padded tokens than this is out of memory.
        on_batch: Called in the lane with the texts of each batch before it is computed: to record, wait or raise.
    """

    task: Task = "embed"
    recipe: Recipe = None  # type: ignore[assignment]  # filled in below
    identity: str = "fake"
    capacity_tokens: int | None = None
    on_batch: Callable[[tuple[str, ...]], None] | None = None
    placement: Placement = dataclasses.field(default_factory=_on_the_cpu)

    def __post_init__(self) -> None:
        object.__setattr__(self, "recipe", self.recipe or fake_recipe(self.task))

    def prepare(self, items: tuple[DecodedItem, ...], *, instruction: str) -> Prepared:
        """The row itself: there is little left to compute."""
        texts = [f"{instruction}{item.text}" if at == 0 else item.text for at, item in enumerate(items)]
        text = " ".join(texts)
        if "!prepare-fails" in text:
            msg = f"asked to fail by {text!r}"
            raise ValueError(msg)
        rows = [self._vector(words, item) for words, item in zip(texts, items, strict=True)]
        row = rows[0] if self.task == "embed" else np.array([10 * float(rows[0] @ rows[1])], dtype=np.float32)
        if "!nan" in text:
            row = row * np.float32("nan")
        cost = Cost(n_tokens=len(text.split()), n_patches=sum(map(_n_patches, items)))
        return Prepared(payload=_Payload(text=text, row=row), cost=cost, n_bytes=row.nbytes + len(text))

    def collate(self, prepared: Sequence[Prepared]) -> Batch:
        """The rows, and what the batch costs."""
        payloads: list[_Payload] = [one.payload for one in prepared]
        if self.on_batch is not None:
            self.on_batch(tuple(payload.text for payload in payloads))
        longest = max(one.cost.n_tokens for one in prepared)
        tensors = {
            "rows": torch.from_numpy(np.stack([payload.row for payload in payloads])),
            "n_tokens": torch.tensor(longest * len(prepared)),
            "fails": torch.tensor(["!forward-fails" in payload.text for payload in payloads]),
        }
        return Batch(tensors, len(prepared))

    def forward(self, batch: Batch) -> torch.Tensor:
        """The rows of the batch."""
        if self.capacity_tokens is not None and int(batch.tensors["n_tokens"]) > self.capacity_tokens:
            msg = "the fake device is out of memory"
            raise torch.OutOfMemoryError(msg)
        if bool(batch.tensors["fails"].any()):
            msg = "asked to fail by an item of this batch"
            raise RuntimeError(msg)
        rows = batch.tensors["rows"]
        return rows.clone() if self.task == "embed" else rows[:, 0].clone()

    def _vector(self, text: str, item: DecodedItem) -> npt.NDArray[np.float32]:
        vector = sum((_of_word(word, self._dimension) for word in re.findall(r"\w+", text.lower())), start=_ZERO)
        frames = [image.pixels for image in item.images] + [frame for clip in item.videos for frame in clip.frames]
        for pixels in frames:
            vector = vector + np.pad(pixels.mean(axis=(0, 1)) / 127.5 - 1, (0, self._dimension - 3))
        for sound in item.audios:
            vector = vector + _of_word(str(_loudest_hertz(sound)), self._dimension)
        length = np.linalg.norm(vector)
        return (vector / length if length else np.eye(1, self._dimension)[0]).astype(np.float32)

    @property
    def _dimension(self) -> int:
        return self.recipe.dimension or _DIMENSION


_DIMENSION = 32
_ZERO = np.zeros(1)


SEEN: tuple[Modality, ...] = ("text", "image")
MEDIA: tuple[Modality, ...] = ("text", "image", "audio", "video")


def fake_recipe(task: Task = "embed", modalities: tuple[Modality, ...] = SEEN) -> Recipe:
    """The recipe of a `FakeModel`; `dataclasses.replace` it for another."""
    n_frames = 4 if "video" in modalities else 0
    sample_rate_hz = 8000 if "audio" in modalities else 0
    if task == "score":
        return Recipe(
            family="fake",
            task="score",
            modalities=modalities,
            mixes=True,
            score_kind="logit",
            n_frames=n_frames,
            sample_rate_hz=sample_rate_hz,
        )
    return Recipe(
        family="fake",
        task="embed",
        modalities=modalities,
        mixes=True,
        n_frames=n_frames,
        sample_rate_hz=sample_rate_hz,
        dimension=_DIMENSION,
        score_kind="probability",
        logit_scale=10.0,
    )


@contextlib.contextmanager
def fake_models(config: EngineConfig | None = None, *, modalities: tuple[Modality, ...] = SEEN) -> Iterator[Engine]:
    """Within the block every handle of this process runs on `FakeModel`, whatever model it names."""

    def load(spec: ModelSpec) -> FakeModel:
        return FakeModel(recipe=fake_recipe(modalities=modalities), identity=f"fake {spec.repository}")

    engine = Engine(config or EngineConfig(cpu_lanes=2, prepare_threads=2), loader=load)
    with engine, use_engine(engine):
        yield engine


@functools.lru_cache(maxsize=4096)
def _of_word(word: str, dimension: int) -> npt.NDArray[np.float64]:
    """Where a word points: a colour's corner, or one hashed dimension behind the first three."""
    vector = np.zeros(dimension)
    if word in COLORS:
        vector[:3] = COLORS[word]
    else:
        at = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
        vector[3 + at % (dimension - 3)] = 1
    return vector


def _loudest_hertz(sound: DecodedAudio) -> int:
    """The note that is loudest, to the nearest ten Hertz."""
    spectrum = np.abs(np.fft.rfft(sound.samples))
    spectrum[0] = 0
    return 10 * round(float(np.argmax(spectrum)) * sound.sample_rate_hz / len(sound.samples) / 10)


def _n_patches(item: DecodedItem) -> int:
    return sum(-(-image.height // _PATCH) * -(-image.width // _PATCH) for image in item.images)
