import dataclasses
import io
import sys
import uuid

import numpy as np
import pytest
from PIL import Image
from tests.media.clips import animate, film, grey, levels, seen, sound
from tests.media.encoding import encode
from tests.media.test_clip_export import with_clicks

from medialens.errors import (
    InputError,
    MediaChangedError,
    MediaDecodeError,
    MediaLimitError,
    MediaNotFoundError,
    MissingExtraError,
)
from medialens.inputs import Item
from medialens.media.decode import decode, resolve
from medialens.media.decoded import MediaNeeds
from medialens.media.limits import MediaLimits
from medialens.media.segment.clips import split_clips
from medialens.media.segment.scenes import SceneSettings
from medialens.media.segment.subtitles import TimedText
from medialens.media.store import MediaStore

pytest.importorskip("av", reason="PyAV is not installed: pip install 'medialens[video]'")

KNOWN = levels(40)
FRAMES = [grey(level) for level in KNOWN]
KINDS = {
    "mp4": film(FRAMES, keyframe_every=7),
    "webm": film(FRAMES, container="webm", codec="libvpx-vp9", deadline="realtime"),
    "late": film(FRAMES, container="matroska", times=[60_000 + 100 * number for number in range(40)]),
    "gif": animate(FRAMES),
    "png": animate(FRAMES, "PNG"),
    "webp": animate(FRAMES, "WEBP"),
}


@pytest.fixture
def store():
    return MediaStore(f"memory://{uuid.uuid4()}")


@pytest.fixture(params=KINDS)
def path(request, tmp_path):
    path = tmp_path / f"film.{request.param}"
    path.write_bytes(KINDS[request.param])
    return path


def windows(segments):
    return [(segment.reference.start_seconds, segment.reference.end_seconds) for segment in segments]


def look(segment, n_frames=4):
    """Which of the known frames a model is shown."""
    needs = MediaNeeds(modalities=("video",), n_frames=n_frames)
    (video,) = decode(resolve(Item(segment.part), MediaLimits()), needs, MediaLimits()).parts
    return seen(video.frames, KNOWN)


def test_windows_of_any_kind_of_clip(path, store):
    segments = split_clips(path, store=store, window_seconds=2, overlap_seconds=1)

    assert windows(segments) == [(0, 2), (1, 3), (2, 4)]
    second = segments[1]
    assert second.source == str(path)
    assert second.parent == store.register(path)
    assert second.reference == dataclasses.replace(second.parent, start_seconds=1.0, end_seconds=3.0)
    assert second.reference.modality == "video"
    assert (second.width, second.height, second.text) == (64, 48, "")
    assert second.fps == pytest.approx(10, rel=0.001)
    assert second.frame_times == (1.25, 1.75, 2.25, 2.75)
    assert look(second) == [12, 17, 22, 27]


def test_thumbnails_are_pictures_near_the_middle(path, store):
    segments = split_clips(path, store=store, window_seconds=2, overlap_seconds=1)

    for segment, middle in zip(segments, (10, 20, 30), strict=True):
        assert segment.thumbnail.mime_type == "image/jpeg"
        picture = Image.open(io.BytesIO(store.read(segment.thumbnail)))
        assert (picture.format, picture.size) == ("JPEG", (64, 48))
        (number,) = seen([np.asarray(picture)], KNOWN)
        assert abs(number - middle) <= 5  # the middle half


def test_thumbnails_can_be_left_out(path, store):
    (segment,) = split_clips(path, store=store, thumbnails=False)
    assert segment.thumbnail is None
    assert list(store.references()) == [segment.parent]


def test_without_a_keyframe_near_it_the_middle_itself_is_shown(tmp_path, store):
    path = tmp_path / "film.mp4"
    path.write_bytes(film(FRAMES, keyframe_every=100))
    (segment,) = split_clips(path, store=store)
    assert seen([np.asarray(Image.open(io.BytesIO(store.read(segment.thumbnail))))], KNOWN) == [20]


def test_thumbnails_have_320_pixels_at_most_and_are_upright(tmp_path, store):
    pixels = grey(60, 300, 480)
    pixels[:150, :240] = 220  # upper left
    path = tmp_path / "film.mp4"
    path.write_bytes(film([pixels] * 5, rotation=90))  # turned counterclockwise: lower left

    (segment,) = split_clips(path, store=store)

    thumbnail = np.asarray(Image.open(io.BytesIO(store.read(segment.thumbnail))))
    assert (segment.width, segment.height) == (300, 480)
    assert thumbnail.shape == (320, 200, 3)
    assert thumbnail[200:, :80].mean() > 180
    assert thumbnail[:140].mean() < 90


def test_clips_at_given_times(path, store):
    def cut(times):
        return windows(split_clips(path, store=store, times=times, thumbnails=False))

    assert cut([1.5, 3]) == [(0, 1.5), (1.5, 3), (3, 4)]
    assert cut([(2, 3.5), (0.25, 1), (3, 100)]) == [(2, 3.5), (0.25, 1), (3, 4)]
    assert cut(np.asarray([1.5])) == [(0, 1.5), (1.5, 4)]
    assert cut([]) == []


def test_thumbnails_of_given_times_are_each_of_its_own(path, store):
    segments = split_clips(path, store=store, times=[(3, 3.8), (0, 0.8), (1, 1.8)])
    shown = [np.asarray(Image.open(io.BytesIO(store.read(segment.thumbnail)))) for segment in segments]
    for number, middle in zip(seen(shown, KNOWN), (34, 4, 14), strict=True):
        assert abs(number - middle) <= 2


@pytest.mark.parametrize(
    "times", [[1, 1], [3, 2], [5], [-1], [(2, 2)], [(4, 5)], [(1, 2, 3)], ["1"], [(0, 1), 2], [float("nan")], [True]]
)
def test_times_that_make_no_clips(tmp_path, times):
    path = tmp_path / "film.gif"
    path.write_bytes(KINDS["gif"])
    with pytest.raises(InputError, match=r"times=.* and '.*film\.gif' lasts 4\.000 seconds; expected"):
        split_clips(path, store="memory://times", times=times)


def shots(*lengths):
    """Frames of shots that differ, with noise so that they are not flat."""
    chance = np.random.default_rng(0)
    for number, length in enumerate(lengths):
        base = grey((20, 130, 230, 75)[number % 4], 72, 128)
        for _ in range(length):
            yield np.clip(base + chance.integers(0, 8, (72, 128, 1)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("start", [0, 7000])
def test_scenes_are_cut_where_shots_begin(tmp_path, store, start):
    pytest.importorskip("scenedetect", reason="PySceneDetect is not installed: pip install 'medialens[scenes]'")
    path = tmp_path / "film.mkv"
    times = [start + number * 40 + (number % 3) * 10 for number in range(135)]  # no constant rate
    path.write_bytes(film(list(shots(60, 40, 35)), container="matroska", times=times))

    segments = split_clips(path, store=store, scenes=True)

    first, second = ((times[number] - start) / 1000 for number in (60, 100))
    assert windows(segments)[:2] == [(0, first), (first, second)]
    assert segments[2].reference.start_seconds == second
    assert len(segments) == 3
    capped = split_clips(path, store=store, scenes=SceneSettings(max_seconds=2), thumbnails=False)
    assert len(capped) == 4
    assert max(end - start for start, end in windows(capped)) <= 2


def test_scenes_of_an_animated_picture(tmp_path, store):
    pytest.importorskip("scenedetect", reason="PySceneDetect is not installed: pip install 'medialens[scenes]'")
    path = tmp_path / "film.png"
    path.write_bytes(animate(list(shots(20, 15)), "PNG", duration=100))
    assert windows(split_clips(path, store=store, scenes=True)) == [(0, 2), (2, 3.5)]


def test_scenes_need_the_extra(tmp_path, store, monkeypatch):
    path = tmp_path / "film.mp4"
    path.write_bytes(KINDS["mp4"])
    monkeypatch.setitem(sys.modules, "scenedetect", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'medialens\[scenes\]'"):
        split_clips(path, store=store, scenes=True)
    assert split_clips(path, store=store)


def test_what_is_said_is_the_text_of_clips(path, store):
    said = [TimedText(2.5, 3.5, "later"), TimedText(0.2, 0.8, "first"), TimedText(1.1, 1.9, "both")]

    segments = split_clips(path, store=store, window_seconds=2, overlap_seconds=1, transcript=said)

    assert [segment.text for segment in segments] == ["first both", "both later", "later"]


def test_subtitles_beside_the_video_are_read(path, store):
    subtitles = path.with_name("film.en.srt")
    subtitles.write_text("1\n00:00:01,000 --> 00:00:02,000\nHello there\n")

    for transcript in ("beside", subtitles, str(subtitles)):
        assert [clip.text for clip in split_clips(path, store=store, transcript=transcript)] == ["Hello there"]
    subtitles.write_text("1\n00:00:01,000 -> 00:00:02,000\nHello there\n")
    with pytest.raises(MediaDecodeError, match="line 2"):
        split_clips(path, store=store, transcript="beside")
    subtitles.unlink()
    with pytest.raises(MediaNotFoundError, match="no subtitles beside"):
        split_clips(path, store=store, transcript="beside")
    with pytest.raises(InputError, match="is not 'beside'"):
        split_clips(path, store=store, transcript=["Hello there"])


def test_speech_is_recognised(tmp_path, store):
    path = with_clicks(tmp_path / "film.mp4", [0.5, 2.5])

    def recogniser(samples):
        loud = np.flatnonzero(np.abs(samples) > 0.4) / 16_000
        return [TimedText(0.4, 0.7, f"from {loud[0]:.1f}"), TimedText(2.4, 2.7, f"to {loud[-1]:.1f}")]

    segments = split_clips(path, store=store, times=[2.0], transcript=recogniser)

    assert [segment.text for segment in segments] == ["from 0.5", "to 2.5"]


def test_where_there_is_no_sound_nothing_is_said(path, store):
    def recogniser(samples):
        raise AssertionError(samples)

    assert [clip.text for clip in split_clips(path, store=store, transcript=recogniser)] == [""]


def test_the_store_points_to_the_file_or_keeps_it(path, store, tmp_path):
    pointing = split_clips(path, store=store)[0]
    keeping = split_clips(path, store=tmp_path / "store", copy=True)[0]
    path.write_bytes(KINDS["gif"] if path.suffix != ".gif" else KINDS["png"])

    with pytest.raises(MediaChangedError):
        look(pointing)
    assert look(keeping, 1) == [20]


def test_bytes_are_put_into_the_store(store):
    (segment,) = split_clips(KINDS["mp4"], store=store)
    assert segment.source == ""
    assert look(segment) == [5, 15, 25, 35]


def test_one_clip_where_it_is_shorter_than_a_window(path, store):
    (segment,) = split_clips(path, store=store, n_frames=2)
    assert windows([segment]) == [(0, 4)]
    assert segment.frame_times == (1.0, 3.0)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (encode(grey(20)), "nothing moves"),
        (b"%PDF-1.7 ...", "nothing moves"),
        (b"just words", "nothing moves"),
        (sound(), "only sound"),
        (KINDS["mp4"][: len(KINDS["mp4"]) // 2], "film"),
    ],
)
def test_what_is_no_clip(tmp_path, store, data, message):
    path = tmp_path / "film.mp4"
    path.write_bytes(data)
    with pytest.raises(MediaDecodeError, match=message):
        split_clips(path, store=store)


def test_limits_and_arguments(tmp_path, store):
    path = tmp_path / "film.mp4"
    path.write_bytes(KINDS["mp4"])
    with pytest.raises(MediaLimitError, match="max_seconds"):
        split_clips(path, store=store, limits=MediaLimits(max_seconds=3))
    with pytest.raises(InputError, match="pass one of them"):
        split_clips(path, store=store, scenes=True, times=[1])
    with pytest.raises(InputError, match="leave nothing to go on by"):
        split_clips(path, store=store, window_seconds=1, overlap_seconds=1)
    with pytest.raises(MediaNotFoundError):
        split_clips(tmp_path / "none.mp4", store=store)
    with pytest.raises(MediaLimitError, match="max_frame_pixels"):
        split_clips(path, store=store, limits=MediaLimits(max_frame_pixels=100))
