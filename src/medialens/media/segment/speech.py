"""Speech in words: a sound in pieces to a `Recogniser`; and one, by faster-whisper (extra ``whisper``).

sound |------ 10 minutes, up to a quiet moment ------|------ ... ------|---|   never all of it in memory
          recogniser -> texts, times from 0                 + when the piece begins
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from medialens.errors import InputError
from medialens.extras import require
from medialens.media.limits import MediaLimits
from medialens.media.moments import Window
from medialens.media.segment.subtitles import TimedText
from medialens.media.segment.transcript import RECOGNISED_RATE_HZ, Recogniser
from medialens.media.sounds.audio import load_sound
from medialens.media.sounds.file import open_sound
from medialens.media.sounds.waveforms import Mono
from medialens.media.source import Encoded

PIECE_SECONDS = 600
"""Of sound that a recogniser is given at a time: 38 MB."""

_SEARCHED_SECONDS = 30  # at the end of a piece, for a moment at which nobody speaks
_MOMENT_SECONDS = 0.25
_ROUNDING = RECOGNISED_RATE_HZ // 100


def recognise(sound: Encoded, recogniser: Recogniser, limits: MediaLimits) -> tuple[TimedText, ...]:
    """What is said in a sound or video, in order of time; the recogniser is given some minutes of it at a time.

    Raises:
        InputError: The recogniser gives something else than `TimedText`.
        MediaError: The sound cannot be decoded, or the limits forbid it.
        MissingExtraError: It needs PyAV, which is not installed.
    """
    said: list[TimedText] = []
    text: Any
    for start, samples in _pieces(sound, limits):
        for text in recogniser(samples):
            if not isinstance(text, TimedText):
                msg = f"the recogniser {recogniser!r:.80} gave {text!r:.80}; expected TimedText"
                raise InputError(msg, value=text)
            begins, ends = (max(0.0, start + seconds) for seconds in (text.start_seconds, text.end_seconds))
            said.append(TimedText(begins, ends, text.text))
    return tuple(sorted(said, key=lambda text: text.start_seconds))


def _pieces(sound: Encoded, limits: MediaLimits) -> Iterator[tuple[float, Mono]]:
    """The sound in pieces, and when each begins in seconds of the medium's own time."""
    with open_sound(sound, limits) as track:
        begins = track.delay  # of a video, from its first picture
    start = Fraction(0)
    while True:
        window = Window(start, start + PIECE_SECONDS)
        samples = load_sound(sound, sample_rate_hz=RECOGNISED_RATE_HZ, window=window, limits=limits).samples
        is_last = len(samples) < (start + PIECE_SECONDS - begins) * RECOGNISED_RATE_HZ - _ROUNDING
        piece = samples if is_last else samples[: _quiet_end(samples)]
        yield float(begins), piece
        if is_last:
            return
        start = begins = begins + Fraction(len(piece), RECOGNISED_RATE_HZ)


def _quiet_end(samples: Mono) -> int:
    """How many samples there are up to the middle of the quietest moment near the end, the last of several."""
    length = round(_MOMENT_SECONDS * RECOGNISED_RATE_HZ)
    n_moments = round(_SEARCHED_SECONDS / _MOMENT_SECONDS)
    moments = samples[-n_moments * length :].reshape(n_moments, length)
    loudness = np.square(moments, dtype=np.float64).mean(axis=1)
    quietest = n_moments - 1 - int(loudness[::-1].argmin())
    return len(samples) - (n_moments - quietest) * length + length // 2


class Whisper:
    """Hears what is said with a Whisper model, on this machine.

    The model is loaded when the first sound is heard, once for this object, and downloaded if it is not a folder.

    Args:
        model: A size that faster-whisper knows, such as ``small``, or a folder.
        language: Two letters, such as ``en``; None finds out.
        device: ``cpu``, ``cuda``, or ``auto``.
        compute_type: In which numbers it computes; see faster-whisper.
    """

    def __init__(
        self,
        model: str = "small",
        *,
        language: str | None = None,
        device: str = "auto",
        compute_type: str = "default",
    ) -> None:
        self.model = model
        self.language = language
        self._options = {"device": device, "compute_type": compute_type}
        self._lock = threading.Lock()
        self._loaded: Any = None

    def __call__(self, samples: Mono) -> Iterator[TimedText]:
        """What is said in the samples, 16,000 a second; stretches without speech are skipped.

        Raises:
            MissingExtraError: faster-whisper is not installed.
        """
        segments, _ = self._load().transcribe(samples, language=self.language, vad_filter=True)
        for segment in segments:
            start = max(0.0, float(segment.start))
            if text := str(segment.text).strip():
                yield TimedText(start, max(start, float(segment.end)), text)

    def _load(self) -> Any:
        with self._lock:
            if self._loaded is None:
                whisper = require("faster_whisper", extra="whisper", to="Recognising speech")
                self._loaded = whisper.WhisperModel(self.model, **self._options)
            return self._loaded
