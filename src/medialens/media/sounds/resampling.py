"""From one sample rate to another, for all of a sound or a window of it: the same samples either way.

    source   ----|=======[.......... window ..........]=======|----
                 A  what the filter looks at beside it         B
    target       |       [first                    last)

A filter that begins anew at the window would hear silence before it. So it begins a little earlier (A), where a sample
of the source falls exactly on one of the target, and goes on a little longer (B); what it gives is then cut to the
window, and equals what it gives for the whole sound, sample for sample.

The resampler is FFmpeg's libswresample with its own settings, as in ``ffmpeg -ar`` and torchcodec.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from medialens.errors import MediaDecodeError, MediaError, MediaLimitError
from medialens.extras import require
from medialens.media.limits import MediaLimits
from medialens.media.moments import Window
from medialens.media.sounds.waveforms import Mono

MIN_RATE_HZ, MAX_RATE_HZ = 100, 1_000_000
"""Of what is taken for a sound: ultrasound recorders go up to some 500,000, telemetry begins at some 100."""

_TAPS = 32
"""Length of libswresample's filter, in samples of the lower one of the two rates."""

_CHUNK = 1 << 16


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cut:
    """Which samples of the source are read for which ones of the target; both counted from the sound's beginning.

    Attributes:
        source_hz, target_hz: The rates.
        first, last: Samples of the target that are wanted, `last` not included; None is as many as there are.
    """

    source_hz: int
    target_hz: int
    first: int
    last: int | None

    @classmethod
    def of(cls, window: Window, source_hz: int, target_hz: int, *, delay: Fraction = Fraction(0)) -> Cut:
        """The samples of a window.

        Args:
            window: In seconds from the beginning of the medium.
            source_hz: Rate of what there is.
            target_hz: Rate of what is wanted.
            delay: When the first sample sounds, in the window's time.
        """
        first = max(0, _nearest((window.start - delay) * target_hz)) if window.start else 0
        last = None if window.end is None else _nearest((window.end - delay) * target_hz)
        is_short = (
            last is not None and last <= first and window.end is not None and window.end > max(delay, Fraction(0))
        )
        return cls(source_hz=source_hz, target_hz=target_hz, first=first, last=first + 1 if is_short else last)

    @property
    def margin(self) -> int:
        """Samples of the source that are read beyond each end of the window, so that the filter sees what is there."""
        if self.source_hz == self.target_hz:
            return 0
        return math.ceil(_TAPS * max(1.0, self.source_hz / self.target_hz)) + _TAPS

    @property
    def step(self) -> int:
        """Every so many samples of the source, one falls on a sample of the target."""
        return self.source_hz // math.gcd(self.source_hz, self.target_hz)

    @property
    def source_first(self) -> int:
        """The first sample of the source that is read."""
        before = self.first * self.source_hz // self.target_hz - self.margin
        return max(0, before // self.step * self.step)

    @property
    def source_last(self) -> int | None:
        """The first one that is not read any more; None if all are."""
        return None if self.last is None else -(-self.last * self.source_hz // self.target_hz) + self.margin


def resample(chunks: Iterable[Mono], cut: Cut, *, begins: int, name: str, limits: MediaLimits) -> Mono:
    """The samples of a cut.

    Args:
        chunks: The source's samples, at least to `cut.source_last`.
        cut: Which ones are wanted.
        begins: Number of the first sample of `chunks`; a multiple of `cut.step`.
        name: What messages call the sound.
        limits: How many samples there may be.

    Raises:
        MediaError: There are none: the window begins after the sound is over, or ends before it begins.
        MediaDecodeError: There are samples that are no numbers.
        MediaLimitError: More than `limits.max_samples`.
        MissingExtraError: PyAV, which brings libswresample, is not installed.
    """
    at = begins * cut.target_hz // cut.source_hz
    result = _Buffer(name, cut.target_hz, limits)
    for chunk in _at_rate(_up_to(chunks, begins, cut.source_last), cut):
        low = max(0, cut.first - at)
        high = len(chunk) if cut.last is None else min(len(chunk), cut.last - at)
        if high > low:
            result.add(chunk[low:high])
        at += len(chunk)
    samples = result.finish()
    if not len(samples):
        start, end = cut.first / cut.target_hz, None if cut.last is None else cut.last / cut.target_hz
        where = f"from {start:.3f} seconds on" if end is None else f"from {start:.3f} to {end:.3f} seconds"
        msg = f"{name} has no sound {where}; choose a window within the sound"
        raise MediaError(msg, source=name, start_seconds=start, end_seconds=end)
    return samples


class _Buffer:
    """Samples as they come, in one piece of memory that grows in place."""

    def __init__(self, name: str, rate_hz: int, limits: MediaLimits) -> None:
        self._name, self._rate_hz, self._limits = name, rate_hz, limits
        self._data = np.empty(_CHUNK, dtype=np.float32)
        self._n = 0

    def add(self, samples: Mono) -> None:
        end = self._n + len(samples)
        check_n_samples(end, self._rate_hz, self._name, self._limits)
        if not np.isfinite(samples).all():
            msg = f"{self._name} holds samples that are infinite or no numbers"
            raise MediaDecodeError(msg, source=self._name)
        if end > len(self._data):
            self._data.resize(max(end, 2 * len(self._data)), refcheck=False)
        self._data[self._n : end] = samples
        self._n = end

    def finish(self) -> Mono:
        self._data.resize(self._n, refcheck=False)
        return self._data


def check_n_samples(n_samples: int, rate_hz: int, name: str, limits: MediaLimits) -> None:
    """Refuse a sound by its number of samples.

    Raises:
        MediaLimitError: More than `limits.max_samples`.
    """
    if n_samples > limits.max_samples:
        longest = limits.max_samples / rate_hz
        msg = (
            f"{name} has {n_samples} samples or more at {rate_hz} Hz, above the limit of {limits.max_samples} "
            f"(MediaLimits.max_samples), which is {longest:.0f} seconds; take windows of it: "
            "Audio(..., start_seconds=..., end_seconds=...), or split_sound"
        )
        raise MediaLimitError(msg, limit="max_samples", value=n_samples, maximum=limits.max_samples, source=name)


def check_rate(rate_hz: int, name: str) -> None:
    """Refuse a rate that no sound has, for which a filter could be of any size.

    Raises:
        MediaDecodeError: It is below `MIN_RATE_HZ` or above `MAX_RATE_HZ`.
    """
    if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        msg = f"{name} has a sample rate of {rate_hz} Hz; expected {MIN_RATE_HZ} to {MAX_RATE_HZ}"
        raise MediaDecodeError(msg, source=name, sample_rate_hz=rate_hz)


def _up_to(chunks: Iterable[Mono], at: int, last: int | None) -> Iterator[Mono]:
    for chunk in chunks:
        left = len(chunk) if last is None else last - at
        if left > 0:
            yield chunk[:left]
        at += len(chunk)
        if last is not None and at >= last:
            return


def _at_rate(chunks: Iterable[Mono], cut: Cut) -> Iterator[Mono]:
    if cut.source_hz == cut.target_hz:
        yield from chunks
        return
    check_rate(cut.source_hz, "the sound")
    av = require("av", extra="audio", to=f"Resampling a sound from {cut.source_hz} to {cut.target_hz} Hz")
    resampler = av.AudioResampler(format="flt", layout="mono", rate=cut.target_hz)
    last: Mono | None = None
    n_resampled = 0
    for chunk in chunks:
        for begin in range(0, len(chunk), _CHUNK):
            last = chunk[begin : begin + _CHUNK]
            for ready in _arrays(resampler.resample(_frame(av, last, cut.source_hz))):
                n_resampled += len(ready)
                yield ready
    if last is not None:
        rest = list(_arrays(resampler.resample(None)))
        yield from rest if n_resampled or rest else [_nearest_samples(last, cut)]


def _nearest_samples(samples: Mono, cut: Cut) -> Mono:
    """Of one or two samples libswresample makes none."""
    n_samples = max(1, round(len(samples) * cut.target_hz / cut.source_hz))
    return samples[np.arange(n_samples) * cut.source_hz // cut.target_hz]


def _frame(av: Any, samples: Mono, rate_hz: int) -> Any:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None, :]), format="flt", layout="mono")
    frame.sample_rate = rate_hz
    return frame


def _arrays(frames: Iterable[Any]) -> Iterator[Mono]:
    for frame in frames:
        yield frame.to_ndarray()[0]


def _nearest(value: Fraction) -> int:
    """Half up, so that windows that meet share no sample and leave none out."""
    return math.floor(value + Fraction(1, 2))
