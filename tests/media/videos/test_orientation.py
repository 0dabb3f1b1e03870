import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medialens.media.videos.orientation import Orientation

ONE = 1 << 16
PICTURE = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)


def matrix(a, b, c, d):
    return struct.pack("=9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)


def shown(pixels, a, b, c, d):
    """By definition: the point (x, y) is shown at (a x + c y, b x + d y), moved to where all are positive."""
    height, width = pixels.shape[:2]
    places = {(x, y): (a * x + c * y, b * x + d * y) for x in range(width) for y in range(height)}
    left, top = (min(place[axis] for place in places.values()) for axis in (0, 1))
    size = (width, height) if a else (height, width)
    upright = np.zeros((size[1], size[0], 3), np.uint8)
    for (x, y), (right, down) in places.items():
        upright[down - top, right - left] = pixels[y, x]
    return upright


EIGHT = [(s, 0, 0, t) for s in (1, -1) for t in (1, -1)] + [(0, s, t, 0) for s in (1, -1) for t in (1, -1)]


@pytest.mark.parametrize("case", EIGHT)
def test_all_eight(case):
    orientation = Orientation.of_matrix(matrix(*(value * ONE for value in case)))

    upright = orientation.apply(PICTURE)

    assert np.array_equal(upright, shown(PICTURE, *case))
    assert upright.flags.c_contiguous
    assert orientation.size(3, 2) == (upright.shape[1], upright.shape[0])


def test_an_angle_between_is_taken_for_the_nearest():
    degrees = np.radians(80)
    a, b = int(np.cos(degrees) * ONE), int(np.sin(degrees) * ONE)
    assert Orientation.of_matrix(matrix(a, b, -b, a)) == Orientation.of_matrix(matrix(0, ONE, -ONE, 0))


@given(st.binary(max_size=40))
def test_any_bytes_are_some_orientation(data):
    assert Orientation.of_matrix(data).apply(PICTURE).size == PICTURE.size


def test_nothing_is_upright():
    assert Orientation.of_matrix(b"") == Orientation.of_matrix(matrix(ONE, 0, 0, ONE)) == Orientation()
