"""A sound, however it comes, to the samples that a model hears: one channel, at the model's rate.

    path, URL, bytes --> Encoded --> file.py, track.py   by PyAV (extra ``audio``): mono, at its own rate
    array, tensor, dict, AudioDecoder --> samples.py --> Samples
                                                         both: resampling.py --> DecodedAudio

The same sound gives the same samples, whether it comes as a file or as an array: both go through one resampler. Only
the window that is asked for is decoded.
"""

from __future__ import annotations

from medialens.media.decoded import DecodedAudio
from medialens.media.limits import MediaLimits
from medialens.media.moments import Window
from medialens.media.sounds.file import open_sound
from medialens.media.sounds.resampling import Cut, resample
from medialens.media.sounds.samples import Samples, check_length
from medialens.media.sounds.waveforms import Mono
from medialens.media.source import Encoded

_DEFAULT_LIMITS = MediaLimits()
_WHOLE = Window()


def load_sound(
    sound: Encoded | Samples,
    *,
    sample_rate_hz: int,
    window: Window = _WHOLE,
    digest: str | None = None,
    limits: MediaLimits = _DEFAULT_LIMITS,
) -> DecodedAudio:
    """The samples of a sound, or of a window of it.

    Sample k of a window that begins at s seconds is sample round(s * rate) + k of the whole sound.

    Args:
        sound: A file, or a sound that came as samples.
        sample_rate_hz: Of the samples that are wanted.
        window: Which part of it. One that ends after the sound does is heard as far as the sound goes.
        digest: Of sound and window; None is that of the sound alone.
        limits: What may be decoded; checked before it is.

    Raises:
        MediaDecodeError: Corrupt, truncated, without samples, or no sound.
        MediaLimitError: Too long, or too many samples.
        MediaError: There is nothing to hear in the window.
        MissingExtraError: It needs PyAV, which is not installed.
    """
    if isinstance(sound, Samples):
        samples = _from_samples(sound, sample_rate_hz, window, limits)
    else:
        samples = _from_file(sound, sample_rate_hz, window, limits)
    return DecodedAudio(
        samples=samples, sample_rate_hz=sample_rate_hz, digest=sound.digest if digest is None else digest
    )


def _from_samples(sound: Samples, sample_rate_hz: int, window: Window, limits: MediaLimits) -> Mono:
    rate = sound.sample_rate_hz or sample_rate_hz
    check_length(len(sound.mono), rate, limits)
    cut = Cut.of(window, rate, sample_rate_hz)
    begins = max(cut.source_first, -(-sound.begins // cut.step) * cut.step)
    return resample([sound.mono[begins - sound.begins :]], cut, begins=begins, name="the sound", limits=limits)


def _from_file(sound: Encoded, sample_rate_hz: int, window: Window, limits: MediaLimits) -> Mono:
    with open_sound(sound, limits) as track:
        cut = Cut.of(window, track.sample_rate_hz, sample_rate_hz, delay=track.delay)
        chunks = track.chunks(cut.source_first)
        return resample(chunks, cut, begins=cut.source_first, name=repr(sound.name), limits=limits)
