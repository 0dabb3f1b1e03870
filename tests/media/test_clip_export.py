import os
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.media.clips import animate, film, grey, levels, seen, sound
from tests.programs import needs

from medialens.errors import InputError, MediaDecodeError, MediaError, MediaLimitError, MediaNotFoundError
from medialens.inputs import Video
from medialens.media.clip_export import export_clip
from medialens.media.limits import MediaLimits
from medialens.media.segment.clips import split_clips
from medialens.media.store import MediaStore

av = pytest.importorskip("av", reason="PyAV is not installed: pip install 'medialens[video]'")

KNOWN = levels(40)
FRAMES = [grey(level) for level in KNOWN]
VARIABLE = [0, 100, 200, 1000, 1100, 1500, 1550, 2000, 2900, 3000]  # milliseconds
FILMS = {
    "mp4": {"keyframe_every": 10},
    "mov": {"container": "mov", "keyframe_every": 10},
    "mkv": {"container": "matroska", "keyframe_every": 10},
    "webm": {"container": "webm", "codec": "libvpx-vp9", "keyframe_every": 10, "deadline": "realtime"},
}


def write(path: Path, **options) -> Path:
    path.write_bytes(film(FRAMES, **options))
    return path


def watch(path: Path):
    """Which of the known frames are shown, since when each in seconds, and how long it all lasts; without our code."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [(frame.pts * frame.time_base, frame.to_ndarray(format="rgb24")) for frame in container.decode(stream)]
        rotation = next(iter(av.open(str(path)).decode(video=0))).rotation
        return {
            "numbers": seen([pixels for _, pixels in frames], KNOWN),
            "times": [float(time) for time, _ in frames],
            "seconds": (container.duration or 0) / av.time_base,
            "rotation": rotation,
            "size": frames[0][1].shape[1::-1],
        }


@pytest.mark.parametrize("kind", FILMS)
def test_a_copy_begins_at_the_keyframe_before_and_says_so(tmp_path, kind):
    source = write(tmp_path / f"film.{kind}", **FILMS[kind])

    clip = export_clip(source, tmp_path / f"part.{kind}", start_seconds=1.55, end_seconds=2.75)

    assert (clip.path, clip.exact) == (tmp_path / f"part.{kind}", False)
    shown = watch(clip.path)
    n_more = round(clip.end_seconds * 10) - 28  # frames after the end that others before it need
    assert 0 <= n_more <= 4
    assert (clip.start_seconds, clip.end_seconds) == (1.0, pytest.approx(2.8 + n_more / 10, abs=0.002))
    assert shown["numbers"] == list(range(10, 28 + n_more))
    assert shown["times"] == pytest.approx([number / 10 for number in range(18 + n_more)], abs=0.002)
    seconds = clip.end_seconds - clip.start_seconds
    assert shown["seconds"] == pytest.approx(seconds, abs=0.11)  # webm and mkv do not say how long the last frame lasts


@pytest.mark.parametrize("kind", FILMS)
def test_an_exact_clip_is_what_was_asked_for(tmp_path, kind):
    source = write(tmp_path / f"film.{kind}", **FILMS[kind])

    clip = export_clip(source, tmp_path / f"part.{kind}", start_seconds=1.55, end_seconds=2.75, exact=True)

    assert (clip.start_seconds, clip.end_seconds, clip.exact) == (1.55, 2.75, True)
    shown = watch(clip.path)
    assert shown["numbers"] == list(range(15, 28))
    assert shown["times"] == pytest.approx([0.0, *(number / 10 + 0.05 for number in range(12))], abs=0.002)
    assert shown["seconds"] == pytest.approx(1.2, abs=0.06)


@pytest.mark.parametrize("exact", [False, True])
def test_frames_last_as_long_as_in_the_video(tmp_path, exact):
    source = tmp_path / "film.mp4"
    source.write_bytes(film(FRAMES[:10], times=VARIABLE, keyframe_every=4))  # keyframes at 0, 1.1 and 2.9

    clip = export_clip(source, tmp_path / "part.mp4", start_seconds=1.3, end_seconds=2.5, exact=exact)

    shown = watch(clip.path)
    assert shown["numbers"][:4] == [4, 5, 6, 7]
    first = 1.3 if exact else 1.1
    assert shown["times"] == pytest.approx([0, 1.5 - first, 1.55 - first, 2.0 - first], abs=0.001)
    assert clip.start_seconds == pytest.approx(first)
    assert clip.end_seconds == pytest.approx(2.5 if exact else 2.9)
    if exact:
        assert shown["seconds"] == pytest.approx(1.2, abs=0.002)


@pytest.mark.parametrize("exact", [False, True])
def test_a_video_whose_clock_does_not_begin_at_0(tmp_path, exact):
    times = [60_000 + 100 * number for number in range(40)]
    source = write(tmp_path / "film.mkv", container="matroska", times=times, keyframe_every=10)

    clip = export_clip(source, tmp_path / "part.mp4", start_seconds=2.0, end_seconds=2.5, exact=exact)

    assert clip.start_seconds == 2.0
    assert watch(clip.path)["numbers"] == list(range(20, round(clip.end_seconds * 10)))
    assert clip.end_seconds == pytest.approx(2.5, abs=0.002 if exact else 0.45)
    assert watch(clip.path)["times"][0] == 0


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_video_stays_turned_in_a_copy_and_is_upright_in_an_exact_clip(tmp_path, turn):
    pixels = grey(60, 48, 64)
    pixels[:24, :32] = 220  # the upper left corner
    source = tmp_path / "film.mp4"
    source.write_bytes(film([pixels] * 20, rotation=turn))
    copy, exact = (
        export_clip(source, tmp_path / f"{exact}.mp4", start_seconds=0.5, end_seconds=1, exact=exact)
        for exact in (False, True)
    )

    original, copied, coded = watch(source), watch(copy.path), watch(exact.path)

    assert copied["rotation"] == original["rotation"] != 0
    assert copied["size"] == (64, 48)
    assert coded["rotation"] == 0
    assert coded["size"] == ((64, 48) if turn == 180 else (48, 64))
    with av.open(str(exact.path)) as container:
        corner = next(container.decode(video=0)).to_ndarray(format="rgb24")
    expected = np.rot90(pixels, turn // 90)
    assert np.abs(corner.astype(int) - expected).mean() < 8


def test_odd_sides_are_cut_to_even_ones(tmp_path):
    source = tmp_path / "film.webm"
    source.write_bytes(
        film([grey(level, 47, 63) for level in KNOWN[:10]], container="webm", codec="libvpx-vp9", deadline="realtime")
    )
    clip = export_clip(source, tmp_path / "part.mp4", end_seconds=0.5, exact=True)
    assert watch(clip.path)["size"] == (62, 46)


def test_without_a_window_it_is_all_of_it(tmp_path):
    source = write(tmp_path / "film.mp4")
    for exact in (False, True):
        clip = export_clip(source, tmp_path / "part.mkv", exact=exact)
        assert (clip.start_seconds, clip.end_seconds) == (0.0, 4.0)
        assert watch(clip.path)["numbers"] == list(range(40))


def test_a_window_that_ends_after_the_video_ends_with_it(tmp_path):
    source = write(tmp_path / "film.mp4")
    clip = export_clip(source, tmp_path / "part.mp4", start_seconds=3.5, end_seconds=100, exact=True)
    assert (clip.start_seconds, clip.end_seconds) == (3.5, 4.0)
    assert watch(clip.path)["numbers"] == [35, 36, 37, 38, 39]


def with_clicks(path: Path, clicks: list[float], *, delay: float = 0.0, rate: int = 48_000) -> Path:
    """Four seconds of greys, and silence with loud clicks at those times; the sound begins `delay` later."""
    samples = np.zeros((2, 4 * rate), np.float32)
    for click in clicks:
        samples[:, round(click * rate) : round(click * rate) + rate // 100] = 0.9
    codecs = ("libvpx-vp9", "libopus") if path.suffix == ".webm" else ("libx264", "aac")
    with av.open(str(path), "w") as output:
        pictures = output.add_stream(codecs[0], rate=10)
        pictures.height, pictures.width, pictures.pix_fmt = 48, 64, "yuv420p"
        pictures.codec_context.gop_size = 10
        track = output.add_stream(codecs[1], rate=rate, layout="stereo")
        for at, pixels in enumerate(FRAMES):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = at, Fraction(1, 10)
            output.mux(pictures.encode(frame))
            low = at * rate // 10 - round(delay * rate)
            if low >= 0:
                piece = samples[:, at * rate // 10 : (at + 1) * rate // 10]
                heard = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece), format="fltp", layout="stereo")
                heard.sample_rate, heard.pts, heard.time_base = rate, at * rate // 10, Fraction(1, rate)
                output.mux(track.encode(heard))
        output.mux(pictures.encode())
        output.mux(track.encode())
    return path


def heard(path: Path) -> list[float]:
    """When clicks begin, by the file's own clock and without our code."""
    times: list[float] = []
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            values = np.abs(frame.to_ndarray())
            loud = np.flatnonzero((values if frame.format.is_planar else values.reshape(frame.samples, -1).T)[0] > 0.4)
            times += [float(frame.pts * frame.time_base) + float(at) / frame.sample_rate for at in loud]
    return [time for at, time in enumerate(times) if at == 0 or time - times[at - 1] > 0.1]


@pytest.mark.parametrize("kind", ["mp4", "mkv", "webm"])
@pytest.mark.parametrize("delay", [0.0, 0.5])
def test_pictures_and_sound_stay_together(tmp_path, kind, delay):
    source = with_clicks(tmp_path / f"film.{kind}", [0.8, 1.4, 1.9, 2.3, 3.2], delay=delay)
    original = heard(source)
    assert original == pytest.approx([0.8, 1.4, 1.9, 2.3, 3.2], abs=0.02)

    copy = export_clip(source, tmp_path / f"copy.{kind}", start_seconds=1.25, end_seconds=2.5)
    exact = export_clip(source, tmp_path / f"exact.{kind}", start_seconds=1.25, end_seconds=2.5, exact=True)

    assert copy.start_seconds == 1.0
    assert heard(copy.path) == pytest.approx([0.4, 0.9, 1.3], abs=0.02)
    assert heard(exact.path) == pytest.approx([0.15, 0.65, 1.05], abs=0.02)
    assert watch(exact.path)["seconds"] == pytest.approx(1.25, abs=0.06)


def test_sound_that_begins_within_the_part_begins_there(tmp_path):
    source = with_clicks(tmp_path / "film.mp4", [0.8, 1.4], delay=0.5)
    exact = export_clip(source, tmp_path / "exact.mp4", start_seconds=0.0, end_seconds=1.0, exact=True)
    assert heard(exact.path) == pytest.approx([0.8], abs=0.02)


@pytest.mark.parametrize(("source", "target"), [("mp4", "webm"), ("webm", "mp4"), ("webm", "mov"), ("mp4", "mkv")])
def test_an_exact_clip_goes_into_any_format(tmp_path, source, target):
    film_path = with_clicks(tmp_path / f"film.{source}", [1.4])
    clip = export_clip(film_path, tmp_path / f"part.{target}", start_seconds=1.0, end_seconds=2.0, exact=True)
    assert watch(clip.path)["numbers"] == list(range(10, 20))
    assert heard(clip.path) == pytest.approx([0.4], abs=0.02)


def test_a_copy_needs_a_format_that_takes_the_tracks(tmp_path):
    source = write(tmp_path / "film.mp4")
    with pytest.raises(MediaError, match=r"part\.webm' cannot be written as webm .* or export with exact=True"):
        export_clip(source, tmp_path / "part.webm")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4"]


def test_a_file_that_does_not_say_when_frames_are_shown_is_coded_anew(tmp_path):
    source = write(tmp_path / "film.avi", container="avi", codec="mpeg4", qmin="1", qmax="2")
    with pytest.raises(MediaDecodeError, match="export with exact=True"):
        export_clip(source, tmp_path / "part.mp4", start_seconds=1, end_seconds=2)
    clip = export_clip(source, tmp_path / "part.mp4", start_seconds=1, end_seconds=2, exact=True)
    assert watch(clip.path)["numbers"] == list(range(10, 20))


@pytest.mark.parametrize("file_format", ["GIF", "PNG", "WEBP"])
def test_animated_pictures_become_films(tmp_path, file_format):
    source = tmp_path / "animation"
    source.write_bytes(animate(FRAMES, file_format))

    clip = export_clip(source, tmp_path / "part.mp4", start_seconds=1.0, end_seconds=1.45)

    assert (clip.start_seconds, clip.end_seconds, clip.exact) == (1.0, 1.45, True)
    assert watch(clip.path)["numbers"] == [10, 11, 12, 13, 14]
    assert watch(clip.path)["seconds"] == pytest.approx(0.45, abs=0.002)


def test_frames_become_films(tmp_path):
    clip = export_clip(Video(np.stack(FRAMES), fps=20), tmp_path / "part.mp4", start_seconds=0.5, end_seconds=1.0)
    assert watch(clip.path)["numbers"] == list(range(10, 20))
    with pytest.raises(InputError, match="fps"):
        export_clip(Video(np.stack(FRAMES)), tmp_path / "part.mp4")


def test_what_was_found_is_exported(tmp_path):
    store = MediaStore("memory://exported")
    source = write(tmp_path / "film.mp4", keyframe_every=10)
    segment = split_clips(source, store=store, times=[(1.0, 2.0)], thumbnails=False)[0]

    clip = export_clip(segment.part, tmp_path / "part.mp4")

    assert clip.start_seconds == 1.0
    assert watch(clip.path)["numbers"] == list(range(10, round(clip.end_seconds * 10)))
    with pytest.raises(InputError, match="has a window of its own"):
        export_clip(segment.part, tmp_path / "part.mp4", start_seconds=1.0, end_seconds=1.5)


def test_bytes_and_parts_with_a_window_are_exported(tmp_path):
    video = Video(film(FRAMES, keyframe_every=10), start_seconds=1, end_seconds=2)
    assert watch(export_clip(video, tmp_path / "part.mp4").path)["numbers"] == list(range(10, 20))
    with pytest.raises(InputError, match="has a window of its own"):
        export_clip(video, tmp_path / "part.mp4", end_seconds=1.5)


@pytest.mark.parametrize("exact", [False, True])
def test_the_video_itself_is_never_overwritten(tmp_path, exact):
    source = write(tmp_path / "film.mp4")
    link = tmp_path / "link.mp4"
    link.symlink_to(source)
    animation = tmp_path / "animation.mp4"
    animation.write_bytes(animate(FRAMES))
    before = source.read_bytes(), animation.read_bytes()

    for video, target in ((source, source), (source, link), (link, source), (animation, animation)):
        with pytest.raises(InputError, match="never overwritten"):
            export_clip(video, target, end_seconds=1, exact=exact)

    assert (source.read_bytes(), animation.read_bytes()) == before
    store = MediaStore(tmp_path / "store")
    reference = store.register(source)
    with pytest.raises(InputError, match="never overwritten"):
        export_clip(Video(str(reference), store=store), source, exact=exact)


@pytest.mark.parametrize("exact", [False, True])
def test_the_new_file_appears_whole_or_not_at_all(tmp_path, exact, monkeypatch):
    source = write(tmp_path / "film.mp4")
    target = tmp_path / "part.mp4"
    target.write_bytes(b"what was there")
    replaced = []

    def refuse(self, path):
        replaced.append(path)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(MediaError, match="No space left"):
        export_clip(source, target, exact=exact)
    assert replaced == [target]
    assert target.read_bytes() == b"what was there"
    assert sorted(os.listdir(tmp_path)) == ["film.mp4", "part.mp4"]  # noqa: PTH208  # hidden files, too

    monkeypatch.undo()
    export_clip(source, target, exact=exact)
    assert watch(target)["numbers"] == list(range(40))


def test_a_damaged_video_leaves_nothing(tmp_path):
    source = write(tmp_path / "film.mkv", container="matroska")
    data = bytearray(source.read_bytes())
    data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
    source.write_bytes(data)
    target = tmp_path / "part.mp4"
    try:
        export_clip(source, target, exact=True)
    except MediaError:
        assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mkv"]
    else:
        assert watch(target)["numbers"][0] == 0


def test_arguments_are_checked(tmp_path):
    source = write(tmp_path / "film.mp4")
    with pytest.raises(InputError, match=r"named \.mp4, \.m4v, \.mov, \.mkv, \.webm"):
        export_clip(source, tmp_path / "part.gif")
    with pytest.raises(MediaError, match=r"lasts 4\.000 seconds"):
        export_clip(source, tmp_path / "part.mp4", start_seconds=4.0)
    with pytest.raises(InputError, match="is empty"):
        export_clip(source, tmp_path / "part.mp4", start_seconds=2.0, end_seconds=1.0)
    with pytest.raises(MediaNotFoundError):
        export_clip(tmp_path / "none.mp4", tmp_path / "part.mp4")
    with pytest.raises(MediaError, match="part"):
        export_clip(source, tmp_path / "no folder" / "part.mp4")
    with pytest.raises(MediaDecodeError, match="only sound"):
        export_clip(Video(sound()), tmp_path / "part.mp4")
    with pytest.raises(MediaLimitError):
        export_clip(source, tmp_path / "part.mp4", limits=MediaLimits(max_seconds=3))
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


def test_as_many_frames_are_exported_as_asked_for(tmp_path):
    source = write(tmp_path / "film.mp4")
    clip = export_clip(source, tmp_path / "part.mp4", exact=True, limits=MediaLimits(max_frames=5))
    assert len(watch(clip.path)["numbers"]) == 40


@pytest.mark.parametrize("exact", [False, True])
def test_ffmpeg_plays_what_is_written(tmp_path, exact):
    ffmpeg = needs("ffmpeg")
    source = tmp_path / "film.ts"
    arguments = "-y -v error -f lavfi -i testsrc2=size=160x120:rate=30000/1001:duration=6"
    arguments += " -f lavfi -i sine=frequency=440:duration=6 -c:v libx264 -g 30 -bf 2 -c:a aac"
    subprocess.run([ffmpeg, *arguments.split(), str(source)], check=True)

    clip = export_clip(source, tmp_path / "part.mp4", start_seconds=2.5, end_seconds=4.0, exact=exact)

    done = subprocess.run(
        [ffmpeg, "-v", "warning", "-i", str(clip.path), "-f", "null", "-"], check=True, capture_output=True, text=True
    )
    assert done.stderr == ""
    assert watch(clip.path)["seconds"] == pytest.approx(clip.end_seconds - clip.start_seconds, abs=0.06)
    assert clip.start_seconds == pytest.approx(2.5 if exact else 2.002, abs=0.001)
