"""A clip as a part of an item: read, then the frames of its window that a model looks at."""

from __future__ import annotations

from typing import cast

from medialens.errors import InputError
from medialens.inputs import Part, Video
from medialens.media.decoded import DecodedPart, MediaNeeds
from medialens.media.limits import MediaLimits
from medialens.media.resolved import ResolvedPart, selected_window, windowed_digest
from medialens.media.source import Encoded, read_part, reference_of, says_where
from medialens.media.videos.decoder import DecoderClip, is_video_decoder, read_video_decoder
from medialens.media.videos.frames import Clip, load_frames
from medialens.media.videos.video import load_video


def resolve_video(part: Part, limits: MediaLimits) -> ResolvedPart:
    """Its bytes, all frames where it came as frames, or the decoder that it came as."""
    video = cast("Video", part)
    is_decoder = is_video_decoder(video.source)
    if video.fps is not None and (is_decoder or says_where(video.source)):
        msg = f"fps={video.fps!r} is for clips that come as frames; a file says itself when its frames are shown"
        raise InputError(msg, value=video.fps)
    if says_where(video.source):
        reference = reference_of(video)
        window = selected_window(video, reference)
        content: Encoded | Clip | DecoderClip = read_part(video, limits)
    elif is_decoder:
        reference, window = None, selected_window(video, None)
        content = read_video_decoder(video.source, window, limits)
    else:
        reference, window = None, selected_window(video, None)
        content = load_frames(video.source, fps=video.fps, limits=limits)
        if content.fps is None and not window.is_whole:
            msg = (
                f"{video!r} comes as frames without fps: what is in its window cannot be told; pass Video(..., fps=...)"
            )
            raise InputError(msg, start_seconds=video.start_seconds, end_seconds=video.end_seconds)
    digest = windowed_digest(content.digest, window)
    return ResolvedPart(part=video, content=content, reference=reference, digest=digest)


def decode_video(resolved: ResolvedPart, needs: MediaNeeds, limits: MediaLimits) -> DecodedPart:
    """The frames that the model looks at."""
    return load_video(
        cast("Encoded | Clip | DecoderClip", resolved.content),
        how=needs.look,
        shrink=needs.shrink,
        window=selected_window(cast("Video", resolved.part), resolved.reference),
        digest=resolved.digest,
        limits=limits,
    )
