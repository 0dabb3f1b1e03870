"""Pairs to what the network reads: token ids, 8-bit pixels, and which of them make up which side."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

from medialens.inputs import Text
from medialens.media.decoded import DecodedImage, DecodedItem, DecodedVideo
from medialens.models.architectures.cross_attention.network import NOTHING
from medialens.models.layers.clip_sheet import ClipSheet, Pixels, as_picture
from medialens.models.layers.pixels import PixelRecipe, to_pixels
from medialens.models.layers.tokens import TextReader, Tokens, pad
from medialens.models.protocol import Batch, Cost, Prepared


@dataclasses.dataclass(frozen=True, eq=False)
class Picture:
    """Pixels (3, height, width) uint8 and their digest."""

    pixels: Tensor
    digest: bytes


_TOKENS_OF = {"query": "queries", "document": "documents"}

Part = Tokens | Picture
Side = tuple[Part, ...]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Processing:
    """The network's input. Values only: any number of threads may use it.

    Attributes:
        reader: Text to ids.
        pixels: Which pixels the image tower wants.
        sheet: How clips become pictures; None where the model takes none.
        n_cells: Tokens of a picture.
        n_patches: What a picture costs.
    """

    reader: TextReader
    pixels: PixelRecipe
    sheet: ClipSheet | None
    n_cells: int
    n_patches: int

    def prepare(self, query: DecodedItem, document: DecodedItem, *, instruction: str) -> Prepared:
        """Ids and pixels of the pair; `instruction` goes before the text of the query, and is one where it has none."""
        sides = self._read(query, instruction), self._read(document, "")
        parts = [part for side in sides for part in side]
        pictures = [part for part in parts if isinstance(part, Picture)]
        n_tokens = sum(len(part) for part in parts if isinstance(part, Tokens))
        n_bytes = 16 * n_tokens + sum(picture.pixels.numel() for picture in pictures)
        cost = Cost(n_tokens=n_tokens, n_patches=self.n_patches * len(pictures))
        return Prepared(payload=sides, cost=cost, n_bytes=n_bytes)

    def collate(self, prepared: Sequence[Prepared]) -> Batch:
        """Each distinct text and picture once, and both sides of each pair as token numbers."""
        pairs: list[tuple[Side, Side]] = [one.payload for one in prepared]
        bank = _Bank([part for pair in pairs for side in pair for part in side], self)
        tensors = bank.tensors()
        for at, name in enumerate(("query", "document")):
            sides = [pair[at] for pair in pairs]
            rows = [[number for part in side for number in bank.numbers(part)] for side in sides]
            tensors[_TOKENS_OF[name]], _ = pad(rows, value=NOTHING)
            tensors[f"{name}_parts"] = bank.membership(sides)
        return Batch(tensors, n_items=len(pairs))

    def _read(self, item: DecodedItem, instruction: str) -> Side:
        side: list[Part] = []
        for part in item.parts:
            if isinstance(part, Text):
                side.append(self.reader.read(instruction + part.text))
                instruction = ""
            elif isinstance(part, (DecodedImage, DecodedVideo)):  # `only_pair` has refused all else already
                side.append(self._look(as_picture(part, self.sheet, self.pixels.final_size)))
        return (self.reader.read(instruction), *side) if instruction else tuple(side)

    def _look(self, picture: Pixels) -> Picture:
        pixels = to_pixels(picture, self.pixels)
        return Picture(pixels, hashlib.blake2b(pixels.numpy().tobytes(), digest_size=16).digest())


class _Bank:
    """The distinct texts and pictures of a batch, and where the tokens of each are."""

    def __init__(self, parts: Sequence[Part], processing: Processing) -> None:
        self._texts: dict[tuple[int, ...], int] = {}
        self._pictures: dict[bytes, int] = {}
        self._pixels: list[Tensor] = []
        for part in parts:
            if isinstance(part, Picture) and part.digest not in self._pictures:
                self._pictures[part.digest] = len(self._pictures)
                self._pixels.append(part.pixels)
            elif isinstance(part, Tokens):
                self._texts.setdefault(part.ids, len(self._texts))
        self._length = max((len(ids) for ids in self._texts), default=0)
        self._n_cells, self._pad_id = processing.n_cells, processing.reader.pad_id

    def tensors(self) -> dict[str, Tensor]:
        """What goes through the towers."""
        tensors = {}
        if self._texts:
            tensors["tokens"], tensors["mask"] = pad([*self._texts], value=self._pad_id)
        if self._pixels:
            tensors["pixels"] = torch.stack(self._pixels)
        return tensors

    def numbers(self, part: Part) -> range:
        """The token numbers of a part."""
        if isinstance(part, Tokens):
            start = self._texts[part.ids] * self._length
            return range(start, start + len(part))
        start = len(self._texts) * self._length + self._pictures[part.digest] * self._n_cells
        return range(start, start + self._n_cells)

    def membership(self, sides: Sequence[Side]) -> Tensor:
        """(sides, parts) bool: which of the texts, then of the pictures, each side is made of."""
        made = torch.zeros((len(sides), len(self._texts) + len(self._pictures)), dtype=torch.bool)
        for row, side in enumerate(sides):
            for part in side:
                made[row, self._position(part)] = True
        return made

    def _position(self, part: Part) -> int:
        if isinstance(part, Tokens):
            return self._texts[part.ids]
        return len(self._texts) + self._pictures[part.digest]
