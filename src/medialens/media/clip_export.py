"""A part of a video as a file of its own, to play.

    Video, with its window --copy--> packets as they are, from the keyframe before     quick, without loss
                           --exact--> coded anew, to the frame and to the sample       slow, with a little loss

Nothing is held: packets and frames go through one by one. The new file appears at once and whole, or not at all.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

from medialens.errors import InputError, MediaError
from medialens.inputs import Video
from medialens.media.access.local_file import LocalFile
from medialens.media.limits import MediaLimits
from medialens.media.moments import Window, look_at
from medialens.media.parts.video import resolve_video
from medialens.media.resolved import selected_window
from medialens.media.source import Encoded
from medialens.media.videos.animation import iterate_animation, read_animation
from medialens.media.videos.containers import FORMATS, open_video
from medialens.media.videos.frame_reader import FrameReader, orientation_of, rgb
from medialens.media.videos.frames import Clip
from medialens.media.videos.orientation import Orientation
from medialens.media.videos.timeline import Timeline, timeline_of
from medialens.media.writing.track_copy import Pictures, copy_pictures, copy_sound, find_part
from medialens.media.writing.track_encode import TimedFrame, merge
from medialens.media.writing.video_writer import VideoWriter, appearing

TARGETS: Final = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
"""What can be written, by the end of the file's name."""

_DEFAULT_LIMITS = MediaLimits()


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExportedClip:
    """A file that was written.

    Attributes:
        path: Where it is.
        start_seconds, end_seconds: Which part of the video it shows: if `exact`, what was asked for, as far as the
            video goes; otherwise from the keyframe before it, to the end of the last frame that begins before its end
            or that such a frame cannot do without.
        exact: Whether it was coded anew.
    """

    path: Path
    start_seconds: float
    end_seconds: float
    exact: bool


def export_clip(  # noqa: PLR0913  # each is a plain choice of the caller's
    video: Video | str | Path,
    target: str | Path,
    *,
    start_seconds: float | None = None,
    end_seconds: float | None = None,
    exact: bool = False,
    limits: MediaLimits = _DEFAULT_LIMITS,
) -> ExportedClip:
    """Write a part of a video, with its sound, into a file of its own.

    A copy takes what is in the file as it is: quickly, without loss, and turned as it was held. It can only begin at a
    keyframe, which most videos have every few seconds; what is returned says where it does begin. With `exact` it is
    coded anew, H.264 and AAC (VP9 and Opus in webm), upright. Animated pictures are always coded anew.

    Example:
        >>> export_clip("film.mp4", "part.mp4", start_seconds=61, end_seconds=75, exact=True)
        >>> export_clip(segment.part, "part.mp4")

    Args:
        video: A path, or a `Video` with whatever it takes: a URL, a media reference, its own window.
        target: The new file, named .mp4, .m4v, .mov, .mkv or .webm. One that is there already is replaced, once the
            new one is whole.
        start_seconds: Where the part begins, from the first frame on; None is the window of the `Video`.
        end_seconds: Where it ends.
        exact: Whether it begins and ends exactly there.
        limits: What may be read. How many frames are decoded is up to the length that is asked for.

    Raises:
        InputError: `target` is the video itself or named otherwise; or the window is empty, or named twice.
        MediaDecodeError: The video cannot be read.
        MediaError: It is over before the part begins; or the new file cannot be written, or cannot hold such tracks.
        MissingExtraError: PyAV is not installed.
    """
    part = _with_window(video, start_seconds, end_seconds)
    path, file_format = Path(target), TARGETS.get(Path(target).suffix.lower())
    if file_format is None:
        msg = f"target={str(target)!r} must be a file named {', '.join(TARGETS)}"
        raise InputError(msg, target=str(target))
    resolved = resolve_video(part, limits)
    window, content = selected_window(part, resolved.reference), cast("Encoded | Clip", resolved.content)
    with appearing(path, sources=_sources(content)) as hidden, VideoWriter(hidden, file_format, str(path)) as writer:
        if isinstance(content, Encoded) and content.mime_type in FORMATS:
            export = _encode if exact else _copy
            start, end = export(content, window, writer, limits)
        else:
            start, end = _encode_pixels(content, window, writer, limits)
            exact = True
    return ExportedClip(path=path, start_seconds=float(start), end_seconds=float(end), exact=exact)


def _sources(content: Encoded | Clip) -> list[Path]:
    """The files that must not be overwritten."""
    if isinstance(content, Clip):
        return []
    return [Path(content.name), *([content.content.path] if isinstance(content.content, LocalFile) else [])]


def _with_window(video: Video | str | Path, start: float | None, end: float | None) -> Video:
    part = video if isinstance(video, Video) else Video(video)
    if start is None and end is None:
        return part
    if part.start_seconds is not None or part.end_seconds is not None:
        msg = f"{video!r} has a window of its own; leave out start_seconds and end_seconds, or its window"
        raise InputError(msg, start_seconds=start, end_seconds=end)
    return dataclasses.replace(part, start_seconds=start, end_seconds=end)


Span: TypeAlias = tuple[Fraction, Fraction]


def _copy(video: Encoded, window: Window, writer: VideoWriter, limits: MediaLimits) -> Span:
    with open_video(video, limits) as (container, stream), contextlib.ExitStack() as opened:
        pictures = Pictures(container, stream, timeline_of(container, stream, video, limits))
        span = _within(window, pictures.timeline.duration, video.name)
        part = find_part(pictures, video, *span)
        shown: list[Fraction] = []
        tracks = [copy_pictures(pictures, part, writer.add_copy(stream), shown)]
        if (sound := _open_sound(video, limits, opened)) is not None:
            tracks.append(copy_sound(*sound, part, writer.add_copy(sound[1])))
        writer.write(merge(*tracks))
    return part.start - pictures.origin, pictures.end_of(max(shown, default=part.start)) - pictures.origin


def _encode(video: Encoded, window: Window, writer: VideoWriter, limits: MediaLimits) -> Span:
    unlimited = dataclasses.replace(limits, max_frames=_ANY, max_clip_pixels=_ANY)
    with open_video(video, limits) as (container, stream), contextlib.ExitStack() as opened:
        timeline = timeline_of(container, stream, video, limits)
        start, end = _within(window, timeline.duration, video.name)
        reader = FrameReader(container, stream, timeline, video, unlimited)
        reader.frame_at(timeline.start + start / timeline.unit)
        fps = float(timeline.n_frames / timeline.duration)
        tracks = [writer.encode_pictures(_upright(reader, timeline, video, limits), start, end, fps)]
        if (sound := _open_sound(video, limits, opened)) is not None:
            frames = _sound_from(*sound, start, timeline.start * timeline.unit)
            tracks.append(writer.encode_sound(frames, start, end, sound[1].codec_context))
        writer.write(merge(*tracks))
    return start, end


def _encode_pixels(content: Encoded | Clip, window: Window, writer: VideoWriter, limits: MediaLimits) -> Span:
    """Of an animated picture, or of frames that were handed in."""
    if isinstance(content, Clip):
        if content.fps is None:
            raise InputError("frames without fps have no times; pass Video(..., fps=...)")
        starts, duration, name, pixels = content.starts, content.duration, "the clip", iter(content.frames)
    else:
        animation = read_animation(content, limits)
        starts, duration, name = animation.starts, animation.duration, content.name
        pixels = iterate_animation(content, animation, range(len(starts)), limits)
    start, end = _within(window, duration, name)
    frames = (
        TimedFrame(begins, writer.av.VideoFrame.from_ndarray(one, format="rgb24"))
        for begins, one in zip(starts, pixels, strict=True)
    )
    writer.write(merge(writer.encode_pictures(frames, start, end, float(len(starts) / duration))))
    return start, end


_ANY = 2**62


def _within(window: Window, duration: Fraction, name: str) -> Span:
    """The part of the video that is meant; an error if it is over before."""
    look_at(window, duration, 1, repr(name))
    if not duration:
        msg = f"{name!r} lasts 0 seconds: nothing moves in it"
        raise MediaError(msg, source=name)
    return window.start, duration if window.end is None else min(window.end, duration)


def _open_sound(video: Encoded, limits: MediaLimits, opened: contextlib.ExitStack) -> tuple[Any, Any] | None:
    """The file once more, for its sound: tracks are read independently, and may be far apart in it."""
    container, pictures = opened.enter_context(open_video(video, limits))
    sound = container.streams.best("audio")
    if sound is None:
        return None
    sound.discard, pictures.discard = pictures.discard, sound.discard
    return container, sound


def _sound_from(container: Any, stream: Any, start: Fraction, origin: Fraction) -> Iterator[TimedFrame]:
    unit = Fraction(stream.time_base)
    container.seek(int((origin + start - 1) / unit), stream=stream)  # decoders take a moment to get going
    for frame in container.decode(stream):
        if frame.pts is not None and frame.samples:
            yield TimedFrame(frame.pts * unit - origin, frame)


def _upright(reader: FrameReader, timeline: Timeline, video: Encoded, limits: MediaLimits) -> Iterator[TimedFrame]:
    for start, frame in reader.onwards():
        upright = frame
        if orientation_of(frame) != Orientation():
            upright = type(frame).from_ndarray(rgb(frame, repr(video.name), limits), format="rgb24")
        yield TimedFrame((start - timeline.start) * timeline.unit, upright)
