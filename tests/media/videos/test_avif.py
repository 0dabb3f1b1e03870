"""Animated AVIF: which frames there are, how long each is shown, and what they look like."""

import io
import struct
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features
from tests.media.clips import grey, levels

from medialens.errors import MediaDecodeError, MediaLimitError
from medialens.media.limits import MediaLimits
from medialens.media.moments import Window
from medialens.media.source import encoded
from medialens.media.videos.animation import load_animation, read_animation
from medialens.media.videos.video import load_video

pytestmark = pytest.mark.skipif(not features.check("avif"), reason="this Pillow was built without AVIF")
LIMITS = MediaLimits()


def animated(frames, duration=100):
    pictures = [Image.fromarray(frame) for frame in frames]
    file = io.BytesIO()
    pictures[0].save(file, "AVIF", save_all=True, append_images=pictures[1:], duration=duration, quality=95)
    return file.getvalue()


CLIP = animated([grey(level, 16, 16) for level in levels(5)], [100, 200, 100, 50, 400])


def read(data, limits=LIMITS):
    return read_animation(encoded(data, name="clip"), limits)


@settings(deadline=None, max_examples=10)
@given(durations=st.lists(st.integers(1, 3000), min_size=2, max_size=6))
def test_durations_are_those_that_were_saved(durations):
    data = animated([grey(level, 16, 16) for level in levels(len(durations))], durations)
    assert read(data).durations == tuple(Fraction(one, 1000) for one in durations)


def test_frames_are_those_of_pillow():
    found = load_animation(encoded(CLIP, name="clip"), read(CLIP), [0, 1, 1, 4], LIMITS)
    with Image.open(io.BytesIO(CLIP)) as picture:
        for number, frame in zip([0, 1, 1, 4], found, strict=True):
            picture.seek(number)
            assert np.array_equal(frame, np.asarray(picture.convert("RGB")))


def test_it_is_a_clip_like_any_other():
    clip = load_video(encoded(CLIP, name="clip"), how=2, window=Window.of(0.1, 0.45))
    assert clip.times_seconds == (0.1, 0.3)
    assert [round(float(frame.mean()) / 60) * 60 for frame in clip.frames] == [
        round(level / 60) * 60 for level in (levels(5)[1], levels(5)[2])
    ]


def test_a_still_one_is_a_still_one():
    file = io.BytesIO()
    Image.fromarray(grey(7, 16, 16)).save(file, "AVIF")
    assert read(file.getvalue()).durations == (0,)
    still = CLIP.replace(b"ftypavis", b"ftypavif", 1)  # the picture is meant, not the track beside it
    assert read(still).durations == (0,)


def test_too_many_frames():
    with pytest.raises(MediaLimitError, match="max_frames"):
        read(CLIP, MediaLimits(max_frames=4))


def with_number(name, at, value):
    """The clip with another number in the box of that name."""
    place = CLIP.index(name) + 4 + at
    return CLIP[:place] + struct.pack(">I", value) + CLIP[place + 4 :]


@pytest.mark.parametrize(
    "data",
    [
        with_number(b"stsz", 8, 2**32 - 1),
        with_number(b"stsz", 8, 6),
        with_number(b"stts", 4, 2**32 - 1),
        with_number(b"stts", 4, 4),
        with_number(b"stts", 8, 0),
        with_number(b"mdhd", 20, 0),
        CLIP.replace(b"stts", b"sttt"),
        CLIP.replace(b"stsz", b"stsy"),
    ],
)
def test_lies_are_found_before_there_is_anything_of_that_length(data):
    with pytest.raises(MediaDecodeError, match="'clip' is cut off or damaged"):
        read(data, MediaLimits(max_frames=float("inf")))


def test_what_is_cut_off_is_an_error_or_a_picture_without_a_track():
    for end in range(16, len(CLIP) - 160, 7):
        cut = encoded(CLIP[:end], name="clip")
        try:
            assert read(cut.data).durations == (0,)
        except MediaDecodeError as error:
            assert error.source == "clip"  # noqa: PT017  # either will do
