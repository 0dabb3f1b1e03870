"""A Qwen3-VL that runs: what reads prompts, what sees, the network, and the head."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor

from medialens.media.decoded import DecodedItem, Remembered
from medialens.models.abilities import MemoryLimits
from medialens.models.architectures.qwen3_vl.forward.head import Head
from medialens.models.architectures.qwen3_vl.forward.network import Network
from medialens.models.architectures.qwen3_vl.payload import Prompt
from medialens.models.architectures.qwen3_vl.pictures.pixels import FrameShrink
from medialens.models.architectures.qwen3_vl.pictures.sight import Sight
from medialens.models.architectures.qwen3_vl.prompts.reading import PromptReader
from medialens.models.cache import CacheStats
from medialens.models.placement import Placement
from medialens.models.protocol import Batch, Cost, Prepared, Recipe, SharedCost

_WORTH_SHARING = 32
"""Tokens of a query, the instruction and the template around it, from which on it pays to read them once for several
documents: below, another pass through the layers costs more than these tokens do."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Qwen3VL:
    """Items to vectors, or pairs to logits; see `protocol.Model`, `Remembering` and `Resizable`."""

    recipe: Recipe
    placement: Placement
    identity: str
    reader: PromptReader
    sight: Sight
    network: Network = dataclasses.field(repr=False)
    head: Head = dataclasses.field(repr=False)
    module: Any = dataclasses.field(repr=False)
    views: Views = dataclasses.field(repr=False)

    def prepare(self, items: tuple[DecodedItem, ...], *, instruction: str) -> Prepared:
        """The prompt of one item, or of a (query, document) pair.

        Raises:
            InputError: It cannot be made to fit, or the template cannot carry it.
            NotRememberedError: A medium is remembered in a larger size than there is room for.
        """
        reading = self.reader.read(items, instruction, self.sight.look)
        prompt = reading.prompt
        return Prepared(payload=prompt, cost=_cost(prompt), n_bytes=prompt.n_bytes, notes=reading.notes)

    def collate(self, prepared: Sequence[Prepared]) -> Batch:
        """The prompts end to end; those whose beginning nobody shares go as a whole."""
        prompts: list[Prompt] = [
            one.payload if one.cost.shared is not None else dataclasses.replace(one.payload, prefix=None)
            for one in prepared
        ]
        return self.network.pack(prompts)

    @torch.inference_mode()
    def forward(self, batch: Batch) -> Float[Tensor, "n ..."]:
        """fp32 vectors (n, dim) or logits (n,)."""
        return self.head(self.network.run(batch))

    def looking_at(self, *, max_pixels: int | None = None, max_visual_tokens: int | None = None) -> Qwen3VL:
        """The same model that looks less closely; see `Sight.narrowed`."""
        return self.views.get((max_pixels, max_visual_tokens), self._narrowed)

    def _narrowed(self, max_pixels: int | None, max_visual_tokens: int | None) -> Qwen3VL:
        sight = self.sight.narrowed(max_pixels=max_pixels, max_visual_tokens=max_visual_tokens)
        settings = {**self.recipe.settings, "pixels": sight.recipe.as_settings()}
        recipe = dataclasses.replace(self.recipe, settings=settings)
        return dataclasses.replace(self, recipe=recipe, sight=sight, views=Views(is_view=True))

    @property
    def shrink(self) -> FrameShrink:
        """What frames of films are kept as: no larger than it looks at them."""
        return FrameShrink(self.sight.recipe)

    def remember_within(self, limits: MemoryLimits) -> None:
        """Bound the features and prefixes that the network keeps."""
        self.network.features.limit(limits.features_device_bytes, limits.features_host_bytes)
        self.network.beginnings.limit(limits.prefixes_bytes)

    def recall(self, digest: str) -> Remembered | None:
        """What stands for a picture or a clip whose features are kept."""
        return self.sight.recall(digest)

    def memory_stats(self) -> Mapping[str, CacheStats]:
        """Of ``features`` and ``prefixes``; nothing for a narrower view, whose memory is that of the whole model."""
        if self.views.is_view:
            return {}
        return {"features": self.network.features.stats(), "prefixes": self.network.beginnings.stats()}


_Bounds: TypeAlias = tuple[int | None, int | None]


class Views:
    """One model looking more or less closely, each made once: equal ones share batches and caches."""

    def __init__(self, *, is_view: bool = False) -> None:
        self.is_view = is_view
        self._lock = threading.Lock()
        self._views: dict[_Bounds, Qwen3VL] = {}

    def get(self, bounds: _Bounds, make: Callable[[int | None, int | None], Qwen3VL]) -> Qwen3VL:
        """The view within `bounds`."""
        with self._lock:
            if bounds not in self._views:
                self._views[bounds] = make(*bounds)
            return self._views[bounds]


def _cost(prompt: Prompt) -> Cost:
    """Tokens and patches that are still to be computed, those of a shared beginning apart."""
    patches = [0 if visual.features is not None else visual.n_patches for visual in prompt.visuals]
    prefix = prompt.prefix
    if prefix is None or prefix.n_tokens < _WORTH_SHARING:
        return Cost(n_tokens=prompt.n_tokens, n_patches=sum(patches), packed=True)
    shared = SharedCost(key=prefix.key, n_tokens=prefix.n_tokens, n_patches=sum(patches[: prefix.n_visuals]))
    return Cost(
        n_tokens=prompt.n_tokens - prefix.n_tokens,
        n_patches=sum(patches[prefix.n_visuals :]),
        packed=True,
        shared=shared,
    )
