"""Video files, made here by PyAV and read back."""

import struct
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.media.clips import film, grey, levels, seen, sound

from medialens.errors import MediaDecodeError, MediaError, MedialensError, MediaLimitError, MissingExtraError
from medialens.media.limits import MediaLimits
from medialens.media.moments import Window
from medialens.media.source import encoded
from medialens.media.videos.frame_reader import sample_container

pytest.importorskip("av", reason="PyAV is not installed: pip install 'medialens[video]'")

LIMITS = MediaLimits()
KNOWN = levels(40)
FRAMES = [grey(level) for level in KNOWN]
KINDS = {
    "mp4": {"container": "mp4", "codec": "libx264"},
    "mp4 with its index first": {"container": "mp4", "codec": "libx264", "movflags": "faststart"},
    "fragmented mp4": {"container": "mp4", "codec": "libx264", "movflags": "frag_keyframe+empty_moov"},
    "one keyframe only": {"container": "mp4", "codec": "libx264", "keyframe_every": 1000},
    "keyframes only": {"container": "mp4", "codec": "mjpeg", "pixel_format": "yuvj420p"},
    "mov": {"container": "mov", "codec": "mpeg4", "b": "4M"},
    "webm": {"container": "webm", "codec": "libvpx-vp9"},
    "mkv": {"container": "matroska", "codec": "libx264"},
    "avi": {"container": "avi", "codec": "mpeg4", "b": "4M"},
    "avi with frames that refer forwards": {"container": "avi", "codec": "libx264"},
    "MPEG-TS": {"container": "mpegts", "codec": "libx264"},
    "flv": {"container": "flv", "codec": "libx264"},
}


@pytest.fixture(scope="module", params=KINDS)
def clip(request):
    return film(FRAMES, **KINDS[request.param])


@pytest.fixture(scope="module")
def mp4():
    return film(FRAMES)


def look(data, n_frames=4, start=None, end=None, limits=LIMITS):
    return sample_container(encoded(data, name="clip"), Window.of(start, end), n_frames, limits)


# Which frames ------------------------------------------------------------------------------------------------------


def test_the_frames_on_show_at_the_middles_of_equal_parts(clip):
    frames, times = look(clip)

    assert seen(frames, KNOWN) == [5, 15, 25, 35]
    assert [round(float(time), 3) for time in times] == [0.5, 1.5, 2.5, 3.5]
    assert all(frame.shape == (48, 64, 3) and frame.dtype == np.uint8 for frame in frames)


def test_every_frame_of_a_clip(clip):
    frames, _ = look(clip, 40)

    assert seen(frames, KNOWN) == list(range(40))


@settings(deadline=None, max_examples=25)
@given(first=st.integers(0, 39), length=st.integers(1, 40), n_frames=st.integers(1, 9))
def test_windows(mp4, first, length, n_frames):
    last = min(40, first + length)

    frames, _ = look(mp4, n_frames, first / 10, (first + length) / 10)

    assert seen(frames, KNOWN) == [first + (2 * at + 1) * (last - first) // (2 * n_frames) for at in range(n_frames)]


def test_variable_frame_rate():
    """Frame 1 is shown for nine tenths of the time."""
    data = film(FRAMES[:4], times=[0, 50, 950, 970])

    frames, times = look(data, 5, 0.0, 0.95)

    assert seen(frames, KNOWN) == [1, 1, 1, 1, 1]
    assert {float(time) for time in times} == {0.05}
    assert frames[0] is frames[4]


def test_times_count_from_the_first_frame():
    data = film(FRAMES, times=[7000 + 100 * at for at in range(40)], container="matroska")

    frames, times = look(data, 2, 1.0, 2.0)

    assert seen(frames, KNOWN) == [12, 17]
    assert [round(float(time), 3) for time in times] == [1.2, 1.7]


def test_a_rate_that_is_no_whole_number():
    data = film(FRAMES, fps=Fraction(24000, 1001))

    assert seen(look(data, 40)[0], KNOWN) == list(range(40))


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [0, 90, 180, -90])
def test_a_clip_that_was_held_turned_is_upright(degrees, mirrored):
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:24, :32] = 255  # one corner is white
    data = film([picture] * 3, rotation=degrees, mirrored=mirrored)

    for frame in look(data)[0]:
        expected = np.rot90(picture, degrees // 90)  # counter-clockwise, as display matrices turn
        expected = np.fliplr(expected) if mirrored else expected
        assert frame.shape == expected.shape
        assert np.abs(frame.astype(int) - expected).mean() < 5


def test_colours_come_as_they_were():
    frames = [np.full((48, 64, 3), colour, np.uint8) for colour in ((200, 30, 40), (30, 190, 60), (20, 40, 210))]

    for frame, expected in zip(look(film(frames), 3)[0], frames, strict=True):
        assert np.abs(frame.mean(axis=(0, 1)) - expected[0, 0]).max() < 6


# What goes wrong ---------------------------------------------------------------------------------------------------


def test_sound_without_a_picture():
    with pytest.raises(MediaDecodeError, match="only sound"):
        look(sound())


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_an_mp4_that_is_cut_off(mp4, kept):
    with pytest.raises(MediaDecodeError, match="'clip'"):
        look(mp4[: int(len(mp4) * kept)])


@pytest.mark.parametrize("kept", [0.5, 0.8])
def test_an_mp4_with_its_index_first_that_is_cut_off(kept):
    noisy = [np.random.default_rng(at).integers(0, 256, (48, 64, 3), dtype=np.uint8) for at in range(20)]
    data = film(noisy, movflags="faststart")

    with pytest.raises(MediaDecodeError, match="cut off or damaged"):
        look(data[: int(len(data) * kept)])


def test_a_header_and_nothing_else():
    head = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2"

    for data in (head, head + b"\x00\x00\x00\x08mdat", head + bytes(1000)):
        with pytest.raises(MediaDecodeError):
            look(data)


def test_a_track_without_frames(mp4):
    """The tables of the samples are emptied; FFmpeg opens such a file without complaint."""
    data = bytearray(mp4)
    for table in (b"stsz", b"stts", b"stsc", b"stco", b"ctts", b"stss"):
        at = data.find(table)
        if at >= 0:
            struct.pack_into(">I", data, at + (12 if table == b"stsz" else 8), 0)

    with pytest.raises(MediaDecodeError):
        look(bytes(data))


def test_a_window_after_the_end(mp4):
    with pytest.raises(MediaError, match=r"lasts 4\.000 seconds, and its window begins at 9\.000"):
        look(mp4, 4, 9.0, 10.0)


def test_too_large_frames_are_refused_before_any_is_decoded(mp4, monkeypatch):
    monkeypatch.setattr("medialens.media.videos.frame_reader.FrameReader", None)

    with pytest.raises(MediaLimitError, match="max_frame_pixels"):
        look(mp4, limits=MediaLimits(max_frame_pixels=64 * 48 - 1))


@pytest.mark.parametrize(("limit", "value"), [("max_frames", 30), ("max_clip_pixels", 30 * 64 * 48)])
def test_too_much_decoding_is_refused(limit, value):
    data = film(FRAMES, keyframe_every=1000)

    with pytest.raises(MediaLimitError, match=limit):
        look(data, limits=MediaLimits(**{limit: value}))
    assert look(data, 1, 0.0, 1.0, MediaLimits(**{limit: value}))  # the beginning is near enough


def test_frames_that_are_not_needed_are_not_decoded():
    """With a keyframe every four frames, no more than those between keyframe and moment, and one after."""
    data = film(FRAMES, keyframe_every=4)

    assert look(data, 2, limits=MediaLimits(max_frames=12))


def test_without_the_extra(mp4, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "av", None)

    with pytest.raises(MissingExtraError, match=r"Decoding video/mp4 .*medialens\[video\]") as caught:
        look(mp4)
    assert caught.value.extra == "video"


def test_lists_of_other_files_are_not_followed(tmp_path):
    """FFmpeg opens what some formats name; none of them is ever tried."""
    (tmp_path / "secret.mp4").write_bytes(film(FRAMES))
    playlist = f"ffconcat version 1.0\nfile '{tmp_path / 'secret.mp4'}'\n".encode()

    for data in (playlist, b"\x00\x00\x00\x18ftypisom" + playlist, b"\x1a\x45\xdf\xa3webm" + playlist):
        file = encoded(data, name="clip")
        with pytest.raises(MediaDecodeError):
            sample_container(file, Window(), 4, LIMITS)


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_damaged_files_give_frames_or_an_error_of_ours(mp4, data):
    file = bytearray(mp4)
    for _ in range(data.draw(st.integers(1, 6))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    mutant = encoded(bytes(file), name="mutant")
    if mutant.mime_type != "video/mp4":
        return
    try:
        frames, times = sample_container(mutant, Window(), 4, LIMITS)
    except MedialensError:
        return
    assert len(frames) == len(times) == 4
