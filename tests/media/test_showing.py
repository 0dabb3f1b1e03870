"""Pieces of media as small files of their own."""

import io
import math
import wave

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.media.clips import animate, film, grey

from medialens.errors import InputError, MediaDecodeError, MediaNotFoundError
from medialens.inputs import Audio, Image, Video
from medialens.media.access.sniff import sniff
from medialens.media.showing import _fit, bytes_as_they_are, play_sound, show_clip, show_frames, show_picture


def opened(shown):
    picture = PIL.Image.open(io.BytesIO(shown.data))
    assert (sniff(shown.data), picture.size) == (shown.mime_type, (shown.width, shown.height))
    return picture.convert("RGB")


def noise(width, height):
    return PIL.Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_a_small_file_of_a_common_kind_goes_as_it_is(tmp_path, name):
    noise(40, 30).save(tmp_path / name)
    shown = show_picture(Image(tmp_path / name), max_pixels=1200, max_side=40)
    assert shown.data == (tmp_path / name).read_bytes()
    assert opened(shown).size == (40, 30)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_a_file_that_is_cut_off_is_not_handed_on(tmp_path, name):
    noise(60, 40).save(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    assert show_picture(Image(tmp_path / name)).data == whole
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MediaDecodeError, match=rf"{name}.* cannot be decoded"):
        show_picture(Image(tmp_path / name))


def test_a_larger_one_keeps_its_shape_and_what_is_on_it(tmp_path):
    picture = PIL.Image.new("RGB", (400, 200), "red")
    picture.paste("blue", (200, 0, 400, 200))
    picture.save(tmp_path / "a.png")
    shown = show_picture(Image(tmp_path / "a.png"), max_pixels=5000)
    small = opened(shown)
    assert small.size == (100, 50)
    assert (small.getpixel((10, 25)), small.getpixel((90, 25))) == ((255, 0, 0), (0, 0, 255))


def test_what_a_camera_wrote_is_applied_and_stays_behind(tmp_path):
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter to the right
    exif.get_ifd(0x8825)[1] = "N"  # where it was taken
    picture = PIL.Image.new("RGB", (40, 20), "red")
    picture.paste("blue", (20, 0, 40, 20))
    picture.save(tmp_path / "a.jpg", exif=exif, quality=95)
    upright = opened(show_picture(Image(tmp_path / "a.jpg")))
    assert upright.size == (20, 40)
    assert not upright.getexif()
    assert np.abs(np.subtract(upright.getpixel((10, 10)), (255, 0, 0))).max() < 10
    assert np.abs(np.subtract(upright.getpixel((10, 30)), (0, 0, 255))).max() < 10


def test_a_box_is_cut_out(tmp_path):
    picture = PIL.Image.new("RGB", (40, 20), "red")
    picture.paste("blue", (20, 0, 40, 20))
    picture.save(tmp_path / "a.png")
    small = opened(show_picture(Image(tmp_path / "a.png", box=(20, 0, 20, 20))))
    assert (small.size, small.getcolors()) == ((20, 20), [(400, (0, 0, 255))])


@pytest.mark.parametrize("name", ["a.bmp", "a.tiff", "a.gif"])
def test_kinds_that_few_take_become_png_to_the_pixel(tmp_path, name):
    picture = noise(20, 10).quantize(16).convert("RGB")
    picture.save(tmp_path / name)
    shown = show_picture(Image(tmp_path / name))
    assert shown.mime_type == "image/png"
    with PIL.Image.open(tmp_path / name) as original:
        assert opened(shown).tobytes() == original.convert("RGB").tobytes()


def test_a_large_photograph_that_is_no_photograph_by_its_type_becomes_a_jpeg(tmp_path):
    noise(1000, 1000).save(tmp_path / "a.bmp")
    shown = show_picture(Image(tmp_path / "a.bmp"))
    assert shown.mime_type == "image/jpeg"
    assert opened(shown).size == (1000, 1000)


def test_frames_come_with_their_times_each_once(tmp_path):
    path = tmp_path / "a.gif"
    path.write_bytes(animate([grey(level) for level in (0, 100, 200)], duration=[1000, 1000, 2000]))
    shown = show_frames(Video(path), n_frames=4)
    assert [one.at_seconds for one in shown] == [0.0, 1.0, 2.0]
    for one, level in zip(shown, (0, 100, 200), strict=True):
        assert np.abs(np.array(opened(one)).astype(int) - level).max() < 4
    (late,) = show_frames(Video(path, start_seconds=2.5), n_frames=4)
    assert late.at_seconds == 2.0


def test_a_video_goes_as_it_is_and_a_window_of_it_as_a_file_of_its_own(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(film([grey(40)] * 10 + [grey(200)] * 10, fps=10))
    assert show_clip(Video(path)).data == path.read_bytes()
    assert bytes_as_they_are(Video(path)) == path.stat().st_size
    part = Video(path, start_seconds=1.0, end_seconds=1.5)
    assert bytes_as_they_are(part) == 0
    window = show_clip(part)
    assert (window.mime_type, sniff(window.data)) == ("video/mp4", "video/mp4")
    frames = show_frames(Video(window.data), n_frames=5)
    assert [one.at_seconds for one in frames] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4], abs=0.01)
    assert all(np.abs(np.array(opened(one)).astype(int) - 200).max() < 12 for one in frames)


def test_an_animated_picture_becomes_a_video(tmp_path):
    path = tmp_path / "a.gif"
    path.write_bytes(animate([grey(0), grey(200)], duration=1000))
    assert bytes_as_they_are(Video(path)) == 0
    assert sniff(show_clip(Video(path)).data) == "video/mp4"


def test_a_wave_file_goes_as_it_is_and_a_window_of_it_sample_by_sample(tmp_path):
    path = tmp_path / "a.wav"
    samples = np.random.default_rng(0).integers(-32768, 32768, 16_000).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples.tobytes())
    assert play_sound(Audio(path)).data == path.read_bytes()
    assert bytes_as_they_are(Audio(path)) == path.stat().st_size
    part = Audio(path, start_seconds=0.25, end_seconds=0.5)
    assert bytes_as_they_are(part) == 0
    with wave.open(io.BytesIO(play_sound(part).data)) as heard:
        assert (heard.getnchannels(), heard.getsampwidth(), heard.getframerate()) == (1, 2, 16_000)
        assert heard.readframes(heard.getnframes()) == samples[4000:8000].tobytes()


@given(st.integers(1, 5000), st.integers(1, 5000), st.none() | st.integers(1, 10**7), st.none() | st.integers(1, 4000))
def test_sizes_keep_to_the_maxima_and_to_the_shape_and_are_as_large_as_that_allows(width, height, max_pixels, max_side):
    wide, high = _fit(width, height, max_pixels, max_side)
    assert 1 <= wide <= width
    assert 1 <= high <= height
    assert max_pixels is None or wide * high <= max_pixels
    assert max_side is None or max(wide, high) <= max_side
    scale = min(1, math.sqrt((max_pixels or 10**9) / (width * height)), (max_side or 10**9) / max(width, height))
    if min(width, height) * scale >= 1:
        assert abs(wide - width * scale) <= 1
        assert abs(high - height * scale) <= 1


def test_what_cannot_be_shown_says_why(tmp_path):
    (tmp_path / "a.txt").write_text("no picture")
    with pytest.raises(MediaDecodeError, match="no picture that can be decoded"):
        show_picture(Image(tmp_path / "a.txt"))
    with pytest.raises(MediaNotFoundError):
        show_picture(Image(tmp_path / "absent.png"))
    for wrong in ({"max_pixels": 0}, {"max_side": 0}):
        with pytest.raises(InputError, match="at least 1"):
            show_picture(Image(tmp_path / "a.txt"), **wrong)
    with pytest.raises(InputError, match="n_frames=0"):
        show_frames(Video(tmp_path / "a.txt"), n_frames=0)
