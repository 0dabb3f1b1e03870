import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.media.clips import ANIMATED, animate, bare_gif, film, grey, levels, seen, sound
from tests.media.encoding import encode, noise

from medialens.errors import MediaDecodeError, MediaError, MediaLimitError, MissingExtraError
from medialens.media.frame_rate import FrameRate
from medialens.media.limits import MediaLimits
from medialens.media.moments import Window, moments
from medialens.media.source import encoded
from medialens.media.videos.frames import load_frames
from medialens.media.videos.video import load_video

KNOWN = levels(40)
FRAMES = [grey(level) for level in KNOWN]
LIMITS = MediaLimits()


def look(source, n_frames=4, start=None, end=None, **limits):
    limits = dataclasses.replace(LIMITS, **limits)
    clip = encoded(source, name="clip") if isinstance(source, bytes) else load_frames(source, fps=10, limits=limits)
    return load_video(clip, how=n_frames, window=Window.of(start, end), limits=limits)


CLIPS = {
    **{name: animate(FRAMES, name) for name in ANIMATED},
    "array": np.stack(FRAMES),
    "pictures": [Image.fromarray(frame) for frame in FRAMES],
}


@pytest.fixture(params=[*CLIPS, "mp4"])
def clip(request):
    if request.param == "mp4":
        pytest.importorskip("av", reason="PyAV is not installed: pip install 'medialens[video]'")
        return film(FRAMES)
    return CLIPS[request.param]


@pytest.mark.parametrize("n_frames", [1, 2, 3, 4, 7, 40, 100])
def test_every_kind_of_clip_is_seen_in_the_same_frames(clip, n_frames):
    video = look(clip, n_frames)

    expected = [int(moment * 40 + 1e-9) for moment in moments(n_frames)]
    assert seen(video.frames, KNOWN) == expected
    assert video.times_seconds == pytest.approx([number / 10 for number in expected])


def test_every_kind_of_clip_has_windows(clip):
    assert seen(look(clip, 2, 1.0, 2.0).frames, KNOWN) == [12, 17]
    assert seen(look(clip, 2, 3.0, 100.0).frames, KNOWN) == [32, 37]
    assert seen(look(clip, 2, None, 1.0).frames, KNOWN) == [2, 7]
    with pytest.raises(MediaError, match=r"lasts 4\.000 seconds"):
        look(clip, 2, 4.0)


def test_every_kind_of_clip_is_seen_at_a_rate(clip):
    video = look(clip, FrameRate(fps=2, min_frames=4, max_frames=768))

    expected = np.linspace(0, 39, 8).round().astype(int).tolist()  # four seconds, two frames each
    assert seen(video.frames, KNOWN) == expected
    assert video.times_seconds == tuple(number / 10 for number in expected)
    windowed = look(clip, FrameRate(fps=2), 1.0, 3.0)
    assert seen(windowed.frames, KNOWN) == [10, 16, 23, 29]
    assert windowed.times_seconds == (1.0, 1.6, 2.3, 2.9)
    assert seen(look(clip, FrameRate(fps=None)).frames, KNOWN) == list(range(40))


def test_frames_without_a_rate_have_the_assumed_one():
    clip = load_frames(np.stack(FRAMES), fps=None, limits=LIMITS)
    video = load_video(clip, how=FrameRate(fps=2, assumed_fps=20))

    assert seen(video.frames, KNOWN) == [0, 13, 26, 39]
    assert video.times_seconds == (0, 13 / 20, 26 / 20, 39 / 20)


def test_an_animation_at_a_rate_tells_when_its_frames_begin():
    known = levels(3)
    data = animate([grey(level, 4, 4) for level in known], duration=[100, 4900, 1000])

    assert look(data, FrameRate(fps=None)).times_seconds == (0, 0.1, 5.0)


@settings(deadline=None, max_examples=30)
@given(
    durations=st.lists(st.integers(2, 100).map(lambda hundredths: hundredths * 10), min_size=2, max_size=12),
    n_frames=st.integers(1, 6),
)
def test_frames_of_an_animation_count_as_long_as_they_are_shown(durations, n_frames):
    known = levels(len(durations))
    data = animate([grey(level, 4, 4) for level in known], duration=durations)
    by_millisecond = [at for at, duration in enumerate(durations) for _ in range(2 * n_frames * duration)]

    video = look(data, n_frames)

    # The clip in steps of 1 / 2n milliseconds: so many of them are in half a part that middles are whole numbers.
    middles = [(2 * part + 1) * sum(durations) for part in range(n_frames)]
    assert seen(video.frames, known) == [by_millisecond[middle] for middle in middles]


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_still_picture_is_a_clip_of_one_frame(file_format):
    pixels = np.full((6, 8, 3), 130, np.uint8)

    video = look(encode(pixels, file_format))

    assert len(video.frames) == 4
    assert video.times_seconds == (0, 0, 0, 0)
    assert np.abs(video.frames[0].astype(int) - pixels).max() <= 1
    assert video.n_bytes == pixels.nbytes  # kept once
    assert look(encode(pixels, file_format), 1, 0.0, 5.0).times_seconds == (0,)


def test_the_digest_is_that_of_the_bytes():
    file = encoded(CLIPS["GIF"], name="clip")
    assert look(CLIPS["GIF"]).digest == file.digest
    assert load_video(file, how=1, digest="another").digest == "another"


def test_it_says_what_it_is():
    assert repr(look(CLIPS["GIF"])).startswith("DecodedVideo(4 frames of 64x48, digest=")


@pytest.mark.parametrize(
    "data", [b"%PDF-1.7", b"just words", b"\x00\x01\x02", b"fLaC" + bytes(100), b"#EXTM3U\nfile:///x"]
)
def test_what_is_no_clip(data):
    with pytest.raises(MediaDecodeError, match="is no clip that can be decoded: it holds"):
        look(data)


@pytest.mark.parametrize(
    "data", [b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\x10\x00\x00\x00WEBPVP8X", b"\xff\xd8\xff\xe0"]
)
def test_a_signature_and_nothing_else(data):
    with pytest.raises(MediaDecodeError, match="'clip'"):
        look(data)


def test_a_film_that_no_decoder_knows():
    data = film([grey(level) for level in levels(4)], container="matroska")
    with pytest.raises(MediaDecodeError, match=r"holds a track of video .* there is no decoder; convert it"):
        look(data.replace(b"V_MPEG4/ISO/AVC", b"V_MPEG4/ISO/XYZ"))


def test_a_heic_picture_is_not_taken_for_a_film():
    with pytest.raises(MediaDecodeError, match="image/heic"):
        look(b"\x00\x00\x00\x18ftypheic" + bytes(100))


def test_a_long_animation_within_the_limits():
    assert look(bare_gif(20_000), 2).times_seconds == (500.0, 1500.0)
    with pytest.raises(MediaLimitError, match="max_frames"):
        look(bare_gif(20_001), 2)


def test_a_huge_still_picture_is_no_frame():
    with pytest.raises(MediaLimitError, match="max_frame_pixels"):
        look(encode(noise(10, 10)), max_frame_pixels=99)


def test_films_need_the_extra_and_animations_do_not(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "av", None)

    for data in (b"\x00\x00\x00\x18ftypisom" + bytes(50), b"\x1a\x45\xdf\xa3" + b"webm" + bytes(50)):
        with pytest.raises(MissingExtraError, match=r"pip install 'medialens\[video\]'"):
            look(data)
    assert look(CLIPS["GIF"])


def test_sound_is_told_from_pictures():
    pytest.importorskip("av", reason="PyAV is not installed: pip install 'medialens[video]'")
    with pytest.raises(MediaDecodeError, match="only sound"):
        look(sound())
