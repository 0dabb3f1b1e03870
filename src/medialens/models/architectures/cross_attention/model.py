"""A cross-attention reranker that runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from medialens.errors import IncompleteRepositoryError, RepositoryError
from medialens.media.decoded import DecodedItem
from medialens.models.architectures.cross_attention.network import CrossAttentionNetwork
from medialens.models.architectures.cross_attention.processing import Processing
from medialens.models.family import LoadRequest
from medialens.models.layers.backbone import image_settings, load_tokenizer
from medialens.models.layers.checks import only_pair
from medialens.models.layers.clip_sheet import ClipSheet, read_clip_sheet
from medialens.models.layers.pixel_settings import read_pixel_recipe
from medialens.models.layers.pixels import PixelRecipe, normalise
from medialens.models.layers.tokens import TextReader, max_tokens
from medialens.models.placement import Placement
from medialens.models.protocol import Batch, Prepared, Recipe

_WEIGHTS = "model.safetensors"
_COST_PATCH = 16


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class CrossAttentionReranker:
    """(query, document) pairs of text, pictures and clips to logits; see `protocol.Model`."""

    recipe: Recipe
    placement: Placement
    identity: str
    processing: Processing
    network: CrossAttentionNetwork = dataclasses.field(repr=False)

    def prepare(self, items: tuple[DecodedItem, ...], *, instruction: str) -> Prepared:
        """Ids and pixels of the pair (query, document).

        Raises:
            InputError: There are not exactly two items.
            UnsupportedModalityError: One has a part that the model does not take.
        """
        query, document = only_pair(items, self.recipe)
        return self.processing.prepare(query, document, instruction=instruction)

    def collate(self, prepared: Sequence[Prepared]) -> Batch:
        """Each distinct text and picture once."""
        return self.processing.collate(prepared)

    @torch.inference_mode()
    def forward(self, batch: Batch) -> Float[Tensor, " n"]:
        """Raw logits in fp32."""
        given = dict(batch.tensors)
        if "pixels" in given:
            given["pixels"] = normalise(given["pixels"], self.processing.pixels, channel=1).to(self.placement.dtype)
        logits: Tensor = self.network(given)
        return logits.to(torch.float32)


def load(request: LoadRequest) -> CrossAttentionReranker:
    """The reranker of a repository.

    Raises:
        RepositoryError: Its settings contradict themselves.
        IncompleteRepositoryError: Weights are missing.
    """
    manifest = request.manifest
    network = _load_network(request)
    pixels = read_pixel_recipe(image_settings(request), repository=manifest.name)
    size = _final_size(pixels, manifest.name)
    tokenizer = load_tokenizer(request, foreign_code=False, config=network.text.config)
    limit = max_tokens(tokenizer, network.text.config, wanted=request.spec.max_tokens)
    reader = TextReader(tokenizer, max_tokens=limit)
    sheet = read_clip_sheet(manifest, size)
    return CrossAttentionReranker(
        recipe=_read_recipe(request, limit, pixels, sheet),
        placement=request.placement,
        identity=request.identity,
        processing=Processing(
            reader=reader,
            pixels=pixels,
            sheet=sheet,
            n_cells=network.n_cells,
            n_patches=max(1, size[0] // _COST_PATCH) * max(1, size[1] // _COST_PATCH),
        ),
        network=network,
    )


def _load_network(request: LoadRequest) -> CrossAttentionNetwork:
    name = request.manifest.name
    try:
        network = CrossAttentionNetwork(request.manifest.config)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        msg = f"{name!r}: config.json does not describe a cross-attention reranker: {type(error).__name__}: {error}"
        raise RepositoryError(msg, repository=name) from error
    try:
        network.load_state_dict(load_file(request.folder / _WEIGHTS))
    except (RuntimeError, OSError, SafetensorError) as error:
        msg = f"{name!r}: {_WEIGHTS} does not fit config.json: {error}"
        raise IncompleteRepositoryError(msg, repository=name) from error
    placed = network.to(device=request.placement.device, dtype=request.placement.dtype)
    return placed.eval().requires_grad_(requires_grad=False)


def _read_recipe(request: LoadRequest, n_tokens: int, pixels: PixelRecipe, sheet: ClipSheet | None) -> Recipe:
    manifest = request.manifest
    return Recipe(
        family="cross_attention",
        task="score",
        modalities=("text", "image", "video") if sheet else ("text", "image"),
        mixes=True,
        prompts=manifest.prompts,
        default_prompt_name=manifest.default_prompt_name,
        score_kind="probability",
        max_tokens=n_tokens,
        n_frames=sheet.n_frames if sheet else 0,
        settings={
            "architecture": manifest.model_type,
            "pixels": pixels.as_settings(),
            "clip_sheet": sheet.as_settings() if sheet else None,
        },
    )


def _final_size(pixels: PixelRecipe, name: str) -> tuple[int, int]:
    if pixels.final_size is None:
        msg = f"{name!r}: its image processor leaves every picture another size; set size or crop_size"
        raise RepositoryError(msg, repository=name)
    return pixels.final_size
