import gc
from fractions import Fraction

import numpy as np
import pytest
from tests.media.clips import animate, film, grey, levels, seen, sound

from medialens.errors import MediaDecodeError, MediaLimitError
from medialens.media.limits import MediaLimits
from medialens.media.source import encoded
from medialens.media.videos.stills import iterate_small, iterate_stills

av = pytest.importorskip("av", reason="PyAV is not installed: pip install 'medialens[video]'")

KNOWN = levels(40)
FRAMES = [grey(level) for level in KNOWN]
LIMITS = MediaLimits()
CLIPS = {
    "mp4": film(FRAMES, keyframe_every=7),
    "webm": film(FRAMES, container="webm", codec="libvpx-vp9", deadline="realtime"),
    "late": film(FRAMES, container="matroska", times=[5000 + 100 * number for number in range(40)]),
    "gif": animate(FRAMES),
    "webp": animate(FRAMES, "WEBP"),
}


@pytest.fixture(params=CLIPS)
def clip(request):
    return encoded(CLIPS[request.param], name=request.param)


def test_frames_at_many_moments_in_one_pass(clip):
    moments = [Fraction(number, 20) for number in (0, 1, 1, 3, 25, 26, 40, 60, 79, 100)]

    stills = list(iterate_stills(clip, moments, LIMITS))

    assert seen(stills, KNOWN) == [0, 0, 0, 1, 12, 13, 20, 30, 39, 39]
    assert stills[0].shape == (48, 64, 3)
    assert list(iterate_stills(clip, [], LIMITS)) == []


def test_every_frame_made_small(clip):
    frames = list(iterate_small(clip, 16, LIMITS))

    assert [start for start, _ in frames] == pytest.approx([number / 10 for number in range(40)], abs=0.001)
    assert seen([pixels for _, pixels in frames], KNOWN) == list(range(40))
    assert {pixels.shape for _, pixels in frames} == {(12, 16, 3)}


def test_frames_of_a_variable_rate_have_their_own_times():
    times = [0, 40, 500, 520, 1700]
    clip = encoded(film(FRAMES[:5], times=times), name="film")
    assert [start for start, _ in iterate_small(clip, 64, LIMITS)] == [time / 1000 for time in times]


def test_small_frames_are_blue_first():
    red = np.zeros((48, 64, 3), np.uint8)
    red[:, :, 0] = 200
    for data in (film([red] * 3), animate([red, grey(3)])):
        _, pixels = next(iterate_small(encoded(data, name="clip"), 64, LIMITS))
        assert pixels[:, :, 2].mean() > 150
        assert pixels[:, :, 0].mean() < 60


def test_limits_count_for_each_look_alone():
    clip = encoded(CLIPS["mp4"], name="film")
    few = MediaLimits(max_frames=9, max_clip_pixels=9 * 48 * 64)
    moments = [Fraction(number, 10) for number in range(6, 40, 7)]  # each the last one before a keyframe

    assert len(list(iterate_stills(clip, moments, few))) == 5
    assert len(list(iterate_small(clip, 16, few))) == 40
    for limits in (MediaLimits(max_frame_pixels=100), MediaLimits(max_seconds=3)):
        with pytest.raises(MediaLimitError):
            list(iterate_small(clip, 16, limits))
        with pytest.raises(MediaLimitError):
            list(iterate_stills(clip, moments, limits))


def test_frames_are_let_go_at_once(clip):
    gc.collect()
    gc.disable()
    try:
        at_most = 0
        moments = [Fraction(number, 10) for number in range(40)]
        for _, _ in zip(iterate_stills(clip, moments, LIMITS), iterate_small(clip, 16, LIMITS), strict=True):
            at_most = max(at_most, sum(type(one) is av.VideoFrame for one in gc.get_objects()))
        assert at_most <= 16
    finally:
        gc.enable()


def test_what_has_no_frames():
    with pytest.raises(MediaDecodeError, match="only sound"):
        list(iterate_small(encoded(sound(), name="sound"), 16, LIMITS))
