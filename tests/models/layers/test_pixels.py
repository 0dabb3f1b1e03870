"""Pixels: recorded values of transformers' torchvision-backed processors, and first principles."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.models.contract import recorded
from tests.models.samples import PICTURES
from tests.tiny import CLIP_PIXELS

from medialens.errors import RepositoryError
from medialens.models.layers.pixel_settings import read_pixel_recipe, why_no_recipe
from medialens.models.layers.pixels import (
    PixelRecipe,
    center_crop,
    fit_patches,
    fit_shortest_edge,
    normalise,
    to_patches,
    to_pixels,
)

SIDES = st.integers(1, 5000)


@pytest.mark.parametrize("name", ["clip", "clip_crop_larger", "siglip", "vit"])
def test_recorded_pixels(name):
    expected = recorded(f"pixels_{name}")
    recipe = read_pixel_recipe(expected["settings"], repository=name)

    for picture, values in zip(PICTURES, expected["pictures"], strict=True):
        ours = normalise(to_pixels(picture.pixels, recipe)[None], recipe, channel=1)[0]
        assert list(ours.shape) == values["shape"]
        assert ours.double().mean().item() == pytest.approx(values["mean"], abs=1e-6)
        assert ours.double().std().item() == pytest.approx(values["std"], abs=1e-6)
        sampled = ours.flatten()[:: values["step"]][: len(values["values"])]
        np.testing.assert_allclose(sampled.numpy(), values["values"], rtol=0, atol=1e-6)


def test_nothing_to_do_changes_nothing():
    picture = PICTURES[2].pixels

    pixels = to_pixels(picture, PixelRecipe())

    assert torch.equal(pixels, torch.from_numpy(picture).permute(2, 0, 1))


def test_the_callers_pixels_are_left_alone():
    picture = PICTURES[2].pixels.copy()
    recipe = read_pixel_recipe({**CLIP_PIXELS, "do_resize": False, "do_center_crop": False}, repository="x")

    normalise(to_pixels(picture, recipe)[None], recipe, channel=1)

    assert (picture == PICTURES[2].pixels).all()


def test_a_crop_larger_than_the_picture_is_black_around_it():
    white = torch.full((3, 4, 5), 255, dtype=torch.uint8)

    cropped = center_crop(white, (7, 8))

    # 3 rows over: 1 above and 2 below; 3 columns over: 1 on the left and 2 on the right.
    assert cropped[:, 1:5, 1:6].min() == 255
    assert int(cropped.sum()) == 255 * 3 * 4 * 5


@pytest.mark.parametrize(("side", "wanted", "first"), [(10, 4, 3), (11, 4, 3), (10, 5, 2), (9, 4, 2)])
def test_the_middle_is_rounded_towards_the_start(side, wanted, first):
    ramp = torch.arange(side, dtype=torch.uint8).expand(3, side, side)

    assert center_crop(ramp, (wanted, wanted))[0, 0].tolist() == list(range(first, first + wanted))


@given(height=SIDES, width=SIDES, edge=st.integers(1, 512))
def test_shortest_edge(height, width, edge):
    new = fit_shortest_edge(height, width, edge)

    assert min(new) == edge
    assert max(new) == edge * max(height, width) // min(height, width) or max(new) / edge == pytest.approx(
        max(height, width) / min(height, width), abs=1 / edge
    )
    assert (new[0] <= new[1]) == (height <= width) or new[0] == new[1]


@given(height=SIDES, width=SIDES, patch=st.sampled_from([8, 14, 16]), most=st.integers(1, 1024))
def test_patches_fit(height, width, patch, most):
    rows, columns = (side // patch for side in fit_patches(height, width, patch=patch, max_patches=most))

    assert rows >= 1
    assert columns >= 1
    # Only a picture so long that its short side is below one patch can have more than the most: never so.
    assert rows * columns <= most or min(rows, columns) == 1


def test_patches_are_rows_of_pixels():
    pixels = torch.arange(3 * 4 * 6, dtype=torch.uint8).reshape(3, 4, 6)

    patches = to_patches(pixels, 2)

    assert patches.shape == (6, 12)
    # The second patch: rows 0-1, columns 2-3; pixel by pixel, three colours each.
    assert patches[1].tolist() == [int(pixels[c, r, k]) for r in (0, 1) for k in (2, 3) for c in range(3)]


def test_normalising_patches_is_normalising_the_picture():
    recipe = read_pixel_recipe(CLIP_PIXELS, repository="x")
    pixels = torch.from_numpy(PICTURES[4].pixels).permute(2, 0, 1)[:, :32, :32].contiguous()

    whole = normalise(pixels[None], recipe, channel=1)[0]
    patches = normalise(to_patches(pixels, 8), recipe, channel=-1)

    assert torch.equal(patches[0].reshape(8, 8, 3).permute(2, 0, 1), whole[:, :8, :8])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"image_processor_type": "AcmeImageProcessor"}, "image processor 'Acme', expected one of CLIP"),
        ({"resample": 4}, "resample=4"),
        ({"size": {"longest_edge": 10}}, "expected height and width, or shortest_edge"),
        ({"size": {"shortest_edge": 10, "longest_edge": 20}}, "longest_edge"),
        ({"crop_size": {"shortest_edge": 10}}, "crop_size="),
    ],
)
def test_settings_that_are_not_reproduced_are_refused(change, said):
    with pytest.raises(RepositoryError, match=said):
        read_pixel_recipe({**CLIP_PIXELS, **change}, repository="x")


def test_why_no_recipe():
    assert why_no_recipe({}) == "no preprocessor_config.json or processor_config.json"
    assert why_no_recipe({"size": 3}) == "image processor 'without a type'"
    assert why_no_recipe(CLIP_PIXELS) is None


@pytest.mark.parametrize(
    "change",
    [
        *({"size": size} for size in (0, -5, 10**9, 1.5, "x", [], {"height": "x", "width": 5}, {"shortest_edge": 0})),
        *({"crop_size": size} for size in (0, -1, 10**9, "x", [1, 2], {"height": 0, "width": 1})),
        *({"image_mean": mean} for mean in ([], [1], [1, 2, 3, 4], "abc", float("nan"))),
        *({"image_std": std} for std in ([0, 0, 0], 0, ["a"])),
        *({"rescale_factor": factor} for factor in ("x", float("inf"))),
        {"resample": [3]},
        *({"image_processor_type": "Siglip2ImageProcessor", "max_num_patches": count} for count in (0, 10**9, "x")),
        *(
            {"image_processor_type": "Siglip2ImageProcessor", "max_num_patches": 16, "patch_size": side}
            for side in (0, -1, 1.5)
        ),
    ],
)
def test_settings_that_no_picture_survives_are_refused_once(change):
    with pytest.raises(RepositoryError, match="hostile"):
        read_pixel_recipe({**CLIP_PIXELS, **change}, repository="hostile")
