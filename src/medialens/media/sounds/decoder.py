"""torchcodec's ``AudioDecoder``, handed in opened: asked for the window that is needed, and no more."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from medialens.errors import MediaDecodeError, MedialensError
from medialens.media.limits import MediaLimits
from medialens.media.moments import Window
from medialens.media.sounds.samples import Samples, canonical, check_length, only_rate
from medialens.media.threads.locks import lock_of

_CONTEXT_SECONDS = 2
"""Read on either side of a window, for the filter of the resampler to look at."""


def is_decoder(source: Any) -> bool:
    """Whether `source` is one. torchcodec is recognised, never imported."""
    return any(
        kind.__module__.partition(".")[0] == "torchcodec" and kind.__name__ == "AudioDecoder"
        for kind in type(source).__mro__
    )


def read_decoder(decoder: Any, *, sample_rate_hz: int | None, window: Window, limits: MediaLimits) -> Samples:
    """The samples of a window, and a little beside it, at the rate that the decoder gives them.

    Args:
        decoder: Made for any rate and number of channels; it is used by one thread at a time.
        sample_rate_hz: What the caller takes the rate to be; None leaves it to the decoder.
        window: In seconds from the beginning of the sound.
        limits: How long it may be; checked before anything is decoded.

    Raises:
        InputError: `sample_rate_hz` is not the rate.
        MediaDecodeError: It cannot be decoded, or the window begins after it is over.
        MediaLimitError: The window is too long.
    """
    try:
        with lock_of(decoder):
            return _read(decoder, sample_rate_hz, window, limits)
    except MedialensError:
        raise
    except Exception as error:  # torchcodec raises all sorts of errors
        msg = f"the AudioDecoder gives no samples: {type(error).__name__}: {error}"
        raise MediaDecodeError(msg) from error


def _read(decoder: Any, asked: int | None, window: Window, limits: MediaLimits) -> Samples:
    begin = Fraction(decoder.metadata.begin_stream_seconds or 0)  # what is played first; windows count from there
    duration = Fraction(decoder.metadata.duration_seconds or 0)
    end = duration if window.end is None else window.end
    check_length(int((end - window.start) * decoder.metadata.sample_rate), decoder.metadata.sample_rate, limits)
    if window.is_whole:
        samples = decoder.get_all_samples()
    else:
        start = begin + max(window.start - _CONTEXT_SECONDS, Fraction(0))
        stop = None if window.end is None else float(begin + window.end + _CONTEXT_SECONDS)
        samples = decoder.get_samples_played_in_range(start_seconds=float(start), stop_seconds=stop)
    begins = round((Fraction(samples.pts_seconds) - begin) * samples.sample_rate)
    return canonical(samples.data, only_rate(samples.sample_rate, asked), limits, begins=max(0, begins))
