"""The network: two towers' tokens, the query's attending to the document's, to one logit a pair.

    text   --text tower-->   tokens  -+
    pixels --image tower-->  cells   -+-> bank of tokens --query's rows-->    self-attention --+
                                          |                                   cross-attention -+-> first token -> logit
                                          +--document's rows--> keys, values --^  (n layers)

A text, or a picture, goes through its tower once however many pairs it is in; which of the tokens make up the query
and the document of a pair is only a matter of indices. So either side may be text, pictures, or both.

Cross-attention between towers is that of ALBEF (Li et al. 2021, arXiv:2107.07651) and BLIP (Li et al. 2022,
arXiv:2201.12086), whose fusion encoders are trained to tell matching pairs from others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoBackbone, AutoConfig, AutoModel

from medialens.models.architectures.cross_attention._repo import read_fusion

NOTHING = -1
"""In rows of token numbers: no token."""


class CrossAttentionNetwork(nn.Module):
    """The towers and what joins them.

    Args:
        config: The repository's ``config.json``: ``vision_config``, a backbone of transformers, whose ``out_features``
            are what is looked at, the finest first; ``text_config``, any text encoder of transformers; ``fusion``,
            see `Fusion`.

    Raises:
        ValueError: The fusion cannot be built.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        fusion = read_fusion(config)
        width, self.cells = fusion.width, fusion.cells
        self.vision = AutoBackbone.from_config(AutoConfig.for_model(**config["vision_config"]))
        self.text = AutoModel.from_config(
            AutoConfig.for_model(**config["text_config"]), **_without_pooler(config["text_config"])
        )
        self.from_cells = nn.ModuleList(nn.Linear(channels, width) for channels in self.vision.channels)
        self.from_text = nn.Linear(int(self.text.config.hidden_size), width)
        self.places = nn.Parameter(0.02 * torch.randn(self.cells[0] * self.cells[1], width))
        self.kinds = nn.Parameter(0.02 * torch.randn(2, width))
        self.first = nn.Parameter(0.02 * torch.randn(width))
        layer = nn.TransformerDecoderLayer(
            width, fusion.heads, fusion.inner_width, dropout=0.0, activation="gelu",
            batch_first=True, norm_first=True,
        )  # fmt: skip
        self.fusion = nn.TransformerDecoder(layer, fusion.layers, norm=nn.LayerNorm(width))
        self.score = nn.Linear(width, 1)

    @property
    def n_cells(self) -> int:
        """Tokens of a picture."""
        return self.cells[0] * self.cells[1]

    def read(self, tokens: Int[Tensor, "n length"], mask: Int[Tensor, "n length"]) -> Float[Tensor, "n length dim"]:
        """Texts to tokens of the bank."""
        states = self.text(input_ids=tokens, attention_mask=mask).last_hidden_state
        tokens_of_bank: Tensor = self.from_text(states) + self.kinds[0]
        return tokens_of_bank

    def look(self, pixels: Float[Tensor, "n 3 height width"]) -> Float[Tensor, "n cells dim"]:
        """Pictures to tokens of the bank: every map, brought to the cells of the finest, and its place."""
        maps = self.vision(pixels).feature_maps
        projected = [project(one.flatten(2).mT).mT for project, one in zip(self.from_cells, maps, strict=True)]
        fitted = [
            _spread(flat.unflatten(2, tuple(one.shape[2:])), self.cells)
            for flat, one in zip(projected, maps, strict=True)
        ]
        return torch.stack(fitted).sum(0).flatten(2).mT + self.places + self.kinds[1]

    def compare(
        self,
        bank: Float[Tensor, "tokens dim"],
        queries: Int[Tensor, "n query_length"],
        documents: Int[Tensor, "n document_length"],
    ) -> Float[Tensor, " n"]:
        """Logits of pairs whose sides are rows of token numbers, filled up with `NOTHING`."""
        query, document = bank[queries.clamp(min=0)], bank[documents.clamp(min=0)]
        query = torch.cat([self.first.to(query.dtype).expand(len(query), 1, -1), query], dim=1)
        no_query = functional.pad(queries == NOTHING, (1, 0), value=False)
        joined = self.fusion(
            query, document, tgt_key_padding_mask=no_query, memory_key_padding_mask=documents == NOTHING
        )
        logits: Tensor = self.score(joined[:, 0]).squeeze(1)
        return logits

    def forward(self, given: Mapping[str, Tensor]) -> Float[Tensor, " n"]:
        """Logits of a batch.

        Args:
            given: ``tokens`` and ``mask`` (texts, length), ``pixels`` (pictures, 3, height, width), either or both;
                ``queries`` and ``documents`` (pairs, length): numbers of tokens in the bank, in which those of the
                texts come first, row by row, then those of the pictures.
        """
        bank = []
        if "tokens" in given:
            bank.append(self.read(given["tokens"], given["mask"]).flatten(0, 1))
        if "pixels" in given:
            bank.append(self.look(given["pixels"]).flatten(0, 1))
        return self.compare(torch.cat(bank), given["queries"], given["documents"])


def _spread(cells: Float[Tensor, "n width rows columns"], size: tuple[int, int]) -> Tensor:
    """A coarser map on a finer grid: each cell's value wherever it covers."""
    return cells if tuple(cells.shape[2:]) == size else functional.interpolate(cells, size=size, mode="nearest")


def _without_pooler(text_config: Mapping[str, Any]) -> dict[str, bool]:
    return {"add_pooling_layer": False} if text_config["model_type"] == "bert" else {}
