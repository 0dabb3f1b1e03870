"""Cross-attention reranking as its definition reads: pair by pair, nothing padded, nothing shared, nothing masked.

Towers and image processor are transformers' own; the fusion is written out over the tensors of the weight file, as
the pre-norm transformer decoder of Vaswani et al. 2017 (section 3) with the norms first (Xiong et al. 2020).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import PIL.Image
import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import (
    AutoImageProcessor,
    AutoTokenizer,
    BertConfig,
    BertModel,
    ConvNextBackbone,
    ConvNextConfig,
)

Side = Sequence[str | PIL.Image.Image]


class PlainCrossAttention:
    """A repository's reranker, for pairs of sides that are texts and pictures in reading order."""

    def __init__(self, folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        self._fusion = config["fusion"]
        self._weights = load_file(folder / "model.safetensors")
        self._weights = {name: tensor.float() for name, tensor in self._weights.items()}
        self._text, self._vision = self._towers(config, "")
        self._finder = self._towers(config, "finder.") if config.get("finder") else None
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._processor = AutoImageProcessor.from_pretrained(folder)

    @torch.inference_mode()
    def logits(self, pairs: Sequence[tuple[Side, Side]]) -> list[float]:
        """One for each pair."""
        return [self._logit(query, document) for query, document in pairs]

    def _towers(self, config: dict, prefix: str) -> tuple[BertModel, ConvNextBackbone]:
        text = BertModel(BertConfig(**config["text_config"])).eval()
        text.load_state_dict(self._part(f"{prefix}text."))
        vision = ConvNextBackbone(ConvNextConfig(**config["vision_config"])).eval()
        vision.load_state_dict(self._part(f"{prefix}vision."))
        return text, vision

    def _part(self, prefix: str) -> dict[str, Tensor]:
        return {name.removeprefix(prefix): one for name, one in self._weights.items() if name.startswith(prefix)}

    def _tokens(self, side: Side) -> Tensor:
        return torch.cat([self._read(part) if isinstance(part, str) else self._look(part) for part in side])

    def _read(self, text: str) -> Tensor:
        tokens = self._tokenizer(text, truncation=True, max_length=64, return_tensors="pt")
        states = self._text(**{name: tokens[name] for name in ("input_ids", "attention_mask")}).last_hidden_state[0]
        return self._linear("from_text", states) + self._weights["kinds"][0]

    def _look(self, picture: PIL.Image.Image) -> Tensor:
        pixels = self._processor(picture, return_tensors="pt")["pixel_values"]
        rows, columns = self._fusion["cells"]
        cells = torch.zeros(rows, columns, self._fusion["width"])
        for number, one in enumerate(self._vision(pixels).feature_maps):
            for row in range(rows):
                for column in range(columns):
                    at = row * one.shape[2] // rows, column * one.shape[3] // columns
                    cells[row, column] += self._linear(f"from_cells.{number}", one[0, :, at[0], at[1]])
        return cells.reshape(rows * columns, -1) + self._weights["places"] + self._weights["kinds"][1]

    def _vector(self, side: Side, text: BertModel, vision: ConvNextBackbone, prefix: str) -> Tensor:
        """The sum of the parts' vectors: of a text, of its first state; of a picture, of its coarsest map."""
        vectors = []
        for part in side:
            if isinstance(part, str):
                tokens = self._tokenizer(part, truncation=True, max_length=64, return_tensors="pt")
                pooled = text(**{name: tokens[name] for name in ("input_ids", "attention_mask")}).pooler_output[0]
                vectors.append(self._weights[f"{prefix}text_vector.weight"] @ pooled)
            else:
                pixels = self._processor(part, return_tensors="pt")["pixel_values"]
                pooled = vision(pixels).feature_maps[-1][0].flatten(1).mean(1)
                vectors.append(self._weights[f"{prefix}vision_vector.weight"] @ pooled)
        return torch.stack(vectors).sum(0)

    def _logit(self, query: Side, document: Side) -> float:
        logit = self._attention(query, document) + self._cosine(query, document, self._text, self._vision, "")
        return logit if self._finder is None else logit + self._cosine(query, document, *self._finder, "finder.")

    def _cosine(self, query: Side, document: Side, text: BertModel, vision: ConvNextBackbone, prefix: str) -> float:
        one, other = (self._vector(side, text, vision, prefix) for side in (query, document))
        return float(self._weights[f"{prefix}cosine_scale"]) * float(one @ other / (one.norm() * other.norm()))

    def _attention(self, query: Side, document: Side) -> float:
        states = torch.cat([self._weights["first"][None], self._tokens(query)])
        memory = self._tokens(document)
        for number in range(self._fusion["layers"]):
            layer = f"fusion.layers.{number}."
            normed = self._norm(layer + "norm1", states)
            states = states + self._attend(layer + "self_attn", normed, normed)
            states = states + self._attend(layer + "multihead_attn", self._norm(layer + "norm2", states), memory)
            inner = self._linear(layer + "linear1", self._norm(layer + "norm3", states))
            states = states + self._linear(layer + "linear2", 0.5 * inner * (1 + torch.erf(inner / math.sqrt(2))))
        return float(self._linear("score", self._norm("fusion.norm", states)[0])[0])

    def _attend(self, name: str, seeking: Tensor, sought: Tensor) -> Tensor:
        width, heads = self._fusion["width"], self._fusion["heads"]
        size = width // heads
        matrices = self._weights[f"{name}.in_proj_weight"].split(width)
        offsets = self._weights[f"{name}.in_proj_bias"].split(width)
        queries, keys, values = (
            one @ matrix.T + offset
            for one, matrix, offset in zip((seeking, sought, sought), matrices, offsets, strict=True)
        )
        found = []
        for head in range(heads):
            own = slice(head * size, (head + 1) * size)
            shares = (queries[:, own] @ keys[:, own].T / math.sqrt(size)).softmax(-1)
            found.append(shares @ values[:, own])
        return self._linear(f"{name}.out_proj", torch.cat(found, dim=1))

    def _linear(self, name: str, states: Tensor) -> Tensor:
        return states @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _norm(self, name: str, states: Tensor) -> Tensor:
        centred = states - states.mean(-1, keepdim=True)
        deviation = (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
        return centred / deviation * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
