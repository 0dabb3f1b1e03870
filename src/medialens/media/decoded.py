"""Decoded media: what `decode` gives and families prepare. Values check themselves at birth."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeAlias

from medialens.inputs import MODALITIES, Modality, Text

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

    def __repr__(self) -> str:
        return f"DecodedImage({self.width}x{self.height}, digest={self.digest[:12]}...)"


DecodedPart: TypeAlias = Text | DecodedImage


@dataclasses.dataclass(frozen=True, kw_only=True)
class MediaNeeds:
    """What a family asks of the decoder, as data. Grows with the media: frames per second, sample rate."""

    modalities: tuple[Modality, ...] = ("text",)


@dataclasses.dataclass(frozen=True, eq=False)
class DecodedItem:
    """An item whose media are decoded; parts in reading order."""

    parts: tuple[DecodedPart, ...]

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
