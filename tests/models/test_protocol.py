"""What a recipe says of itself."""

import pytest

from medialens.models.layers.pixels import PixelRecipe
from medialens.models.protocol import Recipe


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        (PixelRecipe(size=(96, 64)), 96 * 64),
        (PixelRecipe(shortest_edge=224, crop=(224, 224)), 224 * 224),
        (PixelRecipe(shortest_edge=256, crop=(224, 224)), 256 * 256),
        (PixelRecipe(patch=16, max_patches=256), 256 * 16 * 16),
        (PixelRecipe(shortest_edge=224), None),
        (PixelRecipe(), None),
    ],
)
def test_how_many_pixels_a_model_looks_at(pixels, expected):
    recipe = Recipe(family="fake", task="embed", modalities=("image",), settings={"pixels": pixels.as_settings()})
    assert recipe.max_pixels == expected


def test_a_model_without_pictures_does_not_say():
    assert Recipe(family="fake", task="embed", modalities=("text",)).max_pixels is None
