"""The vision tower: patches of all visuals of a batch, end to end, to the tokens and levels that stand for them.

    8-bit patches --normalise, matmul--> rows + place --[block] x n--> rows --merge 2 x 2--> tokens
                                                          |  after some blocks --merge--> levels

Attention stays inside a frame: a still is one, a pair of frames of a clip is one. Frames of equal size are neighbours
(see `looking`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  # the name that torch users know
from jaxtyping import Float, UInt8
from torch import Tensor

from medialens.models.architectures.qwen3_vl.forward.looking import Looked
from medialens.models.architectures.qwen3_vl.forward.parts import (
    LayerNorm,
    Linear,
    Map,
    activated_linear,
    layer_norm,
    linear,
)
from medialens.models.architectures.qwen3_vl.forward.rotary import PatchAngles, Turn
from medialens.models.architectures.qwen3_vl.payload import MERGE, Features, Grid
from medialens.models.layers.attention import Reach, Spans, attend
from medialens.models.layers.products import ACTIVATIONS

Normalise = Callable[[UInt8[Tensor, "patches values"]], Float[Tensor, "patches values"]]
"""8-bit patches to what the tower was trained on; fp32."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """One layer of the tower."""

    norm_attention: LayerNorm
    qkv: Map
    out: Map
    norm_mlp: LayerNorm
    up: Map
    down: Map
    heads: int

    def __call__(
        self, rows: Float[Tensor, "patches width"], turn: Turn, reach: Reach
    ) -> Float[Tensor, "patches width"]:
        """The rows after attention and MLP."""
        mixed = torch.unflatten(self.qkv(self.norm_attention(rows)), -1, (3 * self.heads, -1))
        qk = turn(mixed[:, : 2 * self.heads])
        seen = attend(qk[:, : self.heads], qk[:, self.heads :], mixed[:, 2 * self.heads :], reach)
        rows = rows + self.out(seen.flatten(1))
        return rows + self.down(self.up(self.norm_mlp(rows)))


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Merger:
    """Squares of patches to tokens."""

    norm: LayerNorm
    norm_merged: bool
    first: Map
    second: Map

    def __call__(self, rows: Float[Tensor, "patches width"]) -> Float[Tensor, "tokens dim"]:
        """One token for each `MERGE` by `MERGE` rows."""
        squares = torch.unflatten(rows, 0, (-1, MERGE**2))
        merged = self.norm(squares.flatten(1)) if self.norm_merged else self.norm(squares).flatten(1)
        return self.second(self.first(merged))


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class VisionTower:
    """The weights of the tower, and what it does.

    Attributes:
        embed_still: Patches of one frame: the weights of both frames of a pair added, for a still is that frame twice.
        embed_clip: Patches of pairs of frames.
        table: (side * side, width) learned positions on a square, fp32.
        levels: After which blocks a level is taken, and how it is merged.
    """

    normalise: Normalise
    embed_still: Linear
    embed_clip: Linear
    table: Float[Tensor, "places width"]
    angles: PatchAngles
    blocks: tuple[Block, ...]
    merger: Merger
    levels: Mapping[int, Merger]

    @staticmethod
    def of(module: Any, normalise: Normalise) -> VisionTower:
        """The tower of transformers' ``Qwen3VLVisionModel``, whose weights it shares."""
        config, weight = module.config, module.patch_embed.proj.weight.data
        bias = module.patch_embed.proj.bias.data
        by_frame = weight.reshape(len(weight), config.in_channels, int(config.temporal_patch_size), -1)
        return VisionTower(
            normalise=normalise,
            embed_still=Linear(weight=by_frame.float().sum(dim=2).to(weight.dtype).flatten(1), bias=bias),
            embed_clip=Linear(weight=by_frame.flatten(1), bias=bias),
            table=module.pos_embed.weight.data.float(),
            angles=PatchAngles.of(config, weight.device),
            blocks=tuple(_block(each, config) for each in module.blocks),
            merger=_merger(module.merger, merged=False),
            levels={
                int(after): _merger(each, merged=True)
                for after, each in zip(config.deepstack_visual_indexes, module.deepstack_merger_list, strict=True)
            },
        )

    def __call__(self, looked: Looked) -> list[Features]:
        """The features of each visual, in their order; each holds memory of its own."""
        rows = self._embed(looked.tensors)
        turn = Turn.by(self.angles(looked.tensors["places"]), torch.float32)
        frames = Spans.of([h * w for t, h, w in looked.grids for _ in range(t)], rows.device)
        reach = Reach(queries=frames, keys=frames, causal=False)
        levels = []
        for number, block in enumerate(self.blocks):
            rows = block(rows, turn, reach)
            if number in self.levels:
                levels.append(self.levels[number](rows))
        return _split(self.merger(rows), levels, looked.grids)

    def _embed(self, tensors: Mapping[str, Tensor]) -> Float[Tensor, "patches width"]:
        dtype = self.embed_clip.weight.dtype
        kinds = (("stills", self.embed_still), ("clips", self.embed_clip))
        rows = [embed(self.normalise(tensors[kind]).to(dtype)) for kind, embed in kinds if kind in tensors]
        place = F.embedding_bag(tensors["corners"], self.table, per_sample_weights=tensors["weights"], mode="sum")
        return (rows[0] if len(rows) == 1 else torch.cat(rows)).add_(place)


def _split(merged: Tensor, levels: Sequence[Tensor], grids: Sequence[Grid]) -> list[Features]:
    """Each visual's part, copied: whoever keeps one must not keep the whole batch."""
    counts = [t * h * w // MERGE**2 for t, h, w in grids]
    by_level = [torch.split(level, counts) for level in levels]
    return [
        Features(
            tokens=tokens.clone(),
            levels=torch.stack([level[at] for level in by_level]) if by_level else tokens.new_empty(0, *tokens.shape),
        )
        for at, tokens in enumerate(torch.split(merged, counts))
    ]


def _block(module: Any, config: Any) -> Block:
    return Block(
        norm_attention=layer_norm(module.norm1),
        qkv=linear(module.attn.qkv),
        out=linear(module.attn.proj),
        norm_mlp=layer_norm(module.norm2),
        up=activated_linear(module.mlp.linear_fc1, ACTIVATIONS[config.hidden_act]),
        down=linear(module.mlp.linear_fc2),
        heads=int(config.num_heads),
    )


def _merger(module: Any, *, merged: bool) -> Merger:
    return Merger(
        norm=layer_norm(module.norm),
        norm_merged=merged,
        first=activated_linear(module.linear_fc1, ACTIVATIONS["gelu"]),
        second=linear(module.linear_fc2),
    )
