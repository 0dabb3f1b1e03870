"""A clip as a part of an item: read, then the frames of its window that a model looks at."""

from __future__ import annotations

import hashlib
from typing import cast

from medialens.errors import InputError, UnsupportedModalityError
from medialens.inputs import Part, Video
from medialens.media.decoded import DecodedPart, MediaNeeds
from medialens.media.frames import Clip, load_frames
from medialens.media.limits import MediaLimits
from medialens.media.moments import Window
from medialens.media.reference import MediaReference
from medialens.media.resolved import ResolvedPart
from medialens.media.source import Encoded, read_part, reference_of, says_where
from medialens.media.video import load_video


def resolve_video(part: Part, limits: MediaLimits) -> ResolvedPart:
    """Its bytes, or all frames where it came as frames."""
    video = cast("Video", part)
    if says_where(video.source):
        reference = reference_of(video)
        window = _window(video, reference)
        if video.fps is not None:
            msg = f"fps={video.fps!r} is for clips that come as frames; a file says itself when its frames are shown"
            raise InputError(msg, value=video.fps)
        content: Encoded | Clip = read_part(video, limits)
    else:
        reference, window = None, _window(video, None)
        content = load_frames(video.source, fps=video.fps, limits=limits)
        if content.fps is None and not window.is_whole:
            msg = (
                f"{video!r} comes as frames without fps: what is in its window cannot be told; pass Video(..., fps=...)"
            )
            raise InputError(msg, start_seconds=video.start_seconds, end_seconds=video.end_seconds)
    digest = content.digest if window.is_whole else hashlib.sha256(f"{content.digest} {window}".encode()).hexdigest()
    return ResolvedPart(part=video, content=content, reference=reference, digest=digest)


def decode_video(resolved: ResolvedPart, needs: MediaNeeds, limits: MediaLimits) -> DecodedPart:
    """The frames that the model looks at."""
    return load_video(
        cast("Encoded | Clip", resolved.content),
        n_frames=needs.n_frames,
        window=_window(cast("Video", resolved.part), resolved.reference),
        digest=resolved.digest,
        limits=limits,
    )


def _window(video: Video, reference: MediaReference | None) -> Window:
    """The one window, however it was named."""
    own = Window.of(video.start_seconds, video.end_seconds)
    if reference is None or reference == reference.whole():
        return own
    if reference.page is not None or reference.box is not None:
        msg = f"{reference} selects a page or a box of it, which is not supported: of a clip, only t= can be selected"
        raise UnsupportedModalityError(msg, reference=str(reference), modalities=("video",), supported=("video",))
    if not own.is_whole:
        msg = (
            f"{reference} has a window of its own; leave out start_seconds and end_seconds, or the #t= of the reference"
        )
        raise InputError(msg, start_seconds=video.start_seconds, end_seconds=video.end_seconds)
    return Window.of(reference.start_seconds, reference.end_seconds)
