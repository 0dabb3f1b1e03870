"""Frames and sound of a part of a video, coded anew: cut exactly where it is asked for.

    frames  [f0        )[f1   )[f2        )[f3           each shown until the next one
                  [ asked for       )
    coded         [f0  )[f1   )[f2  )                    times from 0, the first and the last one cut to fit

How long a frame lasts is kept, so videos whose frames last differently long stay as they are.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple

import numpy as np

from medialens.errors import MediaError
from medialens.media.writing.track_copy import Written

_UNIT = Fraction(1, 60_000)
"""Of the new file's times: frames at 25, 29.97, 30 and 60 a second last a whole number of them; no codec refuses it."""

_DRIFT_SECONDS = Fraction(1, 20)
"""Sounds whose times are off by less follow each other: some formats tell times in whole milliseconds."""

_SPEEDS = (8_000, 12_000, 16_000, 24_000, 48_000)  # samples a second that both Opus and AAC take

_PICTURE_CODECS: Final[Mapping[str, Sequence[tuple[str, Mapping[str, str]]]]] = {
    "webm": (("libvpx-vp9", {"crf": "30", "b": "0", "deadline": "realtime", "cpu-used": "5", "lag-in-frames": "0"}),),
    "": (("libx264", {"crf": "20", "preset": "veryfast"}), ("mpeg4", {"qmin": "2", "qmax": "5"})),
}
"""By format, "" for all others: what is tried, the first one that the installed PyAV has."""

_SOUND_CODECS: Final[Mapping[str, str]] = {"webm": "libopus", "": "aac"}


_N_THREADS = 2
"""Each holds several frames."""


class TimedFrame(NamedTuple):
    """A picture or a stretch of sound, as PyAV has it, and when it begins, in seconds."""

    start: Fraction
    frame: Any


def picture_stream(av: Any, output: Any, first: Any, fps: float) -> Any:
    """A track of pictures in the new file, for frames like the first one.

    Raises:
        MediaError: The installed PyAV has no codec for it.
    """
    name, options = next(
        ((name, options) for name, options in _chosen(_PICTURE_CODECS, output) if _is_there(av, name)), ("", {})
    )
    if not name:
        msg = f"the installed PyAV has no codec to write {output.format.name} with; export without exact=True"
        raise MediaError(msg)
    stream = output.add_stream(name, rate=Fraction(max(1.0, fps)).limit_denominator(1001), options=dict(options))
    # Two pixels share their colour, so sides are even.
    stream.width, stream.height = max(2, first.width // 2 * 2), max(2, first.height // 2 * 2)
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = _UNIT
    # Frames in the order in which they are shown: otherwise how long they last cannot be told truly in mp4.
    stream.codec_context.max_b_frames = 0
    stream.codec_context.thread_count = _N_THREADS
    return stream


def sound_stream(output: Any, rate_hz: int, n_channels: int) -> Any:
    """A track of sound in the new file, of one or two channels."""
    rate = min((rate for rate in _SPEEDS if rate >= rate_hz), default=_SPEEDS[-1])
    return output.add_stream(_chosen(_SOUND_CODECS, output), rate=rate, layout="mono" if n_channels == 1 else "stereo")


def encode_pictures(frames: Iterable[TimedFrame], start: Fraction, end: Fraction, stream: Any) -> Iterator[Written]:
    """The packets of the frames from `start` to `end`; the first frame may have begun before."""
    lengths: dict[int, int] = {}
    for begins, ends, frame in _spans(frames, start, end):
        first, last = round((begins - start) / _UNIT), round((ends - start) / _UNIT)
        if last <= first:
            continue
        lengths[first] = last - first
        picture = frame.reformat(width=stream.width, height=stream.height, format="yuv420p")
        picture.pts, picture.time_base = first, _UNIT
        picture.pict_type = 0  # where keyframes are is up to the new file
        yield from _packets(stream, picture, lengths)
    yield from _packets(stream, None, lengths)


def encode_sound(frames: Iterable[TimedFrame], start: Fraction, end: Fraction, stream: Any) -> Iterator[Written]:
    """The packets of the sound from `start` to `end`, cut to the sample."""
    expected: Fraction | None = None
    for begins, frame in frames:
        if begins >= end:
            break
        rate = frame.sample_rate
        low = max(0, round((start - begins) * rate))
        high = min(frame.samples, round((end - begins) * rate))
        if high <= low:
            continue
        piece = _cut(frame, low, high)
        at = begins + Fraction(low, rate) - start
        at = expected if expected is not None and abs(at - expected) < _DRIFT_SECONDS else at
        piece.pts, piece.time_base = round(at * rate), Fraction(1, rate)
        expected = at + Fraction(high - low, rate)
        yield from _packets(stream, piece, {})
    yield from _packets(stream, None, {})


def merge(*tracks: Iterator[Written]) -> Iterator[Any]:
    """The packets of all tracks in the order of their times, so that players need not leap about in the file."""
    return (written.packet for written in heapq.merge(*tracks, key=lambda written: written.time))


def _chosen(table: Mapping[str, Any], output: Any) -> Any:
    return table.get(output.format.name, table[""])


def _is_there(av: Any, codec: str) -> bool:
    try:
        av.codec.Codec(codec, "w")
    except ValueError:  # PyAV's UnknownCodecError
        return False
    return True


def _spans(frames: Iterable[TimedFrame], start: Fraction, end: Fraction) -> Iterator[tuple[Fraction, Fraction, Any]]:
    """When each frame begins and ends within the part."""
    shown: TimedFrame | None = None
    for following in frames:
        if following.start >= end:
            break
        if shown is not None and following.start > start:
            yield max(start, shown.start), following.start, shown.frame
        shown = following
    if shown is not None:
        yield max(start, shown.start), end, shown.frame


def _packets(stream: Any, frame: Any, lengths: dict[int, int]) -> Iterator[Written]:
    try:
        packets = stream.encode(frame)
    except Exception as error:  # PyAV raises all sorts of errors
        name = stream.codec_context.name
        msg = f"{name} cannot code it anew: {type(error).__name__}: {error}; export without exact=True"
        raise MediaError(msg) from error
    for packet in packets:
        # Otherwise the last frame would last as long as the one before it.
        packet.duration = lengths.pop(packet.pts, packet.duration)
        yield Written(packet.dts * packet.time_base, packet)


def _cut(frame: Any, low: int, high: int) -> Any:
    """The samples from `low` to `high`, as a frame."""
    if high - low == frame.samples:
        return frame
    values = frame.to_ndarray()
    if not frame.format.is_planar:
        n_channels = values.size // frame.samples
        low, high = low * n_channels, high * n_channels
    piece = type(frame).from_ndarray(
        np.ascontiguousarray(values[:, low:high]), format=frame.format.name, layout=frame.layout.name
    )
    piece.sample_rate = frame.sample_rate
    return piece
