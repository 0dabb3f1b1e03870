"""torchcodec's AudioDecoder, handed in opened."""

from __future__ import annotations

import numpy as np
import pytest
from tests.media.tones import chirp, write_sound

from medialens.errors import InputError, MediaDecodeError, MediaLimitError
from medialens.inputs import Audio, Item
from medialens.media.decode import decode, resolve
from medialens.media.decoded import MediaNeeds
from medialens.media.limits import MediaLimits

decoders = pytest.importorskip("torchcodec.decoders", reason="torchcodec is not installed, or does not work")

RATE = 24_000
LIMITS = MediaLimits()


@pytest.fixture(scope="module", params=["wav", "mp3"])
def data(request):
    return write_sound(np.stack([chirp(8, RATE), 0.5 * chirp(8, RATE)]), RATE, request.param)


def hear(source, rate=16_000, limits=LIMITS, **window):
    resolved = resolve(Item(Audio(source, **window)), limits)
    return decode(resolved, MediaNeeds(modalities=("audio",), sample_rate_hz=rate), limits).audios[0].samples


@pytest.mark.parametrize("window", [{}, {"start_seconds": 1.25}, {"start_seconds": 6.1, "end_seconds": 7.3}])
@pytest.mark.parametrize("rate", [RATE, 16_000])
def test_it_is_heard_like_its_file(data, rate, window):
    expected = hear(data, rate, **window)

    samples = hear(decoders.AudioDecoder(data), rate, **window)

    shared = min(len(samples), len(expected)) - 64  # another FFmpeg: the end may be a sample further
    assert abs(len(samples) - len(expected)) <= 1
    np.testing.assert_allclose(samples[:shared], expected[:shared], rtol=0, atol=1e-5)


def test_only_its_window_is_decoded(data, monkeypatch):
    decoder = decoders.AudioDecoder(data)
    asked = []
    read = decoder.get_samples_played_in_range
    monkeypatch.setattr(
        decoder, "get_samples_played_in_range", lambda **times: asked.append(times) or read(**times), raising=False
    )
    monkeypatch.setattr(decoder, "get_all_samples", None, raising=False)

    hear(decoder, start_seconds=4, end_seconds=5)

    (times,) = asked
    assert times["stop_seconds"] - times["start_seconds"] <= 1 + 2 * 2


def test_one_that_resamples_says_at_which_rate(data):
    slow = hear(decoders.AudioDecoder(data, sample_rate=8000), 8000)

    assert len(slow) == pytest.approx(8 * 8000, abs=600)
    with pytest.raises(InputError, match="8000 samples per second, but sample_rate_hz=24000"):
        hear(decoders.AudioDecoder(data, sample_rate=8000), sample_rate_hz=RATE)


def test_a_bare_one_and_its_samples_are_sounds(data):
    expected = hear(decoders.AudioDecoder(data))

    as_samples = hear(decoders.AudioDecoder(data).get_all_samples())

    np.testing.assert_array_equal(as_samples, expected)


def test_a_window_after_its_end(data):
    with pytest.raises(MediaDecodeError, match="the AudioDecoder gives no samples"):
        hear(decoders.AudioDecoder(data), start_seconds=60, end_seconds=61)


def test_its_length_is_limited_before_it_is_decoded(data, monkeypatch):
    decoder = decoders.AudioDecoder(data)
    monkeypatch.setattr(decoder, "get_all_samples", None, raising=False)

    with pytest.raises(MediaLimitError):
        hear(decoder, limits=MediaLimits(max_samples=RATE))
    assert len(hear(decoder, limits=MediaLimits(max_samples=6 * RATE), start_seconds=1, end_seconds=2)) == 16_000
