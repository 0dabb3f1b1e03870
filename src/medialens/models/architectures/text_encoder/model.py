"""A text encoder that runs: tokens, backbone, pooling, heads."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import torch
import transformers
from jaxtyping import Float
from torch import Tensor

from medialens.hub.manifest import Manifest
from medialens.media.decoded import DecodedItem
from medialens.models.architectures.text_encoder._repo import (
    ENCODER_CLASSES,
    MAY_MISS,
    PoolingSettings,
    lowercases,
    max_length,
    read_pooling,
)
from medialens.models.architectures.text_encoder.processing import Processing
from medialens.models.family import LoadRequest
from medialens.models.layers.backbone import actual_placement, load_backbone, load_tokenizer
from medialens.models.layers.checks import check_item, only_item
from medialens.models.layers.heads import DenseHead, load_dense, to_unit_length
from medialens.models.layers.pooling import pool
from medialens.models.layers.tokens import TextReader, max_tokens
from medialens.models.placement import Placement
from medialens.models.protocol import Batch, Prepared, Recipe
from medialens.models.trust import check_buildable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class TextEncoder:
    """Text to vectors; see `protocol.Model`."""

    recipe: Recipe
    placement: Placement
    identity: str
    processing: Processing
    backbone: Any = dataclasses.field(repr=False)
    pooling: PoolingSettings
    heads: tuple[DenseHead | None, ...] = dataclasses.field(repr=False)
    """After the pooling, in order; None normalises."""

    def prepare(self, items: tuple[DecodedItem, ...], *, instruction: str) -> Prepared:
        """Ids of the item's text.

        Raises:
            UnsupportedModalityError: It has a part that is no text.
        """
        item = only_item(items, self.recipe)
        check_item(item, self.recipe)
        return self.processing.prepare(item.text, instruction=instruction)

    def collate(self, prepared: Sequence[Prepared]) -> Batch:
        """Ids padded to the longest, with their mask."""
        return self.processing.collate(prepared)

    @torch.inference_mode()
    def forward(self, batch: Batch) -> Float[Tensor, "n dim"]:
        """Vectors in fp32, through the repository's modules in their order."""
        given = {name: value for name, value in batch.tensors.items() if name != "prompt_lengths"}
        features = self.backbone(**given)[0]
        prompts = batch.tensors.get("prompt_lengths")
        vectors = pool(features, batch.tensors["attention_mask"], self.pooling.modes, prompt_lengths=prompts)
        for head in self.heads:
            vectors = to_unit_length(vectors) if head is None else head(vectors)
        return vectors


def load(request: LoadRequest) -> TextEncoder:
    """The text encoder of a repository.

    Raises:
        RepositoryError: transformers cannot load it, or it needs its own code.
    """
    manifest = request.manifest
    check_buildable(request.manifest, trust_remote_code=request.spec.trust_remote_code)
    name = ENCODER_CLASSES.get(manifest.model_type, "AutoModel")
    backbone = load_backbone(getattr(transformers, name), request, may_miss=MAY_MISS)
    pooling = read_pooling(manifest)
    heads = _load_heads(request)
    processing = _read_processing(request, backbone, pooling)
    return TextEncoder(
        recipe=_read_recipe(manifest, pooling, heads, backbone.config, processing.reader.max_tokens),
        placement=actual_placement(request.placement, backbone.config),
        identity=request.identity,
        processing=processing,
        backbone=backbone,
        pooling=pooling,
        heads=heads,
    )


def _load_heads(request: LoadRequest) -> tuple[DenseHead | None, ...]:
    root, name = request.manifest.repository.folder, request.manifest.name
    device = request.placement.device
    return tuple(
        load_dense(root / module.path, module.config, device=device, repository=name)
        if module.kind == "Dense"
        else None
        for module in request.manifest.modules[2:]
        if module.kind in {"Dense", "Normalize"}
    )


def _read_processing(request: LoadRequest, backbone: Any, pooling: PoolingSettings) -> Processing:
    tokenizer = load_tokenizer(request)
    own = request.spec.max_tokens or max_length(request.manifest)
    return Processing(
        reader=TextReader(
            tokenizer,
            max_tokens=max_tokens(tokenizer, backbone.config, wanted=own),
            lowercase=lowercases(request.manifest),
        ),
        segments=getattr(backbone.config, "type_vocab_size", 0) > 0 and "token_type_ids" in tokenizer.model_input_names,
        marks_prompt=not pooling.includes_prompt,
    )


def _read_recipe(
    manifest: Manifest, pooling: PoolingSettings, heads: tuple[DenseHead | None, ...], config: Any, n_tokens: int
) -> Recipe:
    widths = [int(head.weight.shape[0]) for head in heads if head is not None]
    width = widths[-1] if widths else int(config.hidden_size) * len(pooling.modes)
    notice = None if pooling.stated else "the repository does not state its pooling; mean pooling is assumed"
    return Recipe(
        family="text_encoder",
        task="embed",
        modalities=("text",),
        prompts=manifest.prompts,
        default_prompt_name=manifest.default_prompt_name,
        dimension=width,
        similarity=manifest.similarity,
        max_tokens=n_tokens,
        settings={
            "architecture": manifest.model_type,
            "pooling": list(pooling.modes),
            "include_prompt": pooling.includes_prompt,
            "lowercase": lowercases(manifest),
            "normalize": bool(heads) and heads[-1] is None,
            "truncate_dim": manifest.truncate_dim,
            "notice": notice,
        },
    )
