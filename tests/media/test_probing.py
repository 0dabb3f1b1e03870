import dataclasses
from fractions import Fraction

import pytest
from tests.media.clips import animate, film, grey, levels, sound
from tests.programs import needs

from medialens.errors import MediaDecodeError, MediaLimitError
from medialens.media.limits import MediaLimits
from medialens.media.probing import VideoFacts, probe_video
from medialens.media.source import encoded

pytest.importorskip("av", reason="PyAV is not installed: pip install 'medialens[video]'")

FRAMES = [grey(level) for level in levels(40)]


def look(data, **limits):
    return probe_video(encoded(data, name="clip"), dataclasses.replace(MediaLimits(), **limits))


def test_the_facts_of_a_film():
    assert look(film(FRAMES, keyframe_every=10)) == VideoFacts(
        duration_seconds=4.0,
        width=64,
        height=48,
        fps=10.0,
        n_frames=40,
        start_seconds=0.0,
        keyframe_times=(0.0, 1.0, 2.0, 3.0),
        has_audio=False,
    )


def test_size_is_that_of_the_upright_picture():
    facts = look(film(FRAMES[:3], rotation=90))
    assert (facts.width, facts.height) == (48, 64)


def test_times_count_from_the_first_frame():
    facts = look(film(FRAMES, times=[7000 + 100 * at for at in range(40)], container="matroska"))
    assert facts.start_seconds == pytest.approx(7)
    assert facts.keyframe_times[0] == 0
    assert facts.duration_seconds == pytest.approx(4, abs=0.01)


def test_the_rate_of_the_cinema():
    facts = look(film(FRAMES, fps=Fraction(24000, 1001)))
    assert facts.fps == pytest.approx(24000 / 1001)


def test_sound_beside_the_pictures(tmp_path):
    import subprocess

    ffmpeg = needs("ffmpeg")
    (tmp_path / "silent.mp4").write_bytes(film(FRAMES))
    tones = ("-f", "lavfi", "-i", "sine=d=4", "-c:v", "copy", "-c:a", "aac")
    target = tmp_path / "loud.mp4"
    command = [ffmpeg, "-v", "error", "-i", tmp_path / "silent.mp4", *tones, target]
    subprocess.run(command, check=True)
    assert look(target.read_bytes()).has_audio


def test_what_has_no_facts():
    for data in (b"words", sound(), animate(FRAMES), film(FRAMES)[:1000]):
        with pytest.raises(MediaDecodeError, match="'clip'"):
            look(data)
    for limit, value in (("max_seconds", 3.0), ("max_frame_pixels", 100)):
        with pytest.raises(MediaLimitError, match=limit):
            look(film(FRAMES), **{limit: value})
