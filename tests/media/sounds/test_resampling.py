"""From one rate to another: any cut of it is a slice of the whole."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medialens.errors import MediaDecodeError, MediaError, MediaLimitError
from medialens.media.limits import MediaLimits
from medialens.media.moments import Window
from medialens.media.sounds.resampling import Cut, check_rate, resample

pytest.importorskip("av", reason="PyAV brings the resampler")

LIMITS = MediaLimits()
NOISE = np.random.default_rng(3).uniform(-0.9, 0.9, 30_000).astype(np.float32)
RATES = st.sampled_from([8000, 11_025, 16_000, 22_050, 44_100, 48_000, 7919])


def run(cut, *, chunk=4096, noise=NOISE, limits=LIMITS):
    begins = cut.source_first
    pieces = [noise[at : at + chunk] for at in range(begins, len(noise), chunk)]
    return resample(pieces, cut, begins=begins, name="noise", limits=limits)


@settings(deadline=None, max_examples=60)
@given(source=RATES, target=RATES, start=st.integers(0, 500), length=st.integers(1, 600), chunk=st.integers(500, 9000))
def test_any_window_is_a_slice_of_the_whole(source, target, start, length, chunk):
    whole = run(Cut.of(Window(), source, target))
    window = Window(Fraction(start, 1000), Fraction(start + length, 1000))

    cut = Cut.of(window, source, target)
    samples = run(cut, chunk=chunk)

    first = round(Fraction(start * target, 1000) + Fraction(1, 10**9))
    np.testing.assert_array_equal(samples, whole[first : first + len(samples)])
    assert cut.source_first % cut.step == 0
    assert cut.source_first * target % source == 0  # so that it falls on a sample of the target


@settings(deadline=None)
@given(source=RATES, target=RATES, n_samples=st.integers(1, 3000))
def test_all_of_a_sound_is_as_long_as_it_was(source, target, n_samples):
    cut = Cut.of(Window(), source, target)

    samples = run(cut, noise=NOISE[:n_samples])

    # What is shorter than the filter may lose some of its few samples, as in ffmpeg, but not all.
    assert abs(len(samples) - n_samples * target / source) <= (1 if n_samples > cut.margin else 32)
    assert len(samples) >= 1


@settings(deadline=None)
@given(rate=RATES, edges=st.lists(st.integers(0, 10**6), min_size=2, max_size=12, unique=True))
def test_windows_that_meet_share_no_sample_and_leave_none_out(rate, edges):
    times = sorted(Fraction(edge, 10**6) for edge in edges)
    cuts = [Cut.of(Window(*pair), 8000, rate) for pair in itertools.pairwise(times)]

    for cut, after in itertools.pairwise(cuts):
        assert cut.last is not None
        assert cut.last == after.first or (cut.last == cut.first + 1)  # too short for a sample: it has one all the same


def test_the_same_rate_changes_nothing():
    np.testing.assert_array_equal(run(Cut.of(Window(), 8000, 8000)), NOISE)


def test_samples_that_are_no_numbers():
    noise = NOISE.copy()
    noise[20_000] = np.inf

    with pytest.raises(MediaDecodeError, match="infinite or no numbers"):
        run(Cut.of(Window(), 8000, 8000), noise=noise)
    assert len(run(Cut.of(Window(Fraction(0), Fraction(1)), 8000, 8000), noise=noise)) == 8000


def test_more_samples_than_the_limit_are_refused_as_soon_as_they_come():
    def endless():
        while True:
            yield NOISE

    cut = Cut.of(Window(), 8000, 16_000)
    with pytest.raises(MediaLimitError) as caught:
        resample(endless(), cut, begins=0, name="it", limits=MediaLimits(max_samples=10**6))
    assert caught.value.value < 10**6 + 2 * len(NOISE) + 10_000


def test_a_window_is_read_no_further_than_needed():
    def finite():
        yield NOISE
        raise AssertionError

    cut = Cut.of(Window(Fraction(0), Fraction(2)), 8000, 16_000)
    assert len(resample(finite(), cut, begins=0, name="it", limits=LIMITS)) == 32_000


def test_nothing_to_hear():
    with pytest.raises(MediaError, match=r"noise has no sound from 5\.000 to 6\.000 seconds"):
        run(Cut.of(Window(Fraction(5), Fraction(6)), 8000, 16_000))


def test_rates_of_sounds():
    check_rate(100, "it")
    check_rate(1_000_000, "it")
    with pytest.raises(MediaDecodeError, match="it has a sample rate of 99 Hz; expected 100 to 1000000"):
        check_rate(99, "it")
