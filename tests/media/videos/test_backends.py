import math
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from tests.media.clips import film, grey, levels, seen

from medialens.errors import InputError
from medialens.media.limits import MediaLimits
from medialens.media.moments import Window
from medialens.media.source import encoded
from medialens.media.videos import backends as video_backends
from medialens.media.videos.backends import VARIABLE, choose_backend, torchcodec_problem
from medialens.media.videos.video import load_video

KNOWN = levels(20)


@pytest.fixture
def problem(monkeypatch):
    """Sets what is wrong with torchcodec."""

    def set_problem(words):
        monkeypatch.setattr(video_backends, "torchcodec_problem", lambda: words)

    return set_problem


@pytest.fixture
def asked(monkeypatch):
    """Which of the two is asked for frames."""
    calls = []

    def torchcodec(*_):
        calls.append("torchcodec")

    def pyav(*_):
        calls.append("pyav")
        return [grey(1)], [0]

    monkeypatch.setattr(video_backends, "sample_by_torchcodec", torchcodec)
    monkeypatch.setattr(video_backends, "sample_container", pyav)
    return calls


def look(**limits):
    video_backends.sample_file(encoded(b"\x00\x00\x00\x18ftypisom", name="clip"), Window(), 1, MediaLimits(**limits))


def test_nothing_said_is_pyav(monkeypatch, problem, asked):
    monkeypatch.delenv(VARIABLE, raising=False)
    problem("")
    assert choose_backend().name == "pyav"
    assert "MEDIALENS_VIDEO_DECODER=torchcodec" in choose_backend().because
    problem("RuntimeError: no libavutil")
    assert "RuntimeError: no libavutil" in choose_backend().because
    look()
    assert asked == ["pyav"]


@pytest.mark.parametrize("said", ["", "auto"])
def test_torchcodec_when_it_works_and_the_limits_leave_nothing_to_keep(monkeypatch, problem, asked, said):
    monkeypatch.setenv(VARIABLE, said)
    problem("")
    for n_pixels in (math.inf, 2**28):
        look(max_frame_pixels=n_pixels)
        assert choose_backend(MediaLimits(max_frame_pixels=n_pixels)).name == "torchcodec"
    assert asked == ["torchcodec", "pyav"] * 2
    look(max_frame_pixels=2**28 - 1)
    problem("torchcodec is not installed")
    look(max_frame_pixels=math.inf)
    assert asked == ["torchcodec", "pyav"] * 2 + ["pyav"] * 2


def test_pyav_for_whatever_limits_when_it_is_said(monkeypatch, problem, asked):
    monkeypatch.setenv(VARIABLE, "pyav")
    problem("")
    look(max_frame_pixels=math.inf)
    assert asked == ["pyav"]


def test_ffmpeg_takes_no_larger_frames_than_that():
    """So nothing is lost where it is not told how large they may be."""
    av = pytest.importorskip("av", reason="PyAV is not installed: pip install 'medialens[video]'")
    context = av.CodecContext.create("rawvideo", "r")
    context.pix_fmt, context.width, context.height = "gray", 2**14, 2**14
    with pytest.raises(ValueError, match="Invalid argument"):
        context.decode(av.Packet(2**28))


@pytest.mark.skipif(bool(torchcodec_problem()), reason=f"torchcodec: {torchcodec_problem()}")
def test_a_trusted_file_goes_through_torchcodec_and_looks_the_same(monkeypatch):
    pytest.importorskip("av", reason="PyAV is not installed: pip install 'medialens[video]'")
    monkeypatch.delenv(VARIABLE, raising=False)
    clip = encoded(film([grey(level) for level in KNOWN]), name="clip")
    usual = load_video(clip, how=4)
    monkeypatch.setattr(video_backends, "sample_container", None)
    trusted = load_video(clip, how=4, limits=MediaLimits(max_frame_pixels=math.inf))
    assert trusted.times_seconds == usual.times_seconds
    np.testing.assert_array_equal(trusted.frames, usual.frames)


@pytest.mark.parametrize(("said", "expected"), [("pyav", ["pyav"]), (" PyAV ", ["pyav"]), ("auto", ["pyav"])])
def test_pyav_when_it_is_said(monkeypatch, problem, asked, said, expected):
    monkeypatch.setenv(VARIABLE, said)
    problem("")
    look()
    assert asked == expected


def test_torchcodec_when_it_is_said_and_pyav_for_what_it_leaves(monkeypatch, problem, asked):
    monkeypatch.setenv(VARIABLE, "torchcodec")
    problem("")
    look()
    assert choose_backend().name == "torchcodec"
    assert asked == ["torchcodec", "pyav"]


def test_torchcodec_when_it_does_not_work(monkeypatch, problem):
    monkeypatch.setenv(VARIABLE, "torchcodec")
    problem("torchcodec is not installed")
    with pytest.raises(InputError, match="torchcodec is not installed; unset it, and PyAV decodes"):
        look()


def test_another_word(monkeypatch):
    monkeypatch.setenv(VARIABLE, "opencv")
    with pytest.raises(InputError, match="expected one of auto, pyav, torchcodec"):
        look()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            RuntimeError("\nCould not load libtorchcodec. Likely causes:\n1. FFmpeg"),
            "RuntimeError: Could not load libtorc",
        ),
        (OSError("libcudart.so.13: cannot open shared object file"), "OSError: libcudart"),
        (ModuleNotFoundError("No module named 'torchcodec'", name="torchcodec"), "torchcodec is not installed"),
    ],
)
def test_what_is_wrong_with_torchcodec_in_one_line(monkeypatch, error, words):
    def fail(_):
        raise error

    torchcodec_problem.cache_clear()
    monkeypatch.setattr(video_backends, "importlib", SimpleNamespace(import_module=fail))
    try:
        assert torchcodec_problem().startswith(words)
        assert "\n" not in torchcodec_problem()
    finally:
        torchcodec_problem.cache_clear()


def test_torchcodec_is_not_imported_unless_it_is_asked_for(monkeypatch):
    pytest.importorskip("av", reason="PyAV is not installed: pip install 'medialens[video]'")
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setitem(sys.modules, "torchcodec", None)
    video = load_video(encoded(film([grey(level) for level in KNOWN]), name="clip"), how=2)
    assert seen(video.frames, KNOWN) == [5, 15]
