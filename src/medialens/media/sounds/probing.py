"""How long a sound is, to the sample, without decoding all of it."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import Any

from medialens.media.limits import MediaLimits
from medialens.media.sounds.file import open_sound
from medialens.media.source import Encoded
from medialens.media.threads.memo import Memo

_DEFAULT_LIMITS = MediaLimits()
_TAIL_SECONDS = 3


@dataclasses.dataclass(frozen=True, kw_only=True)
class SoundFacts:
    """A sound; times are in seconds of the medium's own time: of a video, counted from its first picture.

    Attributes:
        start_seconds, end_seconds: When its first sample is heard, and when the last one is over.
        sample_rate_hz: Samples per second.
        n_channels: Which are heard as their mean.
    """

    start_seconds: Fraction
    end_seconds: Fraction
    sample_rate_hz: int
    n_channels: int


_facts: Memo[str, SoundFacts] = Memo(max_entries=32)


def probe_sound(sound: Encoded, limits: MediaLimits = _DEFAULT_LIMITS) -> SoundFacts:
    """The facts of a file's sound. Its end is decoded, and remembered by the digest of the file.

    Raises:
        MissingExtraError: PyAV is not installed.
        MediaDecodeError: It holds no sound, or is corrupt.
        MediaLimitError: It is longer than `limits.max_seconds`.
    """
    facts = _facts.get(sound.digest, lambda: _look(sound, limits))
    if facts.end_seconds - facts.start_seconds > limits.max_seconds:
        _facts.forget(sound.digest)
        return _look(sound, limits)  # raises
    return facts


def _look(sound: Encoded, limits: MediaLimits) -> SoundFacts:
    with open_sound(sound, limits) as track:
        rate, delay, frame = track.sample_rate_hz, track.delay, track.first
        n_channels = int(frame.layout.nb_channels)
        start = _told_end(track.container, rate) - _TAIL_SECONDS * rate
        n_samples = _end_of(track, max(0, start))
    if not n_samples:  # the header promises more than there is
        with open_sound(sound, limits) as track:
            n_samples = _end_of(track, 0)
    end = delay + Fraction(n_samples, rate)
    return SoundFacts(start_seconds=delay, end_seconds=end, sample_rate_hz=rate, n_channels=n_channels)


def _told_end(container: Any, rate: int) -> int:
    return int(Fraction(container.duration or 0, 1_000_000) * rate)


def _end_of(track: Any, start: int) -> int:
    """Number of the sample after the last one; 0 if there is none from `start` on."""
    n_samples = sum(len(chunk) for chunk in track.chunks(start))
    return start + n_samples if n_samples else 0
