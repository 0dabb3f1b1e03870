import sys
import types

import numpy as np
import pytest
from tests.media.test_clip_export import with_clicks

from medialens.errors import InputError, MediaDecodeError, MissingExtraError
from medialens.media.limits import MediaLimits
from medialens.media.segment import speech
from medialens.media.segment.speech import Whisper, recognise
from medialens.media.segment.subtitles import TimedText
from medialens.media.segment.transcript import Recogniser
from medialens.media.source import encoded, read_source

pytest.importorskip("av", reason="PyAV is not installed: pip install 'medialens[audio]'")
LIMITS = MediaLimits()


class Listener:
    """A recogniser that says where it is loud."""

    def __init__(self):
        self.lengths = []

    def __call__(self, samples):
        assert samples.dtype == np.float32
        assert samples.ndim == 1
        self.lengths.append(len(samples))
        loud = np.flatnonzero(np.abs(samples) > 0.4)
        begins = [at for n, at in enumerate(loud) if n == 0 or at - loud[n - 1] > 1600]
        return [TimedText(at / 16_000, at / 16_000 + 0.01, f"click {n}") for n, at in enumerate(begins)]


@pytest.mark.parametrize("delay", [0.0, 0.5])
def test_what_is_heard_has_the_times_of_the_video(tmp_path, delay):
    source = with_clicks(tmp_path / "film.mp4", [0.8, 1.4, 3.2], delay=delay)

    said = recognise(read_source(source, LIMITS), Listener(), LIMITS)

    assert [text.start_seconds for text in said] == pytest.approx([0.8, 1.4, 3.2], abs=0.02)
    assert [text.text for text in said] == ["click 0", "click 1", "click 2"]


def wav(samples) -> bytes:
    data = (samples * 32767).astype("<i2").tobytes()
    sizes = [(36 + len(data)).to_bytes(4, "little"), len(data).to_bytes(4, "little")]
    rates = (16).to_bytes(4, "little") + b"\1\0\1\0" + (16_000).to_bytes(4, "little") + (32_000).to_bytes(4, "little")
    return b"RIFF" + sizes[0] + b"WAVEfmt " + rates + b"\2\0\x10\0data" + sizes[1] + data


@pytest.mark.parametrize("seconds", [3.0, 10.0, 26.3])
def test_long_sounds_are_heard_in_pieces_that_end_where_it_is_quiet(monkeypatch, seconds):
    monkeypatch.setattr(speech, "PIECE_SECONDS", 10)
    monkeypatch.setattr(speech, "_SEARCHED_SECONDS", 4)
    samples = np.random.default_rng(0).uniform(-0.1, 0.1, round(seconds * 16_000))
    for pause in (7.0, 8.0, 15.5):  # the latest quiet moment within 6..10, then within the last four of the next piece
        samples[round(pause * 16_000) : round((pause + 0.6) * 16_000)] = 0
    clicks = [at for at in (1.0, 7.9, 9.9, 16.5, 25.0) if at < seconds - 0.1]
    for click in clicks:
        samples[round(click * 16_000) : round(click * 16_000) + 160] = 0.9
    listener = Listener()

    said = recognise(encoded(wav(samples), name="sound"), listener, LIMITS)

    assert [text.start_seconds for text in said] == pytest.approx(clicks, abs=0.001)
    assert sum(listener.lengths) == len(samples)
    assert max(listener.lengths) <= 10 * 16_000
    if seconds >= 10:
        assert 8.0 <= listener.lengths[0] / 16_000 <= 8.6


def test_a_recogniser_gives_timed_texts():
    sound = encoded(wav(np.zeros(16_000)), name="sound")
    with pytest.raises(InputError, match="expected TimedText"):
        recognise(sound, lambda samples: ["words"], LIMITS)
    assert recognise(sound, lambda samples: [], LIMITS) == ()
    unordered = [TimedText(0.5, 0.6, "b"), TimedText(0.1, 0.2, "a")]
    assert [text.text for text in recognise(sound, lambda samples: unordered, LIMITS)] == ["a", "b"]


def test_what_cannot_be_heard():
    with pytest.raises(MediaDecodeError):
        recognise(encoded(b"just words", name="notes"), Listener(), LIMITS)


class FakeModel:
    made: list["FakeModel"] = []  # noqa: RUF012  # all that were made, for the test

    def __init__(self, *arguments, **options):
        self.arguments, self.options, self.heard = arguments, options, []
        self.made.append(self)

    def transcribe(self, samples, **options):
        self.heard.append((samples.shape, options))
        segments = [(0.0, 1.5, " Hello there. "), (1.5, 1.5, ""), (2.0, 1.9, "odd times")]
        kind = types.SimpleNamespace
        return iter([kind(start=start, end=end, text=text) for start, end, text in segments]), kind(language="en")


def test_whisper_is_asked_and_answers_in_timed_texts(monkeypatch):
    monkeypatch.setitem(sys.modules, "faster_whisper", types.SimpleNamespace(WhisperModel=FakeModel))
    monkeypatch.setattr(FakeModel, "made", [])
    whisper = Whisper("tiny", language="en", device="cpu", compute_type="int8")
    assert isinstance(whisper, Recogniser)
    assert FakeModel.made == []  # loaded when the first sound is heard

    said = recognise(encoded(wav(np.zeros(48_000)), name="sound"), whisper, LIMITS)
    list(whisper(np.zeros(10, np.float32)))

    assert said == (TimedText(0.0, 1.5, "Hello there."), TimedText(2.0, 2.0, "odd times"))
    (model,) = FakeModel.made
    assert (model.arguments, model.options) == (("tiny",), {"device": "cpu", "compute_type": "int8"})
    assert model.heard[0] == ((48_000,), {"language": "en", "vad_filter": True})


def test_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'medialens\[whisper\]'"):
        list(Whisper()(np.zeros(10, np.float32)))
