"""The track of sound of an opened file: one channel, from any sample on, each sample where the file's times put it.

    packets --seek to a second before it--> frames, decoded --placed by their times--> mono samples

Samples are numbered from the first one that is heard: what a coder put before it to start up is left out, as the file
says. Holes in the file's times are silence.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from medialens.errors import MediaDecodeError, MediaLimitError
from medialens.media.limits import MediaLimits
from medialens.media.sounds.clock import number_of
from medialens.media.sounds.riff import says_no_length
from medialens.media.sounds.waveforms import Mono, fold, to_unit_range
from medialens.media.source import Encoded

_PREROLL_SECONDS = 1
"""Decoded and thrown away before the first sample that is wanted: mp3 borrows bits from earlier frames, and Opus needs
some 0.4 seconds until nothing is left of where it began."""

_WORTH_A_LEAP_SECONDS = 5
_N_TIMED = 50
"""Frames whose times are compared where times are coarse."""

_PAGE_SECONDS = 8
"""The longest pages of Ogg that are met. Only a page says when its last frame is over: after a leap FFmpeg guesses the
times of the first one, and is put right by the next."""

_HOLE_SECONDS = Fraction(1, 20)
"""Frames that are closer together than this follow each other: some formats tell times in whole milliseconds."""

_SILENCE = 1 << 16

_BAD_SHARE = 50
"""One packet in so many may be undecodable: files in the wild carry tags of all sorts among their frames."""

_BROADCASTS = frozenset({"mpegts", "flv"})
"""These may begin and end in the middle of a packet."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class SoundTrack:
    """A track of sound; its samples can be read once.

    Attributes:
        sound: The file, for messages.
        container, stream: PyAV's.
        limits: How long it may be.
        frames: The decoded frames after `first`.
        first: Its first decoded frame.
        delay: When its first sample is heard, in seconds of the medium's own time.
    """

    sound: Encoded
    container: Any
    stream: Any
    limits: MediaLimits
    frames: Iterator[Any]
    first: Any
    delay: Fraction

    @property
    def sample_rate_hz(self) -> int:
        """Of all its frames."""
        return int(self.first.sample_rate)

    def chunks(self, start: int) -> Iterator[Mono]:
        """The samples from number `start` on, to the end.

        Raises:
            MediaDecodeError: Damaged, or it changes its rate.
            MediaLimitError: It is longer than `limits.max_seconds`.
        """
        for at, samples in self._placed(self._frames_before(start)):
            if at + len(samples) > start:
                yield samples[max(0, start - at) :]

    def _frames_before(self, start: int) -> Iterator[tuple[int | None, Any]]:
        """Frames that begin some time before sample `start`; the first one with its number."""
        if start > _WORTH_A_LEAP_SECONDS * self.sample_rate_hz and self._seeks_truly():
            return self._leap(start)
        return _numbered(0, itertools.chain([self.first], self.frames))

    def _seeks_truly(self) -> bool:
        """Of compressed wav files FFmpeg guesses the times from the number of bytes."""
        return bool(self.container.format.name != "wav" or self.stream.codec_context.name.startswith("pcm_"))

    @property
    def _guesses(self) -> bool:
        """Whether FFmpeg guesses the times that come first after a leap."""
        return bool(self.container.format.name == "ogg")

    def _leap(self, start: int) -> Iterator[tuple[int | None, Any]]:
        rate, unit = self.sample_rate_hz, Fraction(self.stream.time_base) * self.sample_rate_hz
        begun = [self.first, *itertools.islice(self.frames, _N_TIMED if unit > 1 else 0)]
        early = _PREROLL_SECONDS + (_PAGE_SECONDS if self._guesses else 0)
        self._seek(self.first.pts + max(0, int((start - early * rate) / unit)))
        frames = decoded(self.container, self.stream, self.sound)
        next(frames, None)  # it may be cut short, as if the file began here
        lead = list(_some(frames, early * rate))
        number = number_of(lead, begun, unit, is_guessed=self._guesses)
        if not lead or (number is not None and number <= start):  # at the end there is nothing to lead
            return _numbered(number or 0, itertools.chain(lead, frames))
        self._seek(min(0, self.first.pts))  # the file's index was wrong: read it from its beginning
        frames = decoded(self.container, self.stream, self.sound)
        first = next(frames, self.first)
        return _numbered(round(((first.pts or 0) - self.first.pts) * unit), itertools.chain([first], frames))

    def _seek(self, time: int) -> None:
        self.container.seek(time, stream=self.stream)

    def _placed(self, frames: Iterable[tuple[int | None, Any]]) -> Iterator[tuple[int, Mono]]:
        """Samples and the number of the first of them; silence where the times leave a hole."""
        rate, unit = self.sample_rate_hz, Fraction(self.stream.time_base) * self.sample_rate_hz
        longest, hole = self.limits.max_seconds * rate, max(_HOLE_SECONDS * rate, 2 * unit)
        at, base = 0, None
        for number, frame in frames:
            self._check_rate(frame.sample_rate)
            at = at if number is None else number
            if frame.pts is not None:
                base = base or (at, frame.pts)
                gap = base[0] + round((frame.pts - base[1]) * unit) - at
                if abs(gap) > hole:
                    base = (at + max(gap, 0), frame.pts)
                    yield from _silence(at, int(min(base[0], longest + 1)))
                    at = base[0]
            if at > longest:
                raise too_long(at / rate, self.sound, self.limits)
            samples = to_mono(frame)
            yield at, samples
            at += len(samples)

    def _check_rate(self, rate_hz: int) -> None:
        if rate_hz != self.sample_rate_hz:
            msg = (
                f"{self.sound.name!r} changes its sample rate from {self.sample_rate_hz} to {rate_hz} Hz on the way; "
                "convert it to one rate first"
            )
            raise MediaDecodeError(msg, source=self.sound.name, mime_type=self.sound.mime_type)


def decoded(container: Any, stream: Any, sound: Encoded) -> Iterator[Any]:
    """The frames of a track, from where the container is.

    Raises:
        MediaDecodeError: It is cut off, or more of it is damaged than files in the wild are.
    """
    n_good = n_bad = 0
    for packet in container.demux(stream):
        if packet.is_corrupt and not _may_end_anywhere(container, sound):
            raise _damaged(sound)
        try:
            frames = packet.decode()
        except Exception as error:  # PyAV raises all sorts of errors
            n_bad += 1
            if n_bad > 2 + n_good // _BAD_SHARE:
                raise _damaged(sound) from error
            continue
        n_good += 1
        yield from frames


def _may_end_anywhere(container: Any, sound: Encoded) -> bool:
    """Whether a packet that is not whole is no sign that something is missing."""
    if container.format.name != "wav":
        return container.format.name in _BROADCASTS
    with sound.open() as file:
        return says_no_length(file)


def to_mono(frame: Any) -> Mono:
    """The samples of a decoded frame in -1..1, the mean of its channels."""
    values = frame.to_ndarray()
    if not frame.format.is_planar:
        values = values.reshape(frame.samples, -1).T
    return fold(to_unit_range(values))


def too_long(seconds: float, sound: Encoded, limits: MediaLimits) -> MediaLimitError:
    """The error for a sound that is longer than `limits.max_seconds`."""
    msg = (
        f"{sound.name!r} lasts {seconds:.0f} seconds or more, above the limit of {limits.max_seconds:.0f} "
        "(MediaLimits.max_seconds); raise it, or cut the file into shorter ones"
    )
    return MediaLimitError(msg, limit="max_seconds", value=seconds, maximum=limits.max_seconds, source=sound.name)


def _some(frames: Iterator[Any], n_samples: int) -> Iterator[Any]:
    """The next frames, of so many samples together or a little more."""
    while n_samples > 0 and (frame := next(frames, None)) is not None:
        yield frame
        n_samples -= max(1, frame.samples)


def _numbered(number: int, frames: Iterable[Any]) -> Iterator[tuple[int | None, Any]]:
    numbers: Iterator[int | None] = itertools.chain([number], itertools.repeat(None))
    return zip(numbers, frames, strict=False)


def _silence(start: int, end: int) -> Iterator[tuple[int, Mono]]:
    for at in range(start, end, _SILENCE):
        yield at, np.zeros(min(_SILENCE, end - at), dtype=np.float32)


def _damaged(sound: Encoded) -> MediaDecodeError:
    msg = f"{sound.name!r} is cut off or damaged: parts of its sound cannot be decoded"
    return MediaDecodeError(msg, source=sound.name, mime_type=sound.mime_type)
