"""The language model: tokens of all items of a batch, end to end, to one vector for the end of each.

    rows --[layer] x (n - 1)--> rows --last layer--> keys, values of all rows; everything else for the ends alone
             + levels of the visuals behind the first layers

Items may go on where a prefix ended whose keys and values are known: then only their own rows are computed.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F  # noqa: N812  # the name that torch users know
from jaxtyping import Float, Int
from torch import Tensor

from medialens.models.architectures.qwen3_vl.forward.beginnings import Alone, Beginning, Following
from medialens.models.architectures.qwen3_vl.forward.parts import Map, RmsNorm, linear, rms_norm, side_by_side
from medialens.models.architectures.qwen3_vl.forward.rotary import TokenAngles, Turn
from medialens.models.layers.attention import Spans

Attend: TypeAlias = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(queries, keys, values) of the rows to what the queries gather."""

Attended: TypeAlias = tuple[Tensor, Tensor, Tensor]
"""(rows, dim), and their keys and values, (rows, heads, dim) each."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """What the language model reads.

    Attributes:
        rows: Embeddings, with those of visuals in the places of their placeholders.
        positions: Time, row and column of each.
        placeholders: The rows of visuals.
        levels: What visuals add to their rows behind the first layers; None where there are none.
    """

    rows: Float[Tensor, "rows dim"]
    positions: Int[Tensor, "3 rows"]
    placeholders: Int[Tensor, " placeholders"]
    levels: Float[Tensor, "levels placeholders dim"] | None

    def add_level(self, number: int, rows: Float[Tensor, "rows dim"]) -> None:
        """Add to `rows` what comes behind layer `number`."""
        if self.levels is not None and number < len(self.levels):
            rows.index_add_(0, self.placeholders, self.levels[number])


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Mlp:
    """The gated MLP with its norm."""

    norm: RmsNorm
    gate_up: Map
    down: Map

    def __call__(self, rows: Float[Tensor, "rows dim"]) -> Float[Tensor, "rows dim"]:
        """What is to be added to the rows."""
        gate, up = self.gate_up(self.norm(rows)).chunk(2, dim=-1)
        return self.down(F.silu(gate).mul_(up))


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Layer:
    """One layer but the last.

    Attributes:
        scale: (query and key heads, dim): the norms' of queries and of keys.
        heads, kv_heads: How many of queries, and of keys and values.
    """

    norm: RmsNorm
    qkv: Map
    scale: Tensor
    out: Map
    mlp: Mlp
    heads: int
    kv_heads: int

    def __call__(self, rows: Float[Tensor, "rows dim"], turn: Turn, attend: Attend) -> Attended:
        """The rows after attention and MLP, and their keys and values."""
        mixed = torch.unflatten(self.qkv(self.norm(rows)), -1, (self.heads + 2 * self.kv_heads, -1))
        n = self.heads + self.kv_heads
        qk = turn(_norm_heads(mixed[:, :n], self.scale, self.norm.eps))
        k, v = qk[:, self.heads :], mixed[:, n:]
        rows = rows + self.out(attend(qk[:, : self.heads], k, v).flatten(1))
        return rows + self.mlp(rows), k, v


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LastLayer:
    """The last layer, of which only the ends are needed."""

    norm: RmsNorm
    query: Map
    key_value: Map
    query_scale: Tensor
    key_scale: Tensor
    out: Map
    mlp: Mlp
    heads: int
    kv_heads: int

    def keys_values(self, normed: Float[Tensor, "rows dim"], turn: Turn) -> tuple[Tensor, Tensor]:
        """Keys and values, (rows, heads, dim) each, of rows after the norm."""
        k, v = torch.unflatten(self.key_value(normed), -1, (2, self.kv_heads, -1)).unbind(1)
        return turn(_norm_heads(k, self.key_scale, self.norm.eps)), v

    def __call__(
        self, rows: Float[Tensor, "rows dim"], turn: Turn, attend: Attend, ends: Int[Tensor, " n"]
    ) -> Float[Tensor, "n dim"]:
        """The last rows after attention and MLP."""
        normed = self.norm(rows)
        q = torch.unflatten(self.query(normed[ends]), -1, (self.heads, -1))
        q = turn.rows(ends)(_norm_heads(q, self.query_scale, self.norm.eps))
        last = rows[ends] + self.out(attend(q, *self.keys_values(normed, turn)).flatten(1))
        return last + self.mlp(last)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LanguageModel:
    """The weights of the language model, and what it does."""

    embeddings: Float[Tensor, "vocabulary dim"]
    angles: TokenAngles
    layers: tuple[Layer, ...]
    last: LastLayer
    norm: RmsNorm

    @staticmethod
    def of(module: Any) -> LanguageModel:
        """The model of transformers' ``Qwen3VLTextModel``, whose weights it shares.

        Raises:
            ValueError: Its rotary embedding depends on the length of each text.
        """
        config = module.config
        return LanguageModel(
            embeddings=module.embed_tokens.weight.data,
            angles=TokenAngles.of(module, module.norm.weight.device),
            layers=tuple(_layer(each, config) for each in module.layers[:-1]),
            last=_last_layer(module.layers[-1], config),
            norm=rms_norm(module.norm),
        )

    def embed(self, ids: Int[Tensor, " rows"]) -> Float[Tensor, "rows dim"]:
        """The tokens' rows of the table."""
        return self.embeddings[ids]

    def __call__(self, told: Rows, context: Alone | Following, ends: Int[Tensor, " n"]) -> Float[Tensor, "n dim"]:
        """The last rows of the sequences after the final norm, in fp32."""
        turn, rows = self._turn(told), told.rows
        for number, layer in enumerate(self.layers):
            rows, _, _ = layer(rows, turn, functools.partial(context.attend, number))
            told.add_level(number, rows)
        last = self.last(rows, turn, functools.partial(context.attend_ends, len(self.layers)), ends).float()
        return F.rms_norm(last, last.shape[-1:], self.norm.weight.float(), self.norm.eps)

    def begin(self, told: Rows, spans: Spans) -> list[Beginning]:
        """The keys and values of sequences that others will go on from; each holds memory of its own."""
        turn, rows, context = self._turn(told), told.rows, Alone(spans=spans)
        kept: list[tuple[Tensor, Tensor]] = []
        for number, layer in enumerate(self.layers):
            rows, k, v = layer(rows, turn, functools.partial(context.attend, number))
            kept.append((k, v))
            told.add_level(number, rows)
        kept.append(self.last.keys_values(self.last.norm(rows), turn))
        by_layer = [(torch.split(k, list(spans.lengths)), torch.split(v, list(spans.lengths))) for k, v in kept]
        return [
            Beginning(keys=torch.stack([k[at] for k, _ in by_layer]), values=torch.stack([v[at] for _, v in by_layer]))
            for at in range(len(spans.lengths))
        ]

    def _turn(self, told: Rows) -> Turn:
        return Turn.by(self.angles(told.positions), told.rows.dtype, factor=self.angles.factor)


def _norm_heads(
    heads: Float[Tensor, "rows heads dim"], scale: Float[Tensor, "#heads dim"], eps: float
) -> Float[Tensor, "rows heads dim"]:
    return F.rms_norm(heads, heads.shape[-1:], None, eps).mul_(scale)


def _layer(module: Any, config: Any) -> Layer:
    attention = module.self_attn
    q, k = attention.q_norm.weight.data, attention.k_norm.weight.data
    heads, kv_heads = int(config.num_attention_heads), int(config.num_key_value_heads)
    return Layer(
        norm=rms_norm(module.input_layernorm),
        qkv=side_by_side(attention.q_proj, attention.k_proj, attention.v_proj),
        scale=torch.cat((q.expand(heads, -1), k.expand(kv_heads, -1))),
        out=linear(attention.o_proj),
        mlp=_mlp(module),
        heads=heads,
        kv_heads=kv_heads,
    )


def _last_layer(module: Any, config: Any) -> LastLayer:
    attention = module.self_attn
    return LastLayer(
        norm=rms_norm(module.input_layernorm),
        query=linear(attention.q_proj),
        key_value=side_by_side(attention.k_proj, attention.v_proj),
        query_scale=attention.q_norm.weight.data[None],
        key_scale=attention.k_norm.weight.data[None],
        out=linear(attention.o_proj),
        mlp=_mlp(module),
        heads=int(config.num_attention_heads),
        kv_heads=int(config.num_key_value_heads),
    )


def _mlp(module: Any) -> Mlp:
    return Mlp(
        norm=rms_norm(module.post_attention_layernorm),
        gate_up=side_by_side(module.mlp.gate_proj, module.mlp.up_proj),
        down=linear(module.mlp.down_proj),
    )
