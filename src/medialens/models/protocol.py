"""What a model is to the engine: a recipe card and three verbs, `prepare`, `collate`, `forward`.

    DecodedItem(s) --prepare--> Prepared --collate--> Batch --forward--> (n, dim) vectors or (n,) logits
                   CPU thread            lane thread        lane thread, on the device

`prepare` may run on many threads at once, `forward` on several lanes that share the weights: neither writes to
the model. The recipe is data: it is shown by `repr`, and its fingerprint is part of every cache key.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, runtime_checkable

from medialens.inputs import MODALITIES, Modality, Role
from medialens.media.decoded import DecodedItem
from medialens.media.frame_rate import FrameRate
from medialens.outputs import ScoreKind, Similarity

if TYPE_CHECKING:
    import torch

    from medialens.models.placement import Placement

Task: TypeAlias = Literal["embed", "score"]

_PROMPT_NAMES: dict[Role, tuple[str, ...]] = {"query": ("query",), "document": ("document", "passage", "corpus")}


@dataclasses.dataclass(frozen=True, kw_only=True)
class SharedCost:
    """The part of a cost that all items with the same `key` pay once, if they are in one batch: their beginning."""

    key: str
    n_tokens: int
    n_patches: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cost:
    """What one prepared item costs the device.

    Attributes:
        n_tokens: Text tokens.
        n_patches: Vision patches.
        packed: Whether the tokens of a batch add up; else each item is padded to the longest.
        shared: What it has in common with others, on top of the above; None if nothing.
    """

    n_tokens: int = 0
    n_patches: int = 0
    packed: bool = False
    shared: SharedCost | None = None

    def alone(self) -> Cost:
        """The same cost for an item that no other one shares anything with."""
        if self.shared is None:
            return self
        return dataclasses.replace(
            self,
            n_tokens=self.n_tokens + self.shared.n_tokens,
            n_patches=self.n_patches + self.shared.n_patches,
            shared=None,
        )


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """One item, ready to be collated.

    Attributes:
        payload: The family's own.
        cost: Of its forward pass. The engine makes it `Cost.alone` where nothing else shares its beginning; a family
            that shares looks there.
        n_bytes: Its memory, while it waits.
        notes: What the caller should know: a picture that was made smaller than the model asks for.
    """

    payload: Any
    cost: Cost
    n_bytes: int
    notes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, eq=False)
class Batch:
    """Tensors by name, moved together.

    Attributes:
        tensors: What the device needs.
        n_items: How many rows `forward` gives back.
        plan: What stays on the host: lengths, keys, whatever the family's `forward` decides by.
    """

    tensors: Mapping[str, torch.Tensor]
    n_items: int
    plan: Any = None

    def to(self, device: torch.device) -> Batch:
        """The same batch on `device`."""
        moved = {name: tensor.to(device, non_blocking=True) for name, tensor in self.tensors.items()}
        return dataclasses.replace(self, tensors=moved)

    def pinned(self) -> Batch:
        """The same batch in page-locked memory, from which a copy to the device runs beside its thread."""
        return dataclasses.replace(self, tensors={name: tensor.pin_memory() for name, tensor in self.tensors.items()})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a model wants to be used; everything here changes its numbers, and so is part of cache keys.

    Attributes:
        family: Name of the family that runs it.
        task: ``embed`` gives a vector an item, ``score`` a logit a (query, document) pair.
        modalities: What a single item may be, in the order of `MODALITIES`.
        mixes: Whether an item may hold several of them at once.
        prompts: By name, as the repository has them: ``{"query": "search_query: "}``.
        default_prompt_name: Applied where no role or instruction says otherwise.
        dimension: Length of a vector; 0 for ``score`` models.
        similarity: How vectors are compared.
        score_kind: What a score is after the model's own activation.
        logit_scale, logit_bias: Turn a cosine into a logit, for dual encoders that were trained with them.
        max_tokens: Longer text is cut here.
        n_frames: How many frames of a clip it looks at; 0 where it takes none, or says so by the second.
        frame_rate: Which frames of a clip it looks at, if it says so by the second.
        sample_rate_hz: Of the sounds it hears; 0 where it takes none.
        settings: The rest, JSON values only: pooling, pixel sizes, resampling ...
    """

    family: str
    task: Task
    modalities: tuple[Modality, ...]
    mixes: bool = False
    prompts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    default_prompt_name: str | None = None
    dimension: int = 0
    similarity: Similarity = "cosine"
    score_kind: ScoreKind = "cosine"
    logit_scale: float = 1.0
    logit_bias: float = 0.0
    max_tokens: int | None = None
    n_frames: int = 0
    frame_rate: FrameRate | None = None
    sample_rate_hz: int = 0
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def max_pixels(self) -> int | None:
        """How many pixels of a picture it looks at, at most; None where its settings do not bound them."""
        pixels = self.settings.get("pixels") or {}
        if pixels.get("max_pixels"):
            return int(pixels["max_pixels"])
        if pixels.get("max_patches") and pixels.get("patch"):
            return int(pixels["max_patches"]) * int(pixels["patch"]) ** 2
        if pixels.get("size"):
            return math.prod(int(side) for side in pixels["size"])
        # A crop looks at the middle of what was resized to its shorter side, whatever the longer one: as a square.
        return int(pixels["shortest_edge"]) ** 2 if pixels.get("crop") and pixels.get("shortest_edge") else None

    @property
    def reads_messages(self) -> bool:
        """Whether it reads conversations, turn by turn."""
        return "message" in self.modalities

    def supports(self, modality: str | tuple[str, ...]) -> bool:
        """Whether one item may be of this kind, or mix these kinds."""
        wanted = (modality,) if isinstance(modality, str) else tuple(modality)
        known = all(kind in self.modalities for kind in wanted)
        return bool(wanted) and known and (len(set(wanted)) == 1 or self.mixes)

    def prompt(self, role: Role | None) -> str:
        """What goes before an input in this role; without one, the default. "" where the repository has none.

        The names are those of Sentence Transformers: ``query``; ``document``, else ``passage``, else ``corpus``. Like
        there, the default prompt is not put in place of a role's.
        """
        names = _PROMPT_NAMES[role] if role else (self.default_prompt_name or "",)
        return next((self.prompts[name] or "" for name in names if name in self.prompts), "")

    def fingerprint(self) -> str:
        """Short digest of all fields: two recipes with the same one give the same numbers on the same weights."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@runtime_checkable
class Model(Protocol):
    """A loaded model. `prepare` takes one item to embed it, two (query, document) to score the pair."""

    @property
    def recipe(self) -> Recipe:
        """How it wants to be used."""
        ...

    @property
    def placement(self) -> Placement:
        """Where it runs, and why."""
        ...

    @property
    def identity(self) -> str:
        """Digest of files, overrides and dtype: with the recipe, the model's part of every cache key."""
        ...

    def prepare(self, items: tuple[DecodedItem, ...], *, instruction: str) -> Prepared:
        """What the device needs for this work. `instruction` is the prompt, "" for none."""
        ...

    def collate(self, prepared: Sequence[Prepared]) -> Batch:
        """One batch of it; rows in the order of `prepared`."""
        ...

    def forward(self, batch: Batch) -> torch.Tensor:
        """fp32 of shape (n_items, dim), normalised as the recipe says, or (n_items,) raw logits."""
        ...


def in_order(modalities: set[str]) -> tuple[Modality, ...]:
    """The canonical order of a set of modality names."""
    return tuple(kind for kind in MODALITIES if kind in modalities)
