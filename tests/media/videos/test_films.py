"""Videos as they are found in the world, made by ffmpeg, and held to ffmpeg's own decoding of them."""

import dataclasses
import random
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.programs import needs

from medialens.errors import MediaDecodeError, MedialensError
from medialens.media.limits import MediaLimits
from medialens.media.moments import Window
from medialens.media.probing import probe_video
from medialens.media.source import encoded, read_source
from medialens.media.videos.containers import open_video
from medialens.media.videos.frame_reader import FrameReader, rgb, sample_container
from medialens.media.videos.timeline import timeline_of

pytest.importorskip("av", reason="PyAV is not installed: pip install 'medialens[video]'")

LIMITS = MediaLimits()
X264 = ("-c:v", "libx264", "-g", "20", "-bf", "3")
MOVING = ("-f", "lavfi", "-i", "testsrc2=size=160x96:rate=30:duration=2")
SOUND = ("-f", "lavfi", "-i", "sine=duration=2")


@dataclasses.dataclass(frozen=True)
class Made:
    """How ffmpeg makes a file: options of the first run and, where there is one, of a second one that copies."""

    name: str
    how: tuple[str, ...]
    then: tuple[str, ...] = ()
    source: tuple[str, ...] = MOVING


FILMS = {
    "H.264 with sound": Made("a.mp4", (*X264, "-c:a", "aac"), source=(*MOVING, *SOUND)),
    "sound before pictures": Made("a.mkv", (*X264, "-map", "1", "-map", "0"), source=(*MOVING, *SOUND)),
    "23.976": Made("a.mp4", X264, source=("-f", "lavfi", "-i", "testsrc2=size=160x96:rate=24000/1001:duration=2")),
    "variable rate": Made("a.mp4", (*X264, "-vf", "select='not(mod(n,7))+gt(n,40)'", "-vsync", "vfr")),
    "variable rate, mkv": Made("a.mkv", (*X264, "-vf", "select='not(mod(n,7))+gt(n,40)'", "-vsync", "vfr")),
    "VP9": Made("a.webm", ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "20")),
    "phone, a quarter": Made("a.mp4", X264, then=("-metadata:s:v", "rotate=90")),
    "phone, upside down": Made("a.mov", X264, then=("-metadata:s:v", "rotate=180")),
    "phone, three quarters": Made("a.mp4", X264, then=("-metadata:s:v", "rotate=270")),
    "cut by an edit list": Made("a.mp4", X264, then=("-ss", "1.1")),
    "open groups": Made("a.mp4", ("-c:v", "libx264", "-x264-params", "open-gop=1:keyint=20:bframes=3")),
    "fragmented": Made("a.mp4", (*X264, "-movflags", "frag_keyframe+empty_moov")),
    "without duration or index": Made("a.mkv", (*X264, "-live", "1")),
    "late": Made("a.mkv", X264, then=("-output_ts_offset", "4321")),
    "AVI, H.264": Made("a.avi", X264),
    "AVI, MPEG-4": Made("a.avi", ("-c:v", "mpeg4", "-q", "3", "-g", "20", "-bf", "2")),
    "AVI, open groups": Made("a.avi", ("-c:v", "libx264", "-x264-params", "open-gop=1:keyint=20:bframes=3")),
    "AVI, pictures": Made("a.avi", ("-c:v", "mjpeg", "-q", "3")),
    "broadcast": Made("a.ts", ("-c:v", "mpeg2video", "-q", "3", "-g", "20", "-bf", "2")),
    "broadcast, H.264": Made("a.ts", (*X264, "-c:a", "aac"), source=(*MOVING, *SOUND)),
    "broadcast, open groups": Made("a.ts", ("-c:v", "libx264", "-x264-params", "open-gop=1:keyint=20:bframes=3")),
    "broadcast, its clock wraps": Made("a.ts", X264, then=("-output_ts_offset", "95442")),
    "camcorder": Made("a.m2ts", X264, then=("-f", "mpegts", "-mpegts_m2ts_mode", "1")),
    "flv": Made("a.flv", X264),
    "flv, Sorenson": Made("a.flv", ("-c:v", "flv1", "-q", "3", "-g", "20")),
    "odd size": Made("a.mp4", (*X264, "-vf", "scale=161:97", "-pix_fmt", "yuv444p")),
    "ten bits": Made("a.mp4", (*X264, "-pix_fmt", "yuv420p10le")),
    "BT.709": Made("a.mp4", (*X264, "-vf", "scale=out_color_matrix=bt709,format=yuv420p", "-colorspace", "bt709")),
    "full range": Made("a.mp4", (*X264, "-vf", "scale=out_range=full,format=yuv420p", "-color_range", "pc")),
}


def make(made: Made, folder: Path) -> Path:
    """The file."""
    ffmpeg = needs("ffmpeg")
    (folder / "first").mkdir()
    first, second = folder / "first" / made.name, folder / made.name
    exact = ("-fflags", "+bitexact", "-v", "error", "-y")
    subprocess.run([ffmpeg, *exact, *made.source, "-preset", "ultrafast", *made.how, first], check=True)
    if not made.then:
        return first
    seek = made.then if made.then[0] == "-ss" else ()
    rest = () if seek else made.then
    subprocess.run([ffmpeg, *exact, *seek, "-i", first, "-c", "copy", *rest, second], check=True)
    return second


def decode(path: Path, width: int, height: int) -> tuple[np.ndarray, list[Fraction]]:
    """All frames by ffmpeg, and when each begins, counted from the first one."""
    command = [needs("ffmpeg"), "-v", "error", "-i", path, "-map", "0:v:0", "-vsync", "passthrough"]
    raw = subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], check=True, capture_output=True)
    told = subprocess.run([*command, "-f", "framecrc", "-"], check=True, capture_output=True, text=True).stdout
    unit = next(Fraction(line.split()[-1]) for line in told.splitlines() if line.startswith("#tb"))
    times = [int(line.split(",")[2]) * unit for line in told.splitlines() if not line.startswith("#")]
    frames = np.frombuffer(raw.stdout, np.uint8).reshape(-1, height, width, 3)
    return frames, [time - times[0] for time in times]


def which(pixels: np.ndarray, frames: np.ndarray) -> int:
    """The number of the frame that is most like it, and it must be much like it."""
    distances = np.abs(frames[:, ::2, ::2].astype(np.int16) - pixels[::2, ::2]).mean(axis=(1, 2, 3))
    assert distances.min() < 8
    return int(distances.argmin())


@pytest.fixture(scope="module", params=FILMS)
def film(request, tmp_path_factory):
    path = make(FILMS[request.param], tmp_path_factory.mktemp("film"))
    facts = probe_video(read_source(path, LIMITS))
    frames, times = decode(path, facts.width, facts.height)
    return path, facts, frames, times


def test_every_frame_is_the_one_that_ffmpeg_shows(film):
    path, facts, frames, times = film
    video = read_source(path, LIMITS)

    with open_video(video, LIMITS) as (container, stream):
        timeline = timeline_of(container, stream, video, LIMITS)
        reader = FrameReader(container, stream, timeline, video, LIMITS)
        found, begins = [], []
        for time in times:
            shown = reader.frame_at(timeline.start + (time + Fraction(1, 500)) / timeline.unit)
            found.append(which(rgb(shown.frame, "film", LIMITS), frames))
            begins.append(float((shown.start - timeline.start) * timeline.unit))

    assert found == list(range(len(frames)))
    assert begins == pytest.approx(list(map(float, times)), abs=0.002)
    assert facts.n_frames == len(frames)


def test_windows_anywhere_show_what_ffmpeg_shows(film):
    path, facts, frames, times = film
    chance = random.Random(5)
    for _ in range(8):
        at = chance.randrange(len(times))
        start = float(times[at]) + 0.002
        shown, begins = sample_container(read_source(path, LIMITS), Window.of(start, start + 0.002), 1, LIMITS)
        assert which(shown[0], frames) == at
        assert float(begins[0]) == pytest.approx(float(times[at]), abs=0.002)
    assert facts.keyframe_times[0] >= -2  # an edit list may begin after its keyframe


def test_colours_are_those_of_ffmpeg(film):
    path, _, frames, _ = film
    shown, _ = sample_container(read_source(path, LIMITS), Window.of(0.0, 0.001), 1, LIMITS)
    difference = shown[0].astype(int) - frames[0]
    assert np.abs(difference).mean() < 5  # at the edges of colours, which are interpolated in several ways
    assert np.abs(difference.mean(axis=(0, 1))).max() < 1


# Files that are not what they should be ------------------------------------------------------------------------------


def test_the_middle_of_a_broadcast(tmp_path):
    """Cut anywhere: pictures before the first keyframe and a half one at the end are left out."""
    path = make(FILMS["broadcast, H.264"], tmp_path)
    whole = path.read_bytes()
    packets = len(whole) // 188
    cut = whole[packets // 4 * 188 : packets // 4 * 3 * 188]

    frames, times = sample_container(encoded(cut, name="cut"), Window(), 8, LIMITS)

    assert len(frames) == 8
    assert 0 <= times[0] <= times[-1] < 3


@pytest.mark.parametrize("kind", ["H.264 with sound", "VP9", "AVI, H.264", "broadcast", "flv", "fragmented"])
def test_files_that_are_cut_off_give_frames_or_an_error_of_ours(kind, tmp_path):
    data = make(FILMS[kind], tmp_path).read_bytes()
    for part in (0, 3, 5, 8, 20, 60, 95, 99):
        try:
            frames, _ = sample_container(encoded(data[: len(data) * part // 100 or 1], name="cut"), Window(), 4, LIMITS)
        except MedialensError as error:
            assert "cut" in str(error)  # noqa: PT017  # either is right, so `raises` cannot be used
        else:
            assert len(frames) == 4


def test_a_recording_without_its_table(tmp_path):
    """The camera stopped before it wrote the index."""
    data = make(FILMS["H.264 with sound"], tmp_path).read_bytes()
    with pytest.raises(MediaDecodeError, match=r"cannot be decoded as video/mp4: .*Invalid data found") as caught:
        sample_container(encoded(data[: data.rindex(b"moov") - 4], name="clip"), Window(), 4, LIMITS)
    assert "Errno" not in str(caught.value)  # FFmpeg's own numbers tell nothing


def test_a_name_that_lies(tmp_path):
    path = make(FILMS["VP9"], tmp_path)
    lying = path.rename(path.with_suffix(".mp4"))
    assert len(sample_container(read_source(lying, LIMITS), Window(), 4, LIMITS)[0]) == 4
