"""Log-mel spectrograms, from their definition and against transformers."""

from __future__ import annotations

import numpy as np
import pytest
from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

from medialens.models.layers.log_mel import LogMel


def filters(fft_size, n_mels=40, rate=16_000):
    return mel_filter_bank(fft_size // 2 + 1, n_mels, 0.0, rate / 2, rate, norm="slaney", mel_scale="slaney")


@pytest.mark.parametrize("hop", [160, 400, 1000])
@pytest.mark.parametrize("n_samples", [513, 4000, 16_000, 1_100_000])
def test_equal_to_transformers(hop, n_samples):
    """Also where frames are computed in several parts."""
    samples = np.random.default_rng(1).uniform(-0.5, 0.5, n_samples).astype(np.float32)
    log_mel = LogMel(hop=hop, filters=filters(1024))
    if n_samples > 16_000 and hop < 1000:
        samples = samples[: 1100 * hop]

    theirs = spectrogram(
        samples, window_function(1024, "hann"), 1024, hop, power=2.0, mel_filters=log_mel.filters, log_mel="dB"
    )
    ours = log_mel(samples)

    assert len(ours) == log_mel.n_frames(len(samples))
    np.testing.assert_allclose(ours, theirs.T, rtol=0, atol=2e-5)


def test_a_tone_is_loud_at_its_pitch_alone():
    """A sine of amplitude 1 in the middle of a bin: the windowed spectrum there is a quarter of the frame's length."""
    size, bin_number = 512, 32
    log_mel = LogMel(hop=128, filters=np.eye(size // 2 + 1))
    sine = np.cos(2 * np.pi * bin_number / size * np.arange(4096)).astype(np.float32)

    loudness = log_mel(sine)[10]

    assert loudness[bin_number] == pytest.approx(20 * np.log10(size / 4), abs=1e-3)
    assert loudness[bin_number + 1] == pytest.approx(20 * np.log10(size / 8), abs=1e-3)  # Hann's neighbours: half
    assert loudness[100] < -50


def test_silence_is_as_quiet_as_can_be():
    assert (LogMel(hop=100, filters=filters(256))(np.zeros(1000, np.float32)) == -100).all()
