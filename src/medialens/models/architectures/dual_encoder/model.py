"""A dual encoder that runs: both towers, the fusion of their features, and the card that describes them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from transformers import AutoModel

from medialens.errors import RepositoryError
from medialens.media.decoded import DecodedItem
from medialens.models.architectures.dual_encoder._repo import TOWERS, features, normalises, read_bias, read_fusion
from medialens.models.architectures.dual_encoder.processing import Processing
from medialens.models.family import LoadRequest
from medialens.models.layers.backbone import actual_placement, image_settings, load_backbone, load_tokenizer
from medialens.models.layers.checks import check_item, only_item
from medialens.models.layers.clip_sheet import ClipSheet, read_clip_sheet
from medialens.models.layers.heads import to_unit_length
from medialens.models.layers.pixel_settings import read_pixel_recipe
from medialens.models.layers.pixels import PixelRecipe, normalise
from medialens.models.layers.tokens import TextReader, max_tokens, text_config
from medialens.models.placement import Placement
from medialens.models.protocol import Batch, Prepared, Recipe

_MIXING_REMEDY = (
    'It has one tower for each; ModelSpec(fusion="sum") (Encoder(..., fusion="sum")) makes one vector of both '
    "by summing their features"
)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class DualEncoder:
    """Text, pictures and clips to vectors of one space; see `protocol.Model`."""

    recipe: Recipe
    placement: Placement
    identity: str
    processing: Processing
    towers: Any = dataclasses.field(repr=False)
    normalised: bool

    def prepare(self, items: tuple[DecodedItem, ...], *, instruction: str) -> Prepared:
        """Ids and pixels of the item.

        Raises:
            UnsupportedModalityError: It has a part that no tower takes, or mixes parts without a fusion.
        """
        item = only_item(items, self.recipe)
        check_item(item, self.recipe, remedy=_MIXING_REMEDY)
        return self.processing.prepare(item, instruction=instruction)

    def collate(self, prepared: Sequence[Prepared]) -> Batch:
        """One batch for each tower."""
        return self.processing.collate(prepared)

    @torch.inference_mode()
    def forward(self, batch: Batch) -> Float[Tensor, "n dim"]:
        """Vectors in fp32; an item with several parts has the sum of its parts' features."""
        tensors = batch.tensors
        device = next(iter(tensors.values())).device
        vectors = torch.zeros((batch.n_items, self.recipe.dimension), dtype=torch.float32, device=device)
        if "text_rows" in tensors:
            vectors.index_add_(0, tensors["text_rows"], self._text_features(tensors))
        if "image_rows" in tensors:
            vectors.index_add_(0, tensors["image_rows"], self._image_features(tensors))
        return to_unit_length(vectors) if self.normalised else vectors

    def _text_features(self, tensors: Mapping[str, Tensor]) -> Float[Tensor, "texts dim"]:
        wanted = ("input_ids", "attention_mask", "token_type_ids")
        given = {name: tensors[name] for name in wanted if name in tensors}
        return features(self.towers.get_text_features(**given)).to(torch.float32)

    def _image_features(self, tensors: Mapping[str, Tensor]) -> Float[Tensor, "images dim"]:
        recipe = self.processing.pixels
        if recipe.patch:
            pixels = normalise(tensors["pixels"], recipe, channel=-1).to(self.placement.dtype)
            given = {"pixel_attention_mask": tensors["patch_mask"], "spatial_shapes": tensors["grids"]}
        else:
            pixels = normalise(tensors["pixels"], recipe, channel=1).to(self.placement.dtype)
            given = {}
        return features(self.towers.get_image_features(pixel_values=pixels, **given)).to(torch.float32)


def load(request: LoadRequest) -> DualEncoder:
    """The dual encoder of a repository.

    Raises:
        RepositoryError: Its settings contradict themselves, or transformers cannot load it.
    """
    manifest = request.manifest
    # BGE-VL's code is CLIP plus the fusion that is here, and does not run on transformers 5.
    towers = load_backbone(AutoModel, request, foreign_code=False)
    pixels = read_pixel_recipe(image_settings(request), repository=manifest.name)
    _check_size(pixels, manifest.name)
    tokenizer = load_tokenizer(request, foreign_code=False)
    reader = TextReader(
        tokenizer, max_tokens=max_tokens(tokenizer, text_config(towers.config), wanted=request.spec.max_tokens)
    )
    sheet = read_clip_sheet(manifest, pixels.final_size)
    recipe = _read_recipe(request, towers, pixels, reader, sheet)
    return DualEncoder(
        recipe=recipe,
        placement=actual_placement(request.placement, towers.config),
        identity=request.identity,
        processing=Processing(
            reader=reader,
            tower=TOWERS[manifest.model_type],
            pixels=pixels,
            sheet=sheet,
            patch=_cost_patch(towers.config.vision_config),
        ),
        towers=towers,
        normalised=bool(recipe.settings["normalize"]),
    )


def _read_recipe(
    request: LoadRequest, towers: Any, pixels: PixelRecipe, reader: TextReader, sheet: ClipSheet | None
) -> Recipe:
    manifest = request.manifest
    fusion = request.spec.fusion or read_fusion(manifest)
    return Recipe(
        family="dual_encoder",
        task="embed",
        modalities=("text", "image", "video") if sheet else ("text", "image"),
        mixes=fusion is not None,
        prompts=manifest.prompts,
        default_prompt_name=manifest.default_prompt_name,
        dimension=_dimension(towers.config),
        similarity=manifest.similarity,
        score_kind="probability",
        logit_scale=float(towers.logit_scale.float().exp()),
        logit_bias=read_bias(manifest, towers),
        max_tokens=reader.max_tokens,
        n_frames=sheet.n_frames if sheet else 0,
        settings={
            "architecture": manifest.model_type,
            "fusion": fusion,
            "normalize": normalises(manifest),
            "truncate_dim": manifest.truncate_dim,
            "pixels": pixels.as_settings(),
            **({"clip_sheet": sheet.as_settings()} if sheet else {}),
        },
    )


def _dimension(config: Any) -> int:
    """Length of the features: the projection's, or for SigLIP, which projects inside its towers, the text head's."""
    projected = getattr(config, "projection_dim", None)
    if isinstance(projected, int) and config.model_type not in {"siglip", "siglip2"}:
        return projected
    text = config.text_config
    return int(getattr(text, "projection_size", None) or text.hidden_size)


def _cost_patch(vision: Any) -> int:
    """Side of the square that counts as one patch of work: the tower's own, or a usual one where it has none.

    A convolutional tower's ``patch_size`` is its first, finest grid, which says little about its work.
    """
    is_transformer = getattr(vision, "num_attention_heads", None) is not None
    return int(vision.patch_size) if is_transformer else 16


def _check_size(pixels: PixelRecipe, name: str) -> None:
    if pixels.final_size is None and pixels.patch is None:
        msg = (
            f"{name!r}: its image processor leaves every picture another size (no crop, no fixed size), which these "
            "towers cannot batch; set crop_size, or pass processor_kwargs={'size': {'height': ..., 'width': ...}}"
        )
        raise RepositoryError(msg, repository=name)
