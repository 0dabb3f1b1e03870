"""A cross-encoder that runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from transformers import AutoModelForSequenceClassification

from medialens.hub.manifest import Manifest
from medialens.media.decoded import DecodedItem
from medialens.models.architectures.cross_encoder.processing import Processing
from medialens.models.family import LoadRequest
from medialens.models.layers.activations import read_activation
from medialens.models.layers.backbone import actual_placement, load_backbone, load_tokenizer
from medialens.models.layers.checks import only_pair
from medialens.models.layers.tokens import TextReader, max_tokens
from medialens.models.placement import Placement
from medialens.models.protocol import Batch, Prepared, Recipe
from medialens.models.trust import check_buildable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class CrossEncoder:
    """(query, document) pairs of text to logits; see `protocol.Model`."""

    recipe: Recipe
    placement: Placement
    identity: str
    processing: Processing
    backbone: Any = dataclasses.field(repr=False)

    def prepare(self, items: tuple[DecodedItem, ...], *, instruction: str) -> Prepared:
        """Ids of the pair (query, document).

        Raises:
            InputError: There are not exactly two items.
            UnsupportedModalityError: One has a part that is no text.
        """
        query, document = only_pair(items, self.recipe)
        return self.processing.prepare(query.text, document.text, instruction=instruction)

    def collate(self, prepared: Sequence[Prepared]) -> Batch:
        """Ids padded to the longest, with their mask."""
        return self.processing.collate(prepared)

    @torch.inference_mode()
    def forward(self, batch: Batch) -> Float[Tensor, " n"]:
        """Raw logits in fp32; the recipe's `score_kind` says what becomes of them."""
        logits: Tensor = self.backbone(**batch.tensors).logits
        return logits.to(torch.float32).reshape(batch.n_items)


def load(request: LoadRequest) -> CrossEncoder:
    """The cross-encoder of a repository.

    Raises:
        RepositoryError: transformers cannot load it, or it needs its own code.
    """
    check_buildable(request.manifest, trust_remote_code=request.spec.trust_remote_code)
    backbone = load_backbone(AutoModelForSequenceClassification, request)
    tokenizer = load_tokenizer(request)
    limit = request.spec.max_tokens or request.manifest.transformer.get("max_seq_length")
    reader = TextReader(tokenizer, max_tokens=max_tokens(tokenizer, backbone.config, wanted=limit))
    segments = getattr(backbone.config, "type_vocab_size", 0) > 0 and "token_type_ids" in tokenizer.model_input_names
    return CrossEncoder(
        recipe=_read_recipe(request.manifest, reader.max_tokens),
        placement=actual_placement(request.placement, backbone.config),
        identity=request.identity,
        processing=Processing(reader=reader, segments=segments),
        backbone=backbone,
    )


def _read_recipe(manifest: Manifest, n_tokens: int) -> Recipe:
    return Recipe(
        family="cross_encoder",
        task="score",
        modalities=("text",),
        prompts=manifest.prompts,
        default_prompt_name=manifest.default_prompt_name,
        score_kind=read_activation(manifest).score_kind,
        max_tokens=n_tokens,
        settings={"architecture": manifest.model_type},
    )
