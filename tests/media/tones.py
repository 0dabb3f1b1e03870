"""Sounds as files, for the tests of sounds: tones whose every sample can be computed."""

from __future__ import annotations

import dataclasses
import io
import wave
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kind:
    """How a sound is written.

    Attributes:
        container, codec, sample_format: In FFmpeg's words.
        mime_type: What its first bytes tell.
        lossless: Whether its samples come back as 16 bits held them.
        options: Of the codec.
    """

    container: str
    codec: str
    sample_format: str
    mime_type: str
    lossless: bool = False
    options: dict[str, str] = dataclasses.field(default_factory=dict)


KINDS: dict[str, Kind] = {
    "wav": Kind(container="wav", codec="pcm_s16le", sample_format="s16", mime_type="audio/wav", lossless=True),
    "wav of floats": Kind(
        container="wav", codec="pcm_f32le", sample_format="flt", mime_type="audio/wav", lossless=True
    ),
    "wav of 24 bits": Kind(
        container="wav", codec="pcm_s24le", sample_format="s32", mime_type="audio/wav", lossless=True
    ),
    "compressed wav": Kind(container="wav", codec="adpcm_ms", sample_format="s16", mime_type="audio/wav"),
    "aiff": Kind(container="aiff", codec="pcm_s16be", sample_format="s16", mime_type="audio/aiff", lossless=True),
    "flac": Kind(container="flac", codec="flac", sample_format="s16", mime_type="audio/flac", lossless=True),
    "alac": Kind(container="ipod", codec="alac", sample_format="s16p", mime_type="audio/mp4", lossless=True),
    "mp3": Kind(container="mp3", codec="libmp3lame", sample_format="fltp", mime_type="audio/mpeg"),
    "mp3 of any rate": Kind(
        container="mp3", codec="libmp3lame", sample_format="fltp", mime_type="audio/mpeg", options={"q": "3"}
    ),
    "mp3 without index": Kind(
        container="mp3",
        codec="libmp3lame",
        sample_format="fltp",
        mime_type="audio/mpeg",
        options={"write_xing": "0", "id3v2_version": "0"},
    ),
    "m4a": Kind(container="ipod", codec="aac", sample_format="fltp", mime_type="audio/mp4"),
    "mp4": Kind(container="mp4", codec="aac", sample_format="fltp", mime_type="audio/mp4"),
    "adts": Kind(container="adts", codec="aac", sample_format="fltp", mime_type="audio/aac"),
    "caf": Kind(container="caf", codec="pcm_s16be", sample_format="s16", mime_type="audio/x-caf", lossless=True),
    "au": Kind(container="au", codec="pcm_s16be", sample_format="s16", mime_type="audio/basic", lossless=True),
    "opus": Kind(container="ogg", codec="libopus", sample_format="flt", mime_type="audio/ogg"),
    "ogg of flac": Kind(container="ogg", codec="flac", sample_format="s16", mime_type="audio/ogg", lossless=True),
    "webm": Kind(container="webm", codec="libopus", sample_format="flt", mime_type="video/webm"),
    "mkv": Kind(container="matroska", codec="libmp3lame", sample_format="fltp", mime_type="video/x-matroska"),
    "avi": Kind(container="avi", codec="libmp3lame", sample_format="fltp", mime_type="video/x-msvideo"),
    "ts": Kind(container="mpegts", codec="libmp3lame", sample_format="fltp", mime_type="video/mp2t"),
}


def tone(
    seconds: float, rate: int = 48_000, *, hz: float = 440.0, amplitude: float = 0.4, phase: float = 0.0
) -> Floats:
    """A sine that begins at `phase` radians."""
    return amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate + phase)


def chirp(seconds: float, rate: int = 48_000) -> Floats:
    """A tone that rises from 200 Hz on: every moment is another."""
    times = np.arange(round(seconds * rate)) / rate
    return 0.4 * np.sin(2 * np.pi * (200 + 60 * times) * times)


def write_wav(samples: Floats, rate: int) -> bytes:
    """16 bits, by Python's own module; (samples,) or (channels, samples)."""
    channels = np.atleast_2d(samples)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(len(channels))
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(np.round(channels.T * 32767).astype("<i2").tobytes())
    return file.getvalue()


def write_sound(samples: Floats, rate: int, kind: str = "wav") -> bytes:
    """(samples,) or (channels, samples) as a file, by PyAV."""
    av = pytest.importorskip("av", reason="PyAV writes files of sound")
    how, channels = KINDS[kind], np.atleast_2d(samples)
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[len(channels)]
    container_options = {key: one for key, one in how.options.items() if key.startswith(("write_", "id3"))}
    file = io.BytesIO()
    with av.open(file, "w", format=how.container, options=container_options) as container:
        stream = container.add_stream(how.codec, rate=rate, layout=layout, format=how.sample_format)
        if "q" in how.options:
            stream.codec_context.qscale = True
            stream.codec_context.global_quality = 118 * int(how.options["q"])
        resampler = av.AudioResampler(format=how.sample_format, layout=layout, rate=rate)
        for frame in frames_of(av, channels, rate, layout):
            for ready in resampler.resample(frame):
                container.mux(stream.encode(ready))
        container.mux(stream.encode(None))
    return file.getvalue()


def frames_of(av: Any, channels: Floats, rate: int, layout: str, *, start: int = 0) -> Iterator[Any]:
    """Frames of 1024 samples, the first one at sample `start`."""
    for at in range(0, channels.shape[1], 1024):
        piece = np.ascontiguousarray(channels[:, at : at + 1024], dtype=np.float32)
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, start + at, Fraction(1, rate)
        yield frame
