"""Our pixels against transformers' torchvision-backed processors: every setting, sizes that divide by nothing.

Noise floor: 0.0. Resizing is the same kernel on the same bytes and normalising the same fp32 arithmetic, so the
comparison is for equality, not for closeness.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
import transformers
from tests.running import picture
from tests.tiny import CLIP_PIXELS, SIGLIP_PIXELS

from medialens.media.pictures.image import load_image
from medialens.models.layers.pixel_settings import read_pixel_recipe
from medialens.models.layers.pixels import normalise, to_patches, to_pixels

SIZES = [(1, 1), (1, 500), (500, 1), (20, 3000), (3000, 20), (32, 32), (31, 37), (97, 89), (33, 32), (480, 640)]

_CLIP = {**CLIP_PIXELS, "image_processor_type": "CLIPImageProcessor"}
_VIT = {**SIGLIP_PIXELS, "image_processor_type": "ViTImageProcessor"}
SETTINGS: dict[str, dict[str, Any]] = {
    "clip": _CLIP,
    "clip-defaults": {"image_processor_type": "CLIPImageProcessor"},
    "clip-old-file": {"feature_extractor_type": "CLIPFeatureExtractor", "size": 224, "crop_size": 224},
    "clip-crop-larger": {**_CLIP, "crop_size": {"height": 51, "width": 40}},
    "clip-crop-odd": {**_CLIP, "crop_size": {"height": 27, "width": 30}},
    "clip-no-resize": {**_CLIP, "do_resize": False},
    "clip-square": {**_CLIP, "size": {"height": 40, "width": 33}},
    "clip-fast-name": {**_CLIP, "image_processor_type": "CLIPImageProcessorFast"},
    "clip-raw": {**_CLIP, "do_rescale": False, "do_normalize": False},
    "clip-rescaled-only": {**_CLIP, "do_normalize": False},
    "clip-not-rescaled": {**_CLIP, "do_rescale": False},
    "clip-lanczos": {**_CLIP, "resample": 1},
    "clip-nearest": {**_CLIP, "resample": 0},
    "clip-bilinear": {**_CLIP, "resample": 2},
    "chinese-clip": {**_CLIP, "image_processor_type": "ChineseCLIPImageProcessor"},
    "siglip": SIGLIP_PIXELS,
    "siglip-defaults": {"image_processor_type": "SiglipImageProcessor"},
    "vit": _VIT,
    "vit-bare-number": {**_VIT, "size": 48},
    "vit-defaults": {"image_processor_type": "ViTImageProcessor"},
    "deit-defaults": {"image_processor_type": "DeiTImageProcessor"},
    "bit-defaults": {"image_processor_type": "BitImageProcessor"},
}


def reference_processor(settings: dict[str, Any]) -> Any:
    name = settings.get("image_processor_type") or settings["feature_extractor_type"]
    name = name.replace("FeatureExtractor", "ImageProcessor").removesuffix("Fast")
    processor = getattr(transformers, name)(**settings)
    assert processor.backend == "torchvision"
    return processor


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", SETTINGS)
def test_pixels_equal_the_processors(name, size):
    recipe = read_pixel_recipe(SETTINGS[name], repository=name)
    image = picture(*size)
    ours = normalise(to_pixels(image.pixels, recipe)[None], recipe, channel=1)

    theirs = reference_processor(SETTINGS[name])(PIL.Image.fromarray(image.pixels), return_tensors="pt")

    torch.testing.assert_close(ours, theirs["pixel_values"].to(torch.float32), rtol=0, atol=0)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(("patch", "most"), [(8, 20), (16, 256), (14, 1), (16, 1024)])
def test_patches_equal_the_naflex_processor(size, patch, most):
    settings = {"image_processor_type": "Siglip2ImageProcessor", "patch_size": patch, "max_num_patches": most}
    recipe = read_pixel_recipe(settings, repository="naflex")
    image = picture(*size)
    pixels = to_pixels(image.pixels, recipe)
    ours = normalise(to_patches(pixels, patch), recipe, channel=-1)

    theirs = reference_processor(settings)(PIL.Image.fromarray(image.pixels), return_tensors="pt")

    assert theirs["spatial_shapes"][0].tolist() == [pixels.shape[1] // patch, pixels.shape[2] // patch]
    assert int(theirs["pixel_attention_mask"].sum()) == len(ours)
    torch.testing.assert_close(ours, theirs["pixel_values"][0, : len(ours)], rtol=0, atol=0)


def _source(mode: str) -> PIL.Image.Image:
    rgba = np.dstack([picture(40, 50).pixels, picture(40, 50, seed=1).pixels[..., 0]])
    source = PIL.Image.fromarray(rgba)
    if mode.startswith("P"):  # of opaque colours: a palette with alpha is one that the processors read as opaque
        source = source.convert("RGB")
    source = source.convert(mode.removesuffix("+transparency"))
    if mode.endswith("+transparency"):
        source.info["transparency"] = 7
    return source


@pytest.mark.parametrize("mode", ["L", "P", "P+transparency", "RGBA", "LA", "CMYK", "1"])
def test_modes_go_through_our_loader_to_the_same_pixels(mode):
    """The processors take a PIL image; our loader makes RGB of it first. Both lay transparency on white."""
    source = _source(mode)
    recipe = read_pixel_recipe(CLIP_PIXELS, repository=mode)
    ours = normalise(to_pixels(load_image(source).pixels, recipe)[None], recipe, channel=1)

    theirs = reference_processor(CLIP_PIXELS)(source, return_tensors="pt")["pixel_values"]

    torch.testing.assert_close(ours, theirs, rtol=0, atol=0)
