import io

import numpy as np
import pytest
from PIL import Image
from tests.media.clips import animate, grey, levels

from medialens.demo.thumbnails import THUMBNAIL_SIDE, clip_thumbnail, is_clip, picture_thumbnail
from medialens.errors import MediaDecodeError
from medialens.media.source import encoded


def opened(data):
    return Image.open(io.BytesIO(data))


def picture(width, height, file_format="PNG"):
    data = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(data, file_format)
    return encoded(data.getvalue(), name="a picture")


@pytest.mark.parametrize("size", [(300, 200), (20, 400), (10, 10)])
def test_pictures_are_small_and_keep_their_shape(size):
    thumbnail = picture_thumbnail(picture(*size))
    width, height = opened(thumbnail.still).size
    assert max(width, height) == min(THUMBNAIL_SIDE, max(size))
    assert width / height == pytest.approx(size[0] / size[1], rel=0.2)
    assert thumbnail.moving == b""


def test_a_clip_moves_and_stands_as_four_of_its_frames():
    grey_levels = levels(16)
    clip = encoded(animate([grey(level) for level in grey_levels]), name="a clip")
    thumbnail = clip_thumbnail(clip)

    with opened(thumbnail.moving) as moving:
        assert moving.format == "GIF"
        assert moving.n_frames == 8
        assert max(moving.size) <= THUMBNAIL_SIDE
    sheet = np.asarray(opened(thumbnail.still).convert("L")).astype(int)
    assert max(sheet.shape) <= THUMBNAIL_SIDE
    height, width = sheet.shape
    quarters = [sheet[height * y // 4, width * x // 4] for y in (1, 3) for x in (1, 3)]
    assert quarters == sorted(quarters)  # in the order of time, reading order
    assert quarters[0] < 128 < quarters[3]


def test_what_moves_is_a_clip():
    assert is_clip(encoded(animate([grey(0), grey(255)]), name="two frames"))
    assert is_clip(encoded(b"\0\0\0\x20ftypisom", name="a video"))
    assert not is_clip(picture(3, 3))
    assert not is_clip(picture(3, 3, "GIF"))
    with pytest.raises(MediaDecodeError):
        is_clip(encoded(animate([grey(0), grey(255)])[:60], name="cut off"))
