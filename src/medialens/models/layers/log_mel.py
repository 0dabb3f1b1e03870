"""Log-mel spectrograms: how loud a sound is, in decibels, moment by moment and pitch by pitch.

samples --reflected at both ends, frames of fft_size every hop--> |Hann-windowed spectrum|^2 --mel--> 10 log10
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

_FRAMES_AT_ONCE = 1024
_QUIETEST = 1e-10
"""Power below it counts as this much: -100 dB."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LogMel:
    """A spectrogram's settings. Values only: any number of threads may use it.

    Attributes:
        hop: Samples from the middle of one frame to that of the next.
        filters: float64 (bins, mels): how much of each frequency belongs to each mel; there are 1 + fft_size / 2 bins.
    """

    hop: int
    filters: npt.NDArray[np.float64]

    @property
    def fft_size(self) -> int:
        """Samples of one frame."""
        return 2 * (len(self.filters) - 1)

    def n_frames(self, n_samples: int) -> int:
        """How many frames so many samples make."""
        return 1 + n_samples // self.hop

    def __call__(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The spectrogram, (frames, mels).

        Computed in float64, because next to a loud tone float32 would turn silence into noise above the quietest that
        counts. The spectrum is rounded to complex64, as by ``transformers.audio_utils.spectrogram``, whose numbers
        these are; that goes through Python frame by frame, this does not.

        Args:
            samples: More than half a frame of them.
        """
        size = self.fft_size
        padded = np.pad(samples, size // 2, mode="reflect")
        frames = np.lib.stride_tricks.sliding_window_view(padded, size)[:: self.hop]
        hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)  # periodic
        result = np.empty((len(frames), self.filters.shape[1]), dtype=np.float32)
        for at in range(0, len(frames), _FRAMES_AT_ONCE):
            part = slice(at, at + _FRAMES_AT_ONCE)
            spectrum = np.fft.rfft(frames[part].astype(np.float64) * hann).astype(np.complex64)
            power = np.abs(spectrum).astype(np.float64) ** 2
            result[part] = 10 * np.log10(np.maximum(power @ self.filters, _QUIETEST))
        return result
