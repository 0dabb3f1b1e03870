"""Sounds that come as samples: arrays, tensors, dicts of Sentence Transformers.

Made canonical at once, one channel of float32, so that the digest is that of what is heard, however the caller keeps
it, and so that a caller who writes to the array afterwards changes nothing.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from medialens.errors import InputError, MediaDecodeError, MediaLimitError
from medialens.media.limits import MediaLimits
from medialens.media.pictures.arrays import is_array, tensor_to_array
from medialens.media.sounds.resampling import check_n_samples, check_rate
from medialens.media.sounds.waveforms import Mono, fold, to_unit_range

_NAME = "the sound"
_MAX_CHANNELS = 32
_LOUDEST = 8.0
"""Floating-point samples beyond it are integers that were not divided; decoders and filters overshoot 1 by less."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Samples:
    """A sound as samples.

    Attributes:
        mono: float32 (samples,), in -1..1.
        sample_rate_hz: None if nobody said: it is taken to be the model's.
        begins: Number of the first of them, counted from the beginning of the whole sound.
        digest: sha256 of all of it.
    """

    mono: Mono
    sample_rate_hz: int | None
    begins: int = 0
    digest: str


def load_samples(source: Any, *, sample_rate_hz: int | None, limits: MediaLimits) -> Samples:
    """The sound that an array, a tensor, or a dict of Sentence Transformers holds.

    Args:
        source: An array or tensor (samples,) or (channels, samples), floating point in -1..1 or integers over their
            whole range; ``{"array": ..., "sampling_rate": ...}`` with one of those, where a rate of None is that of
            the model; or torchcodec's ``AudioSamples``.
        sample_rate_hz: Samples per second, where they do not come with it.
        limits: How long it may be; checked before anything is converted.

    Raises:
        InputError: It is nothing of that kind, or the rate is missing.
        MediaDecodeError: There are no samples.
        MediaLimitError: There are too many.
    """
    kinds = {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(source).__mro__}
    if "torchcodec.AudioSamples" in kinds:
        return canonical(source.data, only_rate(source.sample_rate, sample_rate_hz), limits)
    if isinstance(source, Mapping):
        return _from_mapping(source, sample_rate_hz, limits)
    if not is_array(source):
        msg = (
            f"cannot read a sound from a {type(source).__name__} ({source!r:.80}); expected a path, URL, bytes, an "
            "array or tensor of samples, {'array': ..., 'sampling_rate': ...}, or a torchcodec AudioDecoder"
        )
        raise InputError(msg, value=source)
    if sample_rate_hz is None:
        msg = (
            f"an array of {tuple(source.shape)} samples does not say how fast they go; pass "
            "Audio(array, sample_rate_hz=...)"
        )
        raise InputError(msg, shape=tuple(source.shape))
    return canonical(source, sample_rate_hz, limits)


def _from_mapping(source: Mapping[str, Any], sample_rate_hz: int | None, limits: MediaLimits) -> Samples:
    if "array" not in source or "sampling_rate" not in source:
        msg = f"a sound as a dict has the keys 'array' and 'sampling_rate', got {list(source)!r:.80}"
        raise InputError(msg, value=source)
    array, rate = source["array"], only_rate(source["sampling_rate"], sample_rate_hz)
    if isinstance(array, (list, tuple)):
        array = _from_list(array)
    if not is_array(array):
        msg = f"the 'array' of a sound must be an array or tensor of samples, got {type(array).__name__}"
        raise InputError(msg, value=source)
    return canonical(array, rate, limits)


def _from_list(values: Any) -> npt.NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError as error:
        msg = f"the 'array' of a sound must be numbers, in rows of equal length: {error}"
        raise InputError(msg) from error


def only_rate(own: Any, asked: int | None) -> int | None:
    """The rate that a sound comes with, or the one that was asked for.

    Raises:
        InputError: They are two different ones.
    """
    if own is not None:
        is_number = not isinstance(own, bool) and isinstance(own, numbers.Real)
        is_rate = is_number and float(own).is_integer()
        if not is_rate:
            msg = f"sampling_rate={own!r:.80} must be a whole number of samples per second"
            raise InputError(msg, value=own)
        own = int(own)
        if asked not in {None, own}:
            msg = f"the sound comes with {own} samples per second, but sample_rate_hz={asked}; leave that out"
            raise InputError(msg, value=asked)
    return asked if own is None else own


def canonical(source: Any, rate: int | None, limits: MediaLimits, begins: int = 0) -> Samples:
    """The samples of an array or tensor; `begins` is the number of the first one."""
    if rate is not None:
        check_rate(rate, _NAME)
    values = _channels_first(tensor_to_array(source)[0])
    check_length(values.shape[1], rate, limits)
    if not any(np.issubdtype(values.dtype, kind) for kind in (np.integer, np.floating)):
        msg = f"an array of {values.dtype} is no sound; expected floating point in -1..1, or integers over their range"
        raise InputError(msg, dtype=str(values.dtype))
    mono = np.array(fold(to_unit_range(values)), dtype=np.float32, order="C", copy=True)
    _check_loudness(mono)
    key = hashlib.sha256(f"sound {rate} {begins}\n".encode())
    key.update(mono.data)
    return Samples(mono=mono, sample_rate_hz=rate, begins=begins, digest=key.hexdigest())


def _channels_first(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(channels, samples), from that, (samples,), or (samples, channels) where it can be nothing else."""
    shape = values.shape
    if 0 in shape:
        msg = f"an array of shape {shape} holds no samples; a sound has at least one"
        raise MediaDecodeError(msg, shape=shape)
    if values.ndim == 1:
        return values[None, :]
    if values.ndim == 2:  # noqa: PLR2004  # with channels
        first, last = (length <= _MAX_CHANNELS for length in shape)
        if 1 in shape:
            return values if shape[0] == 1 else values.T
        if first != last:
            return values if first else values.T
        why = (
            "either axis could be the channels"
            if first
            else f"neither axis can be the channels, {_MAX_CHANNELS} at most"
        )
    else:
        why = "it has too many axes, or none"
    msg = f"an array of shape {shape} cannot be read as a sound: {why}; pass (samples,), or (channels, samples)"
    raise InputError(msg, shape=shape)


def check_length(n_samples: int, rate: int | None, limits: MediaLimits) -> None:
    """Refuse a sound by its length, or by its number of samples.

    Raises:
        MediaLimitError: Beyond `limits.max_seconds` or `limits.max_samples`.
    """
    if rate is not None and n_samples > limits.max_seconds * rate:
        msg = (
            f"{_NAME} lasts {n_samples / rate:.0f} seconds, above the limit of {limits.max_seconds:.0f} "
            "(MediaLimits.max_seconds); pass shorter ones"
        )
        raise MediaLimitError(msg, limit="max_seconds", value=n_samples / rate, maximum=limits.max_seconds)
    check_n_samples(n_samples, rate or 1, _NAME, limits)


def _check_loudness(mono: Mono) -> None:
    loudest = float(np.abs(mono).max())  # NaN if there is one
    if not math.isfinite(loudest):
        msg = f"{_NAME} holds samples that are infinite or no numbers; replace them, e.g. by numpy.nan_to_num"
        raise InputError(msg, value=loudest)
    if loudest > _LOUDEST:
        msg = (
            f"a floating-point sound must hold values in -1..1, got {loudest:g}; divide it by the range of the "
            "integers it was made from (32768 for 16 bits), or pass those"
        )
        raise InputError(msg, value=loudest)
