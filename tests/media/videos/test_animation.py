import io
import struct
import zlib
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence
from tests.media.clips import ANIMATED, animate, bare_gif, grey, levels
from tests.media.encoding import encode, exif, noise

from medialens.errors import MediaDecodeError, MedialensError, MediaLimitError
from medialens.media.limits import MediaLimits
from medialens.media.source import encoded
from medialens.media.videos.animation import load_animation, read_animation

LIMITS = MediaLimits()
EVERY = pytest.mark.parametrize("file_format", ANIMATED)


def read(data, limits=LIMITS):
    return read_animation(encoded(data, name="clip"), limits)


def load(data, numbers, limits=LIMITS):
    file = encoded(data, name="clip")
    return load_animation(file, read_animation(file, limits), numbers, limits)


# What the file says ------------------------------------------------------------------------------------------------


@EVERY
@settings(deadline=None, max_examples=20)
@given(durations=st.lists(st.integers(2, 300).map(lambda hundredths: hundredths * 10), min_size=2, max_size=9))
def test_durations_are_those_that_were_saved(file_format, durations):
    animation = read(animate([grey(level, 4, 4) for level in levels(len(durations))], file_format, duration=durations))

    assert animation.durations == tuple(Fraction(one, 1000) for one in durations)
    assert animation.duration == Fraction(sum(durations), 1000)
    assert animation.starts == tuple(Fraction(sum(durations[:at]), 1000) for at in range(len(durations)))


@EVERY
def test_hasty_frames_last_a_tenth_of_a_second_as_in_browsers(file_format):
    animation = read(animate([grey(level, 4, 4) for level in levels(3)], file_format, duration=[0, 10, 20]))

    assert animation.durations == (Fraction(1, 10), Fraction(1, 10), Fraction(1, 50))


@pytest.mark.parametrize("file_format", ["PNG", "GIF", "WEBP", "JPEG", "BMP", "TIFF", "AVIF"])
def test_a_still_picture_is_one_frame_without_length(file_format):
    animation = read(encode(noise(5, 6), file_format))

    assert animation.durations == (0,)


def test_a_png_may_have_a_picture_before_its_animation():
    shown, frames = grey(0, 4, 4), [grey(level, 4, 4) for level in (100, 150, 200)]
    data = animate([shown, *frames], "PNG", default_image=True, duration=100)

    assert len(read(data).durations) == 3
    assert [frame.mean() for frame in load(data, [0, 1, 2])] == [100, 150, 200]


# What is seen ------------------------------------------------------------------------------------------------------


@EVERY
def test_frames_are_those_that_were_saved(file_format):
    rng = np.random.default_rng(0)
    palette = rng.integers(0, 256, (40, 3), dtype=np.uint8)  # few enough colours for every format
    frames = [palette[rng.integers(0, 40, (9, 7))] for _ in range(6)]
    data = animate(frames, file_format)

    assert all(map(np.array_equal, load(data, range(6)), frames))
    assert all(map(np.array_equal, load(data, [1, 4, 4]), [frames[1], frames[4], frames[4]]))


def test_a_frame_that_is_wanted_twice_is_decoded_once():
    first, second = load(animate([grey(1), grey(2)]), [1, 1])

    assert first is second


@EVERY
def test_small_changes_are_composed_as_pillow_composes_them(file_format):
    """A dot that moves over a ground: encoders save the changed rectangle only."""
    frames = [grey(200, 20, 30) for _ in range(5)]
    for at, frame in enumerate(frames):
        frame[4:8, 5 * at : 5 * at + 4] = (250, 0, 0)
    data = animate(frames, file_format)
    by_pillow = [np.asarray(one.convert("RGB")) for one in ImageSequence.Iterator(Image.open(io.BytesIO(data)))]

    assert all(map(np.array_equal, load(data, range(5)), by_pillow))
    assert np.array_equal(load(data, [3])[0], frames[3])


@EVERY
def test_transparency_lies_on_white(file_format):
    frames = [np.zeros((6, 6, 4), np.uint8) for _ in range(3)]
    for at, frame in enumerate(frames):
        frame[at : at + 2, :3] = (0, 0, 0, 255)
    pictures = [Image.fromarray(frame) for frame in frames]
    file = io.BytesIO()
    pictures[0].save(file, file_format, save_all=True, append_images=pictures[1:], disposal=2, duration=50)

    for at, frame in enumerate(load(file.getvalue(), range(3))):
        expected = np.full((6, 6, 3), 255, np.uint8)
        expected[at : at + 2, :3] = 0
        assert np.array_equal(frame, expected)


def test_frames_are_turned_upright():
    frames = [noise(4, 6, seed=seed) for seed in range(3)]
    data = animate(frames, "WEBP", exif=exif(6))  # held so that the first row is on the right

    assert all(map(np.array_equal, load(data, range(3)), [np.rot90(frame, -1) for frame in frames]))


# What goes wrong ---------------------------------------------------------------------------------------------------


@EVERY
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_a_file_that_is_cut_off_is_an_error(file_format, kept):
    data = animate([noise(20, 20, seed=seed) for seed in range(5)], file_format)

    with pytest.raises(MediaDecodeError, match="'clip'"):
        load(data[: int(len(data) * kept)], range(5))


@EVERY
def test_too_many_frames_are_refused_before_any_is_decoded(file_format, monkeypatch):
    data = animate([grey(level, 4, 4) for level in levels(9)], file_format)
    monkeypatch.setattr("medialens.media.videos.animation.pixels_of", None)

    with pytest.raises(MediaLimitError, match="max_frames") as caught:
        read(data, MediaLimits(max_frames=8))
    assert caught.value.maximum == 8


def test_an_endless_gif_costs_no_more_than_its_limit():
    with pytest.raises(MediaLimitError) as caught:
        read(bare_gif(100_000))
    assert caught.value.value == LIMITS.max_frames + 1


def test_a_png_that_announces_more_frames_than_it_has():
    data = animate([grey(level, 4, 4) for level in levels(3)], "PNG")
    at = data.index(b"acTL")
    for announced, error in ((100, MediaDecodeError), (2**31, MediaLimitError)):
        block = b"acTL" + struct.pack(">II", announced, 0)
        with pytest.raises(error):
            read(data[:at] + block + struct.pack(">I", zlib.crc32(block)) + data[at + 16 :])


def test_a_huge_canvas_is_refused_before_it_is_painted():
    with pytest.raises(MediaLimitError, match="max_frame_pixels"):
        load(bare_gif(2, (65535, 65535)), [0])


@EVERY
def test_too_large_frames_are_refused_before_pillow_opens_the_file(file_format, monkeypatch):
    data = animate([grey(level, 20, 30) for level in levels(3)], file_format)
    assert read(data).size == (30, 20)
    monkeypatch.setattr("medialens.media.videos.animation.reading", None)

    with pytest.raises(MediaLimitError, match="max_frame_pixels"):
        load(data, [0], MediaLimits(max_frame_pixels=599))


def test_a_canvas_that_grows_on_the_way_is_refused_as_well():
    """A later frame of a GIF may lie beyond its screen, which decoders then enlarge."""
    with pytest.raises(MediaLimitError, match="max_frame_pixels"):
        load(bare_gif(2, (1, 1), place=(60000, 1000)), [0])


def test_many_frames_of_a_fair_size_are_too_much_together():
    data = bare_gif(300, (3000, 3000))

    with pytest.raises(MediaLimitError, match="max_clip_pixels"):
        load(data, [299], MediaLimits(max_clip_pixels=10**9))
    assert load(data, [1], MediaLimits(max_clip_pixels=10**9))[0].shape == (3000, 3000, 3)


@EVERY
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_damaged_files_give_frames_or_an_error_of_ours(file_format, data):
    file = bytearray(animate([noise(8, 8, seed=seed) for seed in range(4)], file_format))
    for _ in range(data.draw(st.integers(1, 4))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    try:
        frames = load(bytes(file), [0, 1])
    except MedialensError:
        return
    assert all(frame.dtype == np.uint8 and frame.shape[2] == 3 for frame in frames)
