import io

import numpy as np
import PIL.Image
import pytest
from tests.media.encoding import noise

from medialens.errors import InputError
from medialens.media.pictures.image import load_image
from medialens.media.writing.render import render, thumbnail


def opened(data: bytes) -> PIL.Image.Image:
    return PIL.Image.open(io.BytesIO(data))


@pytest.mark.parametrize(
    ("shape", "max_side", "size"),
    [
        ((100, 200), 50, (50, 25)),
        ((200, 100), 50, (25, 50)),
        ((100, 100), 100, (100, 100)),
        ((30, 20), 100, (20, 30)),  # never enlarged
        ((150, 1), 10, (1, 10)),  # never without pixels
    ],
)
def test_a_thumbnail_keeps_the_ratio_within_its_side(shape, max_side, size):
    image = load_image(noise(*shape))
    assert opened(thumbnail(image, max_side)).size == size


def test_a_small_picture_is_kept_exactly():
    assert np.array_equal(load_image(thumbnail(load_image(noise(9, 7)), 100)).pixels, noise(9, 7))


def test_a_flat_colour_stays_itself():
    image = load_image(np.full((90, 120, 3), (10, 200, 30), np.uint8))
    assert set(map(tuple, load_image(thumbnail(image, 40)).pixels.reshape(-1, 3).tolist())) == {(10, 200, 30)}


def test_formats():
    image = load_image(noise(20, 20))
    assert opened(thumbnail(image, 10)).format == "PNG"
    assert opened(thumbnail(image, 10, picture_format="jpeg")).format == "JPEG"


def test_a_resized_file():
    assert opened(render(load_image(noise(20, 10)), width=30, height=40)).size == (30, 40)


def test_what_cannot_be_rendered():
    image = load_image(noise(20, 20))
    with pytest.raises(InputError, match="max_side=0"):
        thumbnail(image, 0)
    with pytest.raises(InputError, match="gif"):
        thumbnail(image, 5, picture_format="gif")
