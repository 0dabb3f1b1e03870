"""Sounds that come as samples: which arrays are sounds, and how loud they are."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from medialens.errors import InputError, MediaDecodeError, MediaLimitError
from medialens.media.limits import MediaLimits
from medialens.media.sounds.samples import load_samples

LIMITS = MediaLimits()
SINE = 0.5 * np.sin(np.arange(400) / 7)


def read(source, rate=8000, **limits):
    return load_samples(source, sample_rate_hz=rate, limits=MediaLimits(**limits))


@pytest.mark.parametrize(
    "dtype", ["int8", "int16", "int32", "int64", "uint8", "uint16", "float16", "float32", "float64"]
)
def test_every_type_is_read_over_its_whole_range(dtype):
    if "float" in dtype:
        values, step = SINE.astype(dtype), 2.0**-11
    else:
        info = np.iinfo(dtype)
        half = 2 ** (info.bits - 1)
        middle = half if info.min == 0 else 0
        values, step = (np.floor(SINE * half).astype(np.int64) + middle).astype(dtype), 1 / half

    np.testing.assert_allclose(read(values).mono, SINE, rtol=0, atol=max(step, 1e-7))


def test_the_ends_of_the_range():
    assert read(np.array([-32768, 0, 32767], np.int16)).mono.tolist() == [-1.0, 0.0, 32767 / 32768]
    assert read(np.array([0, 128, 255], np.uint8)).mono.tolist() == [-1.0, 0.0, 127 / 128]


@pytest.mark.parametrize(
    "form",
    [
        lambda array: array,
        torch.from_numpy,
        lambda array: torch.from_numpy(array).requires_grad_(),
        lambda array: array[None],
        lambda array: array[:, None],
        lambda array: np.stack([array, array]),
        lambda array: np.stack([array, array], axis=1),
        lambda array: np.repeat(array, 2)[::2],
        lambda array: array.astype(">f4"),
        lambda array: {"array": array, "sampling_rate": 8000},
        lambda array: {"array": torch.from_numpy(array), "sampling_rate": 8000.0, "path": None},
        lambda array: {"array": array.tolist(), "sampling_rate": 8000},
    ],
)
def test_every_form_of_a_sound_is_the_same_sound(form):
    sine = SINE.astype(np.float32)
    expected = read(sine)

    samples = read(form(sine))

    np.testing.assert_array_equal(samples.mono, sine)
    assert samples.digest == expected.digest
    assert samples.sample_rate_hz == 8000


@given(n_channels=st.integers(2, 32), n_samples=st.integers(33, 200), turned=st.booleans())
@settings(deadline=None)
def test_channels_are_folded_to_their_mean(n_channels, n_samples, turned):
    channels = np.random.default_rng(n_samples).uniform(-1, 1, (n_channels, n_samples)).astype(np.float32)

    mono = read(channels.T if turned else channels).mono

    np.testing.assert_allclose(mono, channels.astype(np.float64).mean(axis=0), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        ((2, 2), "either axis could be the channels"),
        ((8, 32), "either axis could be the channels"),
        ((100, 200), "neither axis can be the channels"),
        ((2, 3, 400), "too many axes"),
        ((), "too many axes, or none"),
    ],
)
def test_an_array_that_could_be_read_in_two_ways_is_read_in_none(shape, why):
    with pytest.raises(InputError, match=why) as caught:
        read(np.zeros(shape))
    assert caught.value.shape == shape


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 2)])
def test_no_samples_are_no_sound(shape):
    with pytest.raises(MediaDecodeError, match="holds no samples"):
        read(np.zeros(shape))


@pytest.mark.parametrize(
    ("source", "named"),
    [
        (np.array([0.0, np.nan]), "infinite or no numbers"),
        (np.array([0.0, -np.inf]), "infinite or no numbers"),
        (np.array([0.0, 12_000.0]), "-1..1, got 12000"),
        (np.array([True, False]), "array of bool"),
        (np.array([1j]), "array of complex128"),
        (np.array(["a"]), "array of <U1"),
        ([0.1, 0.2], "a list"),
        ({"array": [0.1]}, "keys 'array' and 'sampling_rate'"),
        ({"array": "sound.wav", "sampling_rate": 8000}, "must be an array or tensor"),
        ({"array": [[0.1], [0.1, 0.2]], "sampling_rate": 8000}, "rows of equal length"),
        ({"array": SINE, "sampling_rate": "8000"}, "sampling_rate='8000'"),
        ({"array": SINE, "sampling_rate": 8000.5}, "sampling_rate=8000.5"),
        ({"array": SINE, "sampling_rate": 16_000}, "16000 samples per second, but sample_rate_hz=8000"),
        (torch.zeros(4, device="meta"), "meta"),
    ],
)
def test_what_is_no_sound_is_named(source, named):
    with pytest.raises(InputError, match=named):
        read(source)


def test_a_little_too_loud_is_what_decoders_give():
    assert read(np.array([1.3, -1.2])).mono.max() == np.float32(1.3)


def test_an_array_without_a_rate_asks_for_it():
    with pytest.raises(InputError, match=r"Audio\(array, sample_rate_hz=\.\.\.\)"):
        read(SINE, rate=None)
    assert read({"array": SINE, "sampling_rate": None}, rate=None).sample_rate_hz is None


@pytest.mark.parametrize("rate", [1, 99, 1_000_001])
def test_a_rate_that_no_sound_has(rate):
    with pytest.raises(MediaDecodeError, match=f"sample rate of {rate} Hz"):
        read(SINE, rate=rate)


def test_limits_are_checked_before_anything_is_converted():
    huge = np.broadcast_to(np.float32(0), (10**9,))  # four bytes of memory

    with pytest.raises(MediaLimitError, match="max_samples") as caught:
        read(huge, rate=1_000_000)
    assert caught.value.maximum == LIMITS.max_samples
    with pytest.raises(MediaLimitError, match="max_seconds"):
        read(SINE, max_seconds=0.04)


def test_it_belongs_to_nobody_else():
    array = SINE.astype(np.float32)
    samples = read(array)
    before = samples.digest, samples.mono.copy()

    array[:] = 0

    np.testing.assert_array_equal(samples.mono, before[1])
    key = hashlib.sha256(b"sound 8000 0\n" + before[1].tobytes()).hexdigest()
    assert before[0] == key != read(array).digest
    assert read(SINE, rate=16_000).digest != read(SINE).digest
