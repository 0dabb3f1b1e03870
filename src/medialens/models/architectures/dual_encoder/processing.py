"""Items to what the two towers read: token ids and 8-bit pixels, on CPU threads."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from jaxtyping import UInt8
from torch import Tensor

from medialens.media.decoded import DecodedItem
from medialens.models.architectures.dual_encoder._repo import Tower
from medialens.models.layers.clip_sheet import ClipSheet, Pixels, as_picture
from medialens.models.layers.pixels import PixelRecipe, to_patches, to_pixels
from medialens.models.layers.tokens import TextReader, Tokens, pad
from medialens.models.protocol import Batch, Cost, Prepared


@dataclasses.dataclass(frozen=True, eq=False)
class Picture:
    """A picture's pixels (3, height, width), or its rows of patches with their number per column and row."""

    pixels: UInt8[Tensor, "*shape"]
    grid: tuple[int, int]

    @property
    def n_patches(self) -> int:
        """Patches that the tower reads."""
        return self.grid[0] * self.grid[1]


@dataclasses.dataclass(frozen=True, eq=False)
class Payload:
    """One item: its text, if it has any, and its pictures, those of clips included."""

    tokens: Tokens | None
    pictures: tuple[Picture, ...]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Processing:
    """Both towers' input. Values only: any number of threads may use it.

    Attributes:
        reader: Text to ids.
        tower: How the text tower wants them.
        pixels: Which pixels the image tower wants.
        sheet: How clips become pictures; None where the model takes none.
        patch: Side of its patches, for the cost.
    """

    reader: TextReader
    tower: Tower
    pixels: PixelRecipe
    sheet: ClipSheet | None
    patch: int

    def prepare(self, item: DecodedItem, *, instruction: str) -> Prepared:
        """Ids and pixels of one item; `instruction` goes before its text, and does nothing without one."""
        has_text = "text" in item.modalities
        tokens = self.reader.read(instruction + item.text) if has_text else None
        shown = (as_picture(part, self.sheet, self.pixels.final_size) for part in item.shown)
        pictures = tuple(self._read_picture(picture) for picture in shown)
        n_tokens = self._text_length(tokens) if tokens else 0
        n_bytes = 8 * n_tokens + sum(picture.pixels.numel() for picture in pictures)
        cost = Cost(n_tokens=n_tokens, n_patches=sum(picture.n_patches for picture in pictures))
        return Prepared(payload=Payload(tokens, pictures), cost=cost, n_bytes=n_bytes)

    def collate(self, prepared: Sequence[Prepared]) -> Batch:
        """All texts as one batch and all pictures as another, each with the row of the item it belongs to."""
        payloads: list[Payload] = [one.payload for one in prepared]
        texts = [(row, one.tokens) for row, one in enumerate(payloads) if one.tokens is not None]
        pictures = [(row, picture) for row, one in enumerate(payloads) for picture in one.pictures]
        tensors = {**self._collate_texts(texts), **self._collate_pictures(pictures)}
        return Batch(tensors, n_items=len(payloads))

    def _text_length(self, tokens: Tokens) -> int:
        return self.reader.max_tokens if self.tower.full_length else len(tokens)

    def _read_picture(self, picture: Pixels) -> Picture:
        pixels = to_pixels(picture, self.pixels)
        side = self.pixels.patch or self.patch
        grid = (max(1, pixels.shape[1] // side), max(1, pixels.shape[2] // side))
        return Picture(to_patches(pixels, side) if self.pixels.patch else pixels, grid)

    def _collate_texts(self, texts: Sequence[tuple[int, Tokens]]) -> dict[str, Tensor]:
        if not texts:
            return {}
        length = self.reader.max_tokens if self.tower.full_length else None
        side = self.reader.padding_side if self.tower.full_length else "right"
        ids, mask = pad([tokens.ids for _, tokens in texts], value=self.reader.pad_id, length=length, side=side)
        tensors = {"text_rows": torch.tensor([row for row, _ in texts]), "input_ids": ids}
        if self.tower.mask:
            tensors["attention_mask"] = mask
        if self.tower.segments:
            tensors["token_type_ids"], _ = pad([tokens.types for _, tokens in texts], value=0, length=length, side=side)
        return tensors

    def _collate_pictures(self, pictures: Sequence[tuple[int, Picture]]) -> dict[str, Tensor]:
        if not pictures:
            return {}
        rows = torch.tensor([row for row, _ in pictures])
        if not self.pixels.patch:
            return {"image_rows": rows, "pixels": torch.stack([picture.pixels for _, picture in pictures])}
        return {"image_rows": rows, **_collate_patches([picture for _, picture in pictures])}


def _collate_patches(pictures: Sequence[Picture]) -> dict[str, Tensor]:
    """Rows of patches, padded to the longest of the batch and masked.

    The reference pads to the most that any picture may have; the mask makes both the same, this one cheaper.
    """
    longest = max(picture.n_patches for picture in pictures)
    pixels = torch.zeros((len(pictures), longest, pictures[0].pixels.shape[1]), dtype=torch.uint8)
    mask = torch.zeros((len(pictures), longest), dtype=torch.int32)
    for at, picture in enumerate(pictures):
        pixels[at, : picture.n_patches] = picture.pixels
        mask[at, : picture.n_patches] = 1
    return {"pixels": pixels, "patch_mask": mask, "grids": torch.tensor([picture.grid for picture in pictures])}
