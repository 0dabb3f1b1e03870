"""Frames by torchcodec: where it decodes, they are PyAV's, down to the pixel."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.media.clips import film, levels

from medialens.errors import MediaDecodeError, MediaError, MediaLimitError
from medialens.media.frame_rate import FrameRate
from medialens.media.limits import MediaLimits
from medialens.media.moments import Window
from medialens.media.source import encoded, read_source
from medialens.media.videos import torchcodec_frames
from medialens.media.videos.backends import torchcodec_problem
from medialens.media.videos.frame_reader import sample_container
from medialens.media.videos.torchcodec_frames import sample_by_torchcodec

pytest.importorskip("av", reason="PyAV is not installed: pip install 'medialens[video]'")
pytestmark = pytest.mark.skipif(bool(torchcodec_problem()), reason=f"torchcodec: {torchcodec_problem()}")

LIMITS = MediaLimits()
RNG = np.random.default_rng(0)
# Coloured blocks that differ from frame to frame: flat greys would hide other ways to convert colours.
FRAMES = [RNG.integers(0, 256, (6, 8, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1) for _ in levels(40)]
SAME = {
    "mp4": {},
    "mp4 with one keyframe": {"keyframe_every": 1000},
    "23.976": {"fps": Fraction(24000, 1001)},
    "mov": {"container": "mov", "codec": "mpeg4", "b": "4M"},
    "webm": {"container": "webm", "codec": "libvpx-vp9", "deadline": "realtime"},
    "mkv": {"container": "matroska"},
    "late": {"container": "matroska", "times": [7000 + 100 * at for at in range(40)]},
    "colours in full": {"pixel_format": "yuv444p"},
}
LEFT_TO_PYAV = {
    "turned": {"rotation": 90},
    "mirrored": {"mirrored": True},
    "broadcast": {"container": "mpegts"},
    "avi": {"container": "avi", "codec": "mpeg4", "b": "4M"},
    "ten bits": {"pixel_format": "yuv420p10le"},
}


@pytest.fixture(scope="module", params=SAME)
def clip(request):
    return encoded(film(FRAMES, **SAME[request.param]), name="clip")


def assert_same(clip, window, n_frames):
    by_torchcodec = sample_by_torchcodec(clip, window, n_frames, LIMITS)
    frames, times = sample_container(clip, window, n_frames, LIMITS)
    assert by_torchcodec is not None
    assert by_torchcodec[1] == times
    assert all(np.array_equal(one, other) for one, other in zip(by_torchcodec[0], frames, strict=True))


def test_the_frames_of_a_rate(clip):
    assert_same(clip, Window(), FrameRate(fps=2))
    assert_same(clip, Window.of(1.0, 2.5), FrameRate(fps=5, max_frames=4))


@pytest.mark.parametrize("n_frames", [1, 8, 40])
def test_the_same_frames_and_times(clip, n_frames):
    assert_same(clip, Window(), n_frames)
    assert_same(clip, Window.of(1.0, 1.4), n_frames)


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(0, 160), length=st.integers(1, 100), n_frames=st.integers(1, 6))
def test_the_same_in_any_window(clip, start, length, n_frames):
    assert_same(clip, Window.of(start / 100, (start + length) / 100), n_frames)


def test_the_same_where_frames_last_differently_or_it_says_so():
    clip = encoded(film(FRAMES[:6], times=[0, 50, 950, 970, 1400, 1410], container="matroska"), name="clip")
    for n_frames in (1, 3, 10):
        sampled = sample_by_torchcodec(clip, Window(), n_frames, LIMITS)
        frames, times = sample_container(clip, Window(), n_frames, LIMITS)
        if sampled is not None:
            assert sampled[1] == times
            assert all(np.array_equal(one, other) for one, other in zip(sampled[0], frames, strict=True))


def test_from_a_file(tmp_path):
    (tmp_path / "clip.mp4").write_bytes(film(FRAMES))
    assert_same(read_source(tmp_path / "clip.mp4", LIMITS), Window(), 8)


@pytest.mark.parametrize("kind", LEFT_TO_PYAV)
def test_what_is_left_to_pyav(kind):
    assert (
        sample_by_torchcodec(encoded(film(FRAMES[:9], **LEFT_TO_PYAV[kind]), name="clip"), Window(), 2, LIMITS) is None
    )


def test_odd_sizes_are_left_to_pyav():
    frames = [frame[:47, :63] for frame in FRAMES[:9]]
    clip = encoded(film(frames, pixel_format="yuv444p"), name="clip")
    assert sample_by_torchcodec(clip, Window(), 2, LIMITS) is None


def test_another_frame_than_the_packets_tell_is_left_to_pyav(monkeypatch):
    class Wrong:
        def get_frame_played_at(self, _):
            return dataclasses.make_dataclass("Frame", ["data", "pts_seconds"])(__import__("torch").zeros(4, 4, 3), 1.5)

    monkeypatch.setattr(torchcodec_frames, "_open", lambda *_: Wrong())
    assert sample_by_torchcodec(encoded(film(FRAMES), name="clip"), Window(), 4, LIMITS) is None


def test_whatever_it_raises_is_left_to_pyav(monkeypatch):
    def fail(*_):
        raise RuntimeError

    monkeypatch.setattr(torchcodec_frames, "_open", fail)
    assert sample_by_torchcodec(encoded(film(FRAMES), name="clip"), Window(), 4, LIMITS) is None


@pytest.mark.parametrize(
    ("limit", "value"),
    [("max_frames", 10), ("max_seconds", 3.9), ("max_frame_pixels", 3000), ("max_clip_pixels", 40_000)],
)
def test_limits(limit, value):
    clip = encoded(film(FRAMES, keyframe_every=1000), name="clip")
    assert sample_by_torchcodec(clip, Window(), 4, LIMITS)
    with pytest.raises(MediaLimitError, match=limit):
        sample_by_torchcodec(clip, Window(), 4, dataclasses.replace(LIMITS, **{limit: value}))


def test_errors_are_those_of_pyav():
    clip = film(FRAMES)
    with pytest.raises(MediaDecodeError, match="'clip'"):
        sample_by_torchcodec(encoded(clip[: len(clip) // 2], name="clip"), Window(), 4, LIMITS)
    with pytest.raises(MediaError, match="lasts 4"):
        sample_by_torchcodec(encoded(clip, name="clip"), Window.of(5.0, None), 4, LIMITS)
