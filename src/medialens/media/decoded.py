"""Decoded media: what `decode` gives and families prepare. Values check themselves at birth."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypeAlias

from medialens.inputs import MODALITIES, Modality, Text, Turn
from medialens.media.frame_rate import FrameRate, Shrink

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class DecodedImage:
    """A picture as the models see it: upright, opaque, 8 bits a channel, RGB.

    Attributes:
        pixels: uint8 of shape (height, width, 3), C-contiguous.
        digest: sha256 of what identifies it: the encoded bytes, or shape and pixels where there were none.
    """

    pixels: npt.NDArray[np.uint8]
    digest: str
    modality = "image"

    def __post_init__(self) -> None:
        shape, dtype = self.pixels.shape, str(self.pixels.dtype)
        if len(shape) != 3 or shape[2] != 3 or 0 in shape or dtype != "uint8":  # noqa: PLR2004  # (h, w, 3)
            msg = f"DecodedImage takes uint8 pixels of shape (height, width, 3), got {dtype} {shape}"
            raise ValueError(msg)

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[1])

    @property
    def n_bytes(self) -> int:
        """Memory of its pixels."""
        return self.pixels.nbytes

    def __repr__(self) -> str:
        return f"DecodedImage({self.width}x{self.height}, digest={self.digest[:12]}...)"


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class DecodedVideo:
    """A clip as the models see it: as many frames as they asked for, each like a picture.

    Attributes:
        frames: uint8 of shape (height, width, 3) each, C-contiguous, in order of time. A frame that is on show at
            several of the moments asked for is the same array several times.
        times_seconds: Since when each frame is shown, counted from the beginning of the whole clip; for frames
            that came without a rate, their numbers.
        digest: sha256 of what identifies the clip and its window.
        full_size: (height, width) of the clip's frames, where they were made smaller since.
    """

    frames: tuple[npt.NDArray[np.uint8], ...]
    times_seconds: tuple[float, ...]
    digest: str
    full_size: tuple[int, int] | None = None
    modality = "video"

    def __post_init__(self) -> None:
        if not self.frames or len(self.frames) != len(self.times_seconds):
            n_frames, n_times = len(self.frames), len(self.times_seconds)
            msg = f"DecodedVideo takes one or more frames and a time for each, got {n_frames} and {n_times}"
            raise ValueError(msg)
        for frame in self.frames:
            shape, dtype = frame.shape, str(frame.dtype)
            if len(shape) != 3 or shape[2] != 3 or 0 in shape or dtype != "uint8":  # noqa: PLR2004  # (h, w, 3)
                msg = f"DecodedVideo takes uint8 frames of shape (height, width, 3), got {dtype} {shape}"
                raise ValueError(msg)

    @property
    def n_bytes(self) -> int:
        """Memory of its frames, each counted once."""
        return sum({id(frame): frame.nbytes for frame in self.frames}.values())

    def __repr__(self) -> str:
        height, width = self.frames[0].shape[:2]
        return f"DecodedVideo({len(self.frames)} frames of {width}x{height}, digest={self.digest[:12]}...)"


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class DecodedAudio:
    """A sound as the models hear it: one channel, at the rate they asked for.

    Attributes:
        samples: float32 of shape (samples,), in -1..1, C-contiguous.
        sample_rate_hz: Samples per second.
        digest: sha256 of what identifies the sound and its window.
    """

    samples: npt.NDArray[np.float32]
    sample_rate_hz: int
    digest: str
    modality = "audio"

    def __post_init__(self) -> None:
        shape, dtype = self.samples.shape, str(self.samples.dtype)
        if len(shape) != 1 or 0 in shape or dtype != "float32" or self.sample_rate_hz < 1:
            rate = self.sample_rate_hz
            msg = f"DecodedAudio takes float32 samples of shape (n,) and a rate in Hz, got {dtype} {shape} at {rate}"
            raise ValueError(msg)

    @property
    def duration_seconds(self) -> float:
        """How long it sounds."""
        return len(self.samples) / self.sample_rate_hz

    @property
    def n_bytes(self) -> int:
        """Memory of its samples."""
        return self.samples.nbytes

    def __repr__(self) -> str:
        return f"DecodedAudio({self.duration_seconds:.3f} s at {self.sample_rate_hz} Hz, digest={self.digest[:12]}...)"


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Remembered:
    """A medium that the model knows from before, and that was not decoded again.

    Attributes:
        modality: Its kind.
        digest: As of the decoded medium.
        known: The model's own.
    """

    modality: Modality
    digest: str
    known: Any


DecodedPart: TypeAlias = Text | DecodedImage | DecodedVideo | DecodedAudio | Remembered


@dataclasses.dataclass(frozen=True, kw_only=True)
class MediaNeeds:
    """What a family asks of the decoder, as data. Grows with the media.

    Attributes:
        modalities: What it takes.
        n_frames: How many frames of a clip it looks at: those on show at the middles of as many equal parts of the
            clip, or of its window; see `medialens.media.moments`.
        frame_rate: Which frames of a clip it looks at instead, if it says so by the second.
        shrink: Applied to each frame of a file as it is decoded: several hundred large ones would fill the memory.
        max_pixels: Width times height that it looks at, at most: what a page is rendered for; None if it does not say.
        sample_rate_hz: Of the sounds it hears.
    """

    modalities: tuple[Modality, ...] = ("text",)
    n_frames: int = 0
    frame_rate: FrameRate | None = None
    shrink: Shrink | None = None
    max_pixels: int | None = None
    sample_rate_hz: int = 0

    def __post_init__(self) -> None:
        if "audio" in self.modalities and self.sample_rate_hz < 1:
            msg = (
                f"MediaNeeds of a model that takes audio has sample_rate_hz={self.sample_rate_hz}, expected at least 1"
            )
            raise ValueError(msg)
        if "video" in self.modalities and self.n_frames < 1 and self.frame_rate is None:
            msg = (
                f"MediaNeeds of a model that takes video has n_frames={self.n_frames}, expected at least 1, or a "
                "frame_rate"
            )
            raise ValueError(msg)

    @property
    def look(self) -> int | FrameRate:
        """How it looks at clips."""
        return self.n_frames if self.frame_rate is None else self.frame_rate


@dataclasses.dataclass(frozen=True, eq=False)
class DecodedItem:
    """An item whose media are decoded; parts in reading order, and of a conversation who says which."""

    parts: tuple[DecodedPart, ...]
    turns: tuple[Turn, ...] = ()

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """The kinds of its parts, each once, in the order of `MODALITIES`."""
        present = {part.modality for part in self.parts}
        return tuple(kind for kind in MODALITIES if kind in present)

    @property
    def text(self) -> str:
        """Its text parts, joined by one space: what a family without interleaving reads."""
        return " ".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def images(self) -> tuple[DecodedImage, ...]:
        """Its pictures, in reading order."""
        return tuple(part for part in self.parts if isinstance(part, DecodedImage))

    @property
    def videos(self) -> tuple[DecodedVideo, ...]:
        """Its clips, in reading order."""
        return tuple(part for part in self.parts if isinstance(part, DecodedVideo))

    @property
    def audios(self) -> tuple[DecodedAudio, ...]:
        """Its sounds, in reading order."""
        return tuple(part for part in self.parts if isinstance(part, DecodedAudio))

    @property
    def media(self) -> tuple[DecodedImage | DecodedVideo | DecodedAudio, ...]:
        """All of it that was decoded and is no text, in reading order."""
        return tuple(part for part in self.parts if isinstance(part, (DecodedImage, DecodedVideo, DecodedAudio)))

    @property
    def shown(self) -> tuple[DecodedImage | DecodedVideo, ...]:
        """What there is to see in it, pictures and clips, in reading order."""
        return tuple(part for part in self.parts if isinstance(part, (DecodedImage, DecodedVideo)))
