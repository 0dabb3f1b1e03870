import numpy as np
import pytest

from medialens.inputs import Text
from medialens.media.decoded import DecodedImage, DecodedItem, DecodedVideo, MediaNeeds
from medialens.media.frame_rate import FrameRate


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


FRAME = np.zeros((4, 5, 3), np.uint8)


@pytest.mark.parametrize(
    ("frames", "times"),
    [
        ((), ()),
        ((FRAME,), ()),
        ((FRAME,), (0.0, 1.0)),
        ((FRAME, FRAME[:, :, 0]), (0.0, 1.0)),
        ((FRAME.astype(np.float32),), (0.0,)),
        ((FRAME[:0],), (0.0,)),
    ],
)
def test_only_frames_that_are_pictures_with_a_time_each(frames, times):
    with pytest.raises(ValueError, match="DecodedVideo takes"):
        DecodedVideo(frames=frames, times_seconds=times, digest="0")


def test_a_clip_among_other_parts():
    picture = DecodedImage(pixels=FRAME, digest="0")
    clip = DecodedVideo(frames=(FRAME, FRAME.copy(), FRAME), times_seconds=(0.0, 1.0, 2.0), digest="1")
    item = DecodedItem((clip, Text("a"), picture))
    assert item.modalities == ("text", "image", "video")
    assert item.videos == (clip,)
    assert item.images == (picture,)
    assert item.shown == (clip, picture)
    assert clip.n_bytes == 2 * FRAME.nbytes  # what is the same array is there once


def test_a_model_that_takes_clips_says_how_many_frames_it_looks_at():
    assert MediaNeeds(modalities=("video",), n_frames=1).look == 1
    assert MediaNeeds(modalities=("video",), frame_rate=FrameRate(fps=2)).look == FrameRate(fps=2)
    with pytest.raises(ValueError, match="n_frames=0"):
        MediaNeeds(modalities=("text", "video"))
