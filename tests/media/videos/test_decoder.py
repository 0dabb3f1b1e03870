"""torchcodec's VideoDecoder: the real one where it is installed, and one that counts what it is asked."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tests.media.clips import film, grey, levels, seen

from medialens.errors import InputError, MediaDecodeError, MediaError, MediaLimitError
from medialens.inputs import Audio, Item, Video, as_inputs, as_item
from medialens.media.decode import decode, resolve
from medialens.media.decoded import MediaNeeds
from medialens.media.frame_rate import FrameRate
from medialens.media.limits import MediaLimits
from medialens.media.moments import Window
from medialens.media.videos.backends import torchcodec_problem
from medialens.media.videos.decoder import is_video_decoder, read_video_decoder, sample_decoder

KNOWN = levels(40)
FRAMES = [grey(level) for level in KNOWN]
LIMITS = MediaLimits()
NEEDS = MediaNeeds(modalities=("text", "video"), n_frames=4)


class VideoDecoder:
    """Greys at ten frames a second, beginning at 7 seconds, as torchcodec would give them."""

    __module__ = "torchcodec.decoders"

    def __init__(self, known=KNOWN, *, channels_last=False):
        self.known, self.channels_last, self.asked = known, channels_last, []
        self.metadata = SimpleNamespace(
            begin_stream_seconds=7.0, end_stream_seconds=7 + len(known) / 10, width=64, height=48, num_frames=len(known)
        )

    def get_frame_played_at(self, seconds):
        at = int((seconds - 7) * 10 + 1e-9)
        if not 0 <= at < len(self.known):
            message = f"Invalid pts in seconds: {seconds}"
            raise IndexError(message)
        self.asked.append(at)
        data = torch.from_numpy(grey(self.known[at]))
        data = data if self.channels_last else data.permute(2, 0, 1)
        return SimpleNamespace(data=data, pts_seconds=7 + at / 10, duration_seconds=0.1)


def look(decoder, n_frames=4, start=None, end=None):
    window = Window.of(start, end)
    return sample_decoder(read_video_decoder(decoder, window, LIMITS), window, n_frames, LIMITS)


@pytest.mark.parametrize("channels_last", [False, True])
def test_the_frames_on_show_at_the_middles_of_equal_parts(channels_last):
    frames, times = look(VideoDecoder(channels_last=channels_last))

    assert seen(frames, KNOWN) == [5, 15, 25, 35]
    assert [round(float(time), 3) for time in times] == [0.5, 1.5, 2.5, 3.5]
    assert all(frame.shape == (48, 64, 3) and frame.dtype == np.uint8 for frame in frames)


def test_the_frames_of_a_rate():
    frames, times = look(VideoDecoder(), FrameRate(fps=2, min_frames=4))

    assert seen(frames, KNOWN) == [0, 6, 11, 17, 22, 28, 33, 39]
    assert [float(time) for time in times] == [0.0, 0.6, 1.1, 1.7, 2.2, 2.8, 3.3, 3.9]
    assert seen(look(VideoDecoder(), FrameRate(fps=2), 1.0, 2.0)[0], KNOWN) == [10, 19]


def test_a_file_that_does_not_say_how_many_frames_it_has():
    decoder = VideoDecoder()
    decoder.metadata = SimpleNamespace(**{**vars(decoder.metadata), "num_frames": None, "average_fps": 10.0})

    assert seen(look(decoder, FrameRate(fps=2))[0], KNOWN) == [0, 6, 11, 17, 22, 28, 33, 39]


def test_only_the_window_is_asked_for():
    decoder = VideoDecoder()

    frames, _ = look(decoder, 2, 1.0, 2.0)

    assert seen(frames, KNOWN) == [12, 17]
    assert set(decoder.asked) <= set(range(10, 20))


def test_a_long_clip_is_not_decoded_whole():
    decoder = VideoDecoder([100] * 72_000)  # two hours

    look(decoder, 8)

    assert len(decoder.asked) < 100


def test_a_moment_at_the_very_beginning_of_a_frame_shows_that_frame():
    for start in (0.1, 0.3, 0.7, 2.3):
        frames, _ = look(VideoDecoder(), 1, start - 0.05, start + 0.05)  # whose middle is where a frame begins
        assert seen(frames, KNOWN) == [round(start * 10)]


def test_the_digest_is_that_of_what_is_seen():
    def digest(known=KNOWN, start=None, end=None):
        return read_video_decoder(VideoDecoder(known), Window.of(start, end), LIMITS).digest

    assert digest() == digest()
    assert digest() != digest(KNOWN[::-1])
    assert digest() != digest(KNOWN[:-1])
    assert digest(start=1.0) != digest()


def test_it_is_recognised_bare_and_wrapped():
    decoder = VideoDecoder()
    assert is_video_decoder(decoder)
    assert not is_video_decoder(FRAMES)
    for value in (decoder, Video(decoder), {"video": decoder}, Item(decoder)):
        item = as_item(value)
        assert isinstance(item.parts[0], Video)
        assert item.parts[0].source is decoder
    assert as_inputs(decoder) == ([decoder], True)
    assert as_inputs([decoder, "text"]) == ([decoder, "text"], False)


def test_a_bare_decoder_of_sound_is_a_sound():
    kind = type("AudioDecoder", (), {"__module__": "torchcodec.decoders._audio_decoder"})
    decoder = kind()
    for value in (decoder, {"audio": decoder}):
        part = as_item(value).parts[0]
        assert isinstance(part, Audio)
        assert part.source is decoder
    assert as_inputs(decoder) == ([decoder], True)


def test_the_road_through_items():
    resolved = resolve(Item(Video(VideoDecoder(), start_seconds=1.0, end_seconds=2.0)), LIMITS)
    whole = resolve(Item(Video(VideoDecoder())), LIMITS)

    video = decode(resolved, NEEDS, LIMITS).videos[0]

    assert seen(video.frames, KNOWN) == [11, 13, 16, 18]
    assert resolved.digest != whole.digest


def test_it_says_itself_when_its_frames_are_shown():
    with pytest.raises(InputError, match="fps=25"):
        resolve(Item(Video(VideoDecoder(), fps=25)), LIMITS)


def test_limits():
    with pytest.raises(MediaLimitError, match="max_seconds"):
        read_video_decoder(VideoDecoder(), Window(), dataclasses.replace(LIMITS, max_seconds=3.9))
    with pytest.raises(MediaLimitError, match="max_frame_pixels"):
        read_video_decoder(VideoDecoder(), Window(), dataclasses.replace(LIMITS, max_frame_pixels=64 * 48 - 1))
    with pytest.raises(MediaError, match="lasts 4"):
        look(VideoDecoder(), 2, 4.5)


def test_what_it_raises_is_an_error_of_ours():
    decoder = VideoDecoder()
    decoder.metadata.end_stream_seconds = 99.0
    with pytest.raises(MediaDecodeError, match="gives no frames: IndexError: Invalid pts"):
        look(decoder)
    decoder.metadata.end_stream_seconds = None
    with pytest.raises(MediaDecodeError, match="gives no frames"):
        look(decoder)


@pytest.mark.skipif(bool(torchcodec_problem()), reason=f"torchcodec does not work here: {torchcodec_problem()}")
def test_the_real_one(tmp_path):
    pytest.importorskip("av", reason="PyAV is not installed: pip install 'medialens[video]'")
    from torchcodec.decoders import VideoDecoder as Real

    (tmp_path / "clip.mp4").write_bytes(film(FRAMES))
    for settings in ({}, {"dimension_order": "NHWC"}, {"seek_mode": "approximate"}):
        decoder = Real(str(tmp_path / "clip.mp4"), **settings)

        assert seen(look(decoder)[0], KNOWN) == [5, 15, 25, 35]
        assert seen(look(decoder, 2, 1.0, 2.0)[0], KNOWN) == [12, 17]
        assert isinstance(as_item(decoder).parts[0], Video)
        assert as_inputs(decoder)[1]
