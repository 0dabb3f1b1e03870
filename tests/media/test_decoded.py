import numpy as np
import pytest

from medialens.inputs import Text
from medialens.media.decoded import DecodedImage, DecodedItem


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 5), np.uint8),
        np.zeros((4, 5, 4), np.uint8),
        np.zeros((0, 5, 3), np.uint8),
        np.zeros((4, 5, 3), np.float32),
    ],
)
def test_only_rgb_pixels_of_8_bits(pixels):
    with pytest.raises(ValueError, match="uint8"):
        DecodedImage(pixels=pixels, digest="0")


def test_an_item_tells_its_parts_by_kind():
    picture = DecodedImage(pixels=np.zeros((4, 5, 3), np.uint8), digest="0" * 64)
    item = DecodedItem((Text("before"), picture, Text("after")))
    assert (picture.width, picture.height) == (5, 4)
    assert item.modalities == ("text", "image")
    assert item.text == "before after"
    assert item.images == (picture,)
    assert "5x4" in repr(picture)
