import dataclasses
from fractions import Fraction

import pytest
from tests.media.clips import film, grey, levels

from medialens.errors import MediaLimitError
from medialens.media.limits import MediaLimits
from medialens.media.source import encoded
from medialens.media.videos import timeline as module
from medialens.media.videos.containers import open_video
from medialens.media.videos.timeline import timeline_of

pytest.importorskip("av", reason="PyAV is not installed: pip install 'medialens[video]'")

FRAMES = [grey(level) for level in levels(40)]
LIMITS = MediaLimits()


def look(data, limits=LIMITS):
    video = encoded(data, name="clip")
    with open_video(video, limits) as (container, stream):
        return timeline_of(container, stream, video, limits)


def seconds(times, timeline):
    return [round(float((time - timeline.start) * timeline.unit), 3) for time in times]


@pytest.mark.parametrize("container", ["mp4", "matroska", "mpegts", "flv", "avi"])
def test_what_the_packets_tell(container):
    timeline = look(film(FRAMES, container=container, keyframe_every=10))

    assert seconds(timeline.starts, timeline) == [number / 10 for number in range(40)]
    assert timeline.n_frames == 40
    assert seconds(timeline.keyframes, timeline) == [0, 1, 2, 3]
    assert float(timeline.duration) == pytest.approx(4, abs=0.002)  # flv counts milliseconds
    assert len(timeline.positions) == (4 if container == "mpegts" else 0)


def test_a_rate_that_is_no_whole_number():
    timeline = look(film(FRAMES, fps=Fraction(24000, 1001)))
    assert timeline.duration == 40 * Fraction(1001, 24000)


def test_frames_of_different_lengths():
    timeline = look(film(FRAMES[:4], times=[0, 50, 950, 970], container="matroska"))
    assert seconds(timeline.starts, timeline) == [0, 0.05, 0.95, 0.97]


def test_it_is_looked_through_once(monkeypatch):
    calls = []
    really = module._look_through
    monkeypatch.setattr(module, "_look_through", lambda *args: calls.append(1) or really(*args))
    data = film(FRAMES[:7])

    assert look(data) is look(data)
    assert len(calls) == 1


@pytest.mark.parametrize("known", [False, True])
def test_a_film_that_is_too_long(known):
    data = film(FRAMES, fps=11 if known else 9)  # files of their own, so that one is not known yet
    if known:
        look(data)
    with pytest.raises(MediaLimitError, match="max_seconds") as caught:
        look(data, dataclasses.replace(LIMITS, max_seconds=2.0))
    assert caught.value.maximum == 2.0
    assert look(data).n_frames == 40  # the refusal is not remembered


def test_a_file_of_endlessly_many_packets(monkeypatch):
    monkeypatch.setattr(module, "_MAX_PACKETS", 30)
    with pytest.raises(MediaLimitError, match="more than 30 frames"):
        look(film(FRAMES, fps=12))
