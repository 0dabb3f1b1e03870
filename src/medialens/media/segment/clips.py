"""A video, clip by clip: by windows, by scenes, or where the caller says. The store holds the one file."""

from __future__ import annotations

import bisect
import dataclasses
import math
import numbers
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

from medialens.errors import InputError, MediaDecodeError
from medialens.inputs import Video
from medialens.media.decoded import DecodedImage
from medialens.media.limits import MediaLimits
from medialens.media.moments import Window, look_at
from medialens.media.pictures.image import measure_image
from medialens.media.probing import probe_video
from medialens.media.segment.scenes import SMALL_SIDE, SceneSettings, cut_scenes, find_cuts
from medialens.media.segment.segment import Segment
from medialens.media.segment.speech import recognise
from medialens.media.segment.transcript import Recogniser, Transcript, read_transcript, said_in
from medialens.media.segment.whole import Whole, keep_whole
from medialens.media.segment.windows import cut_windows
from medialens.media.source import Encoded, read_part
from medialens.media.store import MediaStore, open_store
from medialens.media.videos.animation import read_animation
from medialens.media.videos.containers import FORMATS
from medialens.media.videos.stills import iterate_small, iterate_stills
from medialens.media.writing.render import thumbnail

WINDOW_SECONDS = 10.0
_OVERLAP = 0.5
"""Of a window, unless it is said otherwise."""

_THUMBNAIL_SIDE = 320
_MIDDLE_HALF = ((2, 0), (1, 0), (2, 1))  # the middles of its halves and its own, as (parts, which)
_DEFAULT_LIMITS = MediaLimits()

Span: TypeAlias = tuple[float, float]
Times: TypeAlias = Sequence[float] | Sequence[Span]
"""When to cut, as moments; or the clips themselves, as (start, end)."""


def split_clips(  # noqa: PLR0913  # each is a plain choice of the caller's
    path: Whole,
    *,
    store: MediaStore | str | Path | None = None,
    window_seconds: float = WINDOW_SECONDS,
    overlap_seconds: float | None = None,
    scenes: bool | SceneSettings = False,
    times: Times | None = None,
    n_frames: int = 4,
    thumbnails: bool = True,
    transcript: Transcript | None = None,
    copy: bool = False,
    limits: MediaLimits = _DEFAULT_LIMITS,
) -> list[Segment]:
    """The clips of a video or animated picture, each a reference ``#t=start,end`` to it, with what is said in it.

    Times are seconds from the first frame on, whatever the file's own clock says and however long its frames last.

    Args:
        path: A file, or a URL that `limits` allow; a reference to what the store has; or the bytes of a file, a data
            URI or an open file, which are put into the store.
        store: Where it is registered, and thumbnails are put; None is the default store.
        window_seconds: Clips of this length; see `cut_windows`.
        overlap_seconds: How much of a clip is in the next one as well; None is half of it.
        scenes: Cut where a new shot begins instead (extra ``scenes``), with these settings or the default ones.
        times: Cut at these moments instead; or take these clips, (start, end) each, in the order given.
        n_frames: How many frames stand for a clip: `Segment.frame_times` are the moments that a model which looks at so
            many is shown.
        thumbnails: Whether to put a picture of each clip into the store: a JPEG of at most 320 pixels a side, of a
            keyframe near its middle, or else of the frame in the middle.
        transcript: What is said: a list of `TimedText`, the path of a .srt or .vtt file, ``"beside"`` for the one that
            lies beside the video and has its name, or a `Recogniser`. See `said_in` for which clip has what.
        copy: Keep the bytes in the store. Otherwise the store points to the file.
        limits: What may be read and decoded.

    Raises:
        MediaDecodeError: It is no video, corrupt, or without frames; or the subtitles are malformed.
        MediaLimitError: It is longer than `limits.max_seconds`, or would be too many clips.
        MediaNotFoundError: There is no such file, or no subtitles beside it.
        InputError: Arguments that do not go together, or `times` outside of the video.
        MissingExtraError: PyAV, or for `scenes` PySceneDetect, is not installed.
    """
    if times is not None and scenes:
        raise InputError("scenes= and times= both say where to cut; pass one of them", times=times)
    media = open_store(store)
    whole = keep_whole(path, media, copy=copy, limits=limits)
    clip = read_part(Video(str(whole), store=media), limits)
    facts = _facts(clip, limits)
    if times is not None:
        windows = _given(times, facts, clip.name)
    elif scenes:
        windows = _scenes(scenes if isinstance(scenes, SceneSettings) else SceneSettings(), clip, facts, limits)
    else:
        windows = cut_windows(
            float(facts.duration),
            window_seconds=window_seconds,
            overlap_seconds=overlap_seconds,
            usual_overlap=_OVERLAP,
        )
    segments = [
        Segment(
            reference=dataclasses.replace(whole, start_seconds=window[0], end_seconds=window[1]),
            store=media,
            source=media.source(whole),
            text=said,
            width=facts.width,
            height=facts.height,
            fps=facts.fps,
            frame_times=_moments(window, facts, n_frames, clip.name),
        )
        for window, said in zip(windows, _said(windows, transcript, clip, facts, limits), strict=True)
    ]
    return _with_thumbnails(segments, clip, facts, limits) if thumbnails else segments


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Facts:
    """What is known of a clip before it is decoded; times in seconds."""

    duration: Fraction
    width: int
    height: int
    fps: float
    keyframes: Sequence[float] = ()
    has_audio: bool = False


def _facts(clip: Encoded, limits: MediaLimits) -> _Facts:
    if clip.mime_type in FORMATS:
        facts = probe_video(clip, limits)
        duration = Fraction(facts.duration_seconds).limit_denominator(1_000_000)
        if not duration:
            raise _nothing_moves(clip)
        return _Facts(
            duration=duration,
            width=facts.width,
            height=facts.height,
            fps=facts.fps,
            keyframes=facts.keyframe_times,
            has_audio=facts.has_audio,
        )
    duration, n_frames = Fraction(0), 0
    if clip.mime_type.startswith("image/"):
        animation = read_animation(clip, limits)
        duration, n_frames = animation.duration, len(animation.durations)
    if not duration:
        raise _nothing_moves(clip)
    width, height = measure_image(clip, limits)
    return _Facts(duration=duration, width=width, height=height, fps=float(n_frames / duration))


def _nothing_moves(clip: Encoded) -> MediaDecodeError:
    msg = f"{clip.name!r} holds {clip.mime_type}, in which nothing moves; expected a video or an animated picture"
    return MediaDecodeError(msg, source=clip.name, mime_type=clip.mime_type)


def _scenes(settings: SceneSettings, clip: Encoded, facts: _Facts, limits: MediaLimits) -> list[Span]:
    cuts = find_cuts(iterate_small(clip, SMALL_SIDE, limits), settings)
    return cut_scenes(cuts, float(facts.duration), settings)


def _given(times: Times, facts: _Facts, name: str) -> list[Span]:
    """The clips that the caller named."""
    duration, given = float(facts.duration), list(times)
    spans: list[Any] = given
    if given and all(_is_number(moment) for moment in given):
        moments = [moment for moment in given if isinstance(moment, numbers.Real)]
        spans = list(zip([0.0, *moments], [*moments, duration], strict=True))
    for index, span in enumerate(spans):
        is_span = isinstance(span, Sequence) and len(span) == 2 and all(map(_is_number, span))  # noqa: PLR2004  # a pair
        if not is_span or not 0 <= span[0] < min(span[1], duration) or round(span[0], 3) >= round(span[1], 3):
            msg = (
                f"times={times!r:.80}: clip {index} would be {span!r:.40}, and {name!r} lasts {duration:.3f} seconds; "
                "expected moments within it, ascending, or clips (start, end) that begin within it"
            )
            raise InputError(msg, index=index, times=times, duration_seconds=duration)
    return [(float(start), min(float(end), max(duration, float(start) + 0.001))) for start, end in spans]


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, numbers.Real) and math.isfinite(value)


def _said(
    windows: Sequence[Span], transcript: Transcript | None, clip: Encoded, facts: _Facts, limits: MediaLimits
) -> list[str]:
    if transcript is None:
        return [""] * len(windows)
    if isinstance(transcript, Recogniser):
        return said_in(windows, recognise(clip, transcript, limits) if facts.has_audio else ())
    return said_in(windows, read_transcript(transcript, clip.name, limits))


def _moments(span: Span, facts: _Facts, n_frames: int, name: str) -> tuple[float, ...]:
    return tuple(float(moment) for moment in look_at(Window.of(*span), facts.duration, n_frames, name))


def _with_thumbnails(segments: Sequence[Segment], clip: Encoded, facts: _Facts, limits: MediaLimits) -> list[Segment]:
    """With a picture each, in one pass over the video."""
    looks = [_near_middle(segment, facts, clip.name) for segment in segments]
    in_time = sorted(range(len(segments)), key=looks.__getitem__)
    done = list(segments)
    for at, pixels in zip(in_time, iterate_stills(clip, [looks[at] for at in in_time], limits), strict=True):
        picture = thumbnail(DecodedImage(pixels=pixels, digest=""), _THUMBNAIL_SIDE, picture_format="jpeg")
        reference = done[at].store.put(picture, mime_type="image/jpeg")
        done[at] = dataclasses.replace(done[at], thumbnail=reference)
    return done


def _near_middle(segment: Segment, facts: _Facts, name: str) -> Fraction:
    """When the frame is on show that a clip is known by.

    A keyframe in the middle half of the clip will do, if there is one: all others cost decoding what lies before them,
    some hundred frames.
    """
    window = Window.of(segment.reference.start_seconds, segment.reference.end_seconds)
    early, middle, late = (look_at(window, facts.duration, n_frames, name)[at] for n_frames, at in _MIDDLE_HALF)
    near = facts.keyframes[bisect.bisect_left(facts.keyframes, early) : bisect.bisect_right(facts.keyframes, late)]
    return Fraction(min(near, key=lambda moment: abs(moment - middle), default=middle))
