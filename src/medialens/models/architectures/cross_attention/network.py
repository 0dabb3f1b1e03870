"""The network: two towers' vectors, and their tokens, the query's attending to the document's, to one logit a pair.

    text, pixels --towers--> vectors ----------> scale * cosine ----------------------------------+
                       |                                                                           + --> logit
                       +---> query's tokens ---> self-attention, cross-attention --> first token --+
                       +---> document's tokens ----------------^ keys, values (n layers)

A text, or a picture, goes through its tower once however many pairs it is in; which of them make up the query and the
document of a pair is only a matter of indices. So either side may be text, pictures, or both; the vector of a side is
the sum of its parts'.

The cosine is what a dual encoder would say; attention adds what gets lost on the way to a vector. Cross-attention
between towers is that of ALBEF (Li et al. 2021, arXiv:2107.07651) and BLIP (Li et al. 2022, arXiv:2201.12086), whose
fusion encoders are trained to tell matching pairs from others.

A repository may have a `Finder` as well: a dual encoder whose cosine is added to both. Towers that have learnt to be
looked at closely have forgotten some of what they knew; whoever found the candidates has not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoBackbone, AutoConfig, AutoModel

from medialens.models.architectures.cross_attention._repo import read_fusion

NOTHING = -1
"""In rows of token numbers: no token."""

Parts: TypeAlias = tuple[Tensor, Tensor]
"""Of n texts or pictures: vectors (n, vector width) and tokens (n, length, width)."""


class CrossAttentionNetwork(nn.Module):
    """The towers and what joins them.

    Args:
        config: The repository's ``config.json``: ``vision_config``, a backbone of transformers, whose ``out_features``
            are what is looked at, the finest first; ``text_config``, any text encoder of transformers; ``fusion``,
            see `Fusion`; ``finder``, true where there is a second pair of towers of the same kind.

    Raises:
        ValueError: The fusion cannot be built.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        fusion = read_fusion(config)
        width, self.cells = fusion.width, fusion.cells
        self.vision = AutoBackbone.from_config(AutoConfig.for_model(**config["vision_config"]))
        self.text = AutoModel.from_config(AutoConfig.for_model(**config["text_config"]))
        text_width = int(self.text.config.hidden_size)
        self.vision_vector = nn.Linear(self.vision.channels[-1], fusion.vector_width, bias=False)
        self.text_vector = nn.Linear(text_width, fusion.vector_width, bias=False)
        self.cosine_scale = nn.Parameter(torch.tensor(1.0))
        self.from_cells = nn.ModuleList(nn.Linear(channels, width) for channels in self.vision.channels)
        self.from_text = nn.Linear(text_width, width)
        self.places = nn.Parameter(0.02 * torch.randn(self.cells[0] * self.cells[1], width))
        self.kinds = nn.Parameter(0.02 * torch.randn(2, width))
        self.first = nn.Parameter(0.02 * torch.randn(width))
        layer = nn.TransformerDecoderLayer(
            width, fusion.heads, fusion.inner_width, dropout=0.0, activation="gelu",
            batch_first=True, norm_first=True,
        )  # fmt: skip
        self.fusion = nn.TransformerDecoder(layer, fusion.layers, norm=nn.LayerNorm(width))
        self.score = nn.Linear(width, 1)
        self.finder = Finder(config, fusion.vector_width) if config.get("finder") is True else None

    @property
    def n_cells(self) -> int:
        """Tokens of a picture."""
        return self.cells[0] * self.cells[1]

    def read(self, tokens: Int[Tensor, "n length"], mask: Int[Tensor, "n length"]) -> Parts:
        """What texts contribute: a vector each, and tokens."""
        states = self.text(input_ids=tokens, attention_mask=mask)
        return self.text_vector(states.pooler_output), self.from_text(states.last_hidden_state) + self.kinds[0]

    def look(self, pixels: Float[Tensor, "n 3 height width"]) -> Parts:
        """What pictures contribute: a vector each, of the coarsest map, and a token for each cell of the finest.

        A cell has what every map says of it, and its place.
        """
        maps = self.vision(pixels).feature_maps
        projected = [project(one.flatten(2).mT).mT for project, one in zip(self.from_cells, maps, strict=True)]
        fitted = [
            _spread(flat.unflatten(2, tuple(one.shape[2:])), self.cells)
            for flat, one in zip(projected, maps, strict=True)
        ]
        cells = torch.stack(fitted).sum(0).flatten(2).mT + self.places + self.kinds[1]
        return self.vision_vector(maps[-1].mean((2, 3))), cells

    def compare(
        self,
        bank: Float[Tensor, "tokens dim"],
        queries: Int[Tensor, "n query_length"],
        documents: Int[Tensor, "n document_length"],
    ) -> Float[Tensor, " n"]:
        """What attention says of pairs whose sides are rows of token numbers, filled up with `NOTHING`."""
        query, document = bank[queries.clamp(min=0)], bank[documents.clamp(min=0)]
        query = torch.cat([self.first.to(query.dtype).expand(len(query), 1, -1), query], dim=1)
        no_query = functional.pad(queries == NOTHING, (1, 0), value=False)
        joined = self.fusion(
            query, document, tgt_key_padding_mask=no_query, memory_key_padding_mask=documents == NOTHING
        )
        said: Tensor = self.score(joined[:, 0]).squeeze(1)
        return said

    def cosines(
        self, vectors: Float[Tensor, "parts dim"], queries: Bool[Tensor, "n parts"], documents: Bool[Tensor, "n parts"]
    ) -> Float[Tensor, " n"]:
        """Of the vectors of pairs, each side the sum of its parts'; in float32, where bfloat16 has ties."""
        query, document = (side.float() @ vectors.float() for side in (queries, documents))
        return functional.cosine_similarity(query, document, dim=1)

    def forward(self, given: Mapping[str, Tensor]) -> Float[Tensor, " n"]:
        """Logits of a batch: the sum of all `opinions`."""
        first, *others = self.opinions(given)
        return sum(others, first)

    def opinions(self, given: Mapping[str, Tensor]) -> list[Float[Tensor, " n"]]:
        """What the scaled cosines say, what attention says, and, where there is a finder, what its cosines say."""
        said = [*self.both(given)]
        if self.finder is not None:
            cosines = self.cosines(self.finder(given), given["query_parts"], given["document_parts"])
            said.append(self.finder.cosine_scale.float() * cosines)
        return said

    def both(self, given: Mapping[str, Tensor]) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
        """What the scaled cosines say of a batch, and what attention says.

        Args:
            given: ``tokens`` and ``mask`` (texts, length), ``pixels`` (pictures, 3, height, width), either or both.
                ``queries`` and ``documents`` (pairs, length): numbers of tokens in the bank, in which those of the
                texts come first, row by row, then those of the pictures. ``query_parts`` and ``document_parts``
                (pairs, parts): which of the texts and pictures, in this order, a side is made of.
        """
        vectors, bank = self.represent(given)
        cosines = self.cosines(vectors, given["query_parts"], given["document_parts"])
        said = self.compare(bank, given["queries"], given["documents"])
        return self.cosine_scale.float() * cosines, said.float()

    def represent(self, given: Mapping[str, Tensor]) -> Parts:
        """Vectors (parts, vector width) of all texts, then all pictures; the bank of their tokens (tokens, width)."""
        parts: list[Parts] = []
        if "tokens" in given:
            parts.append(self.read(given["tokens"], given["mask"]))
        if "pixels" in given:
            parts.append(self.look(given["pixels"]))
        return torch.cat([vectors for vectors, _ in parts]), torch.cat([tokens.flatten(0, 1) for _, tokens in parts])


class Finder(nn.Module):
    """Towers and vectors of a dual encoder, and how much its cosine counts."""

    def __init__(self, config: Mapping[str, Any], vector_width: int) -> None:
        super().__init__()
        self.vision = AutoBackbone.from_config(AutoConfig.for_model(**config["vision_config"]))
        self.text = AutoModel.from_config(AutoConfig.for_model(**config["text_config"]))
        self.vision_vector = nn.Linear(self.vision.channels[-1], vector_width, bias=False)
        self.text_vector = nn.Linear(int(self.text.config.hidden_size), vector_width, bias=False)
        self.cosine_scale = nn.Parameter(torch.tensor(1.0))

    def forward(self, given: Mapping[str, Tensor]) -> Float[Tensor, "parts dim"]:
        """Vectors of all texts, then all pictures; see `CrossAttentionNetwork.both`."""
        vectors: list[Tensor] = []
        if "tokens" in given:
            states = self.text(input_ids=given["tokens"], attention_mask=given["mask"])
            vectors.append(self.text_vector(states.pooler_output))
        if "pixels" in given:
            vectors.append(self.vision_vector(self.vision(given["pixels"]).feature_maps[-1].mean((2, 3))))
        return torch.cat(vectors)


def _spread(cells: Float[Tensor, "n width rows columns"], size: tuple[int, int]) -> Tensor:
    """A coarser map on a finer grid: each cell's value wherever it covers."""
    return cells if tuple(cells.shape[2:]) == size else functional.interpolate(cells, size=size, mode="nearest")
