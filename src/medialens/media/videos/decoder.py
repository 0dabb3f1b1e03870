"""torchcodec's ``VideoDecoder``, handed in opened: asked for the frames that are looked at, and no others."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from fractions import Fraction
from typing import Any

from medialens.errors import MediaDecodeError, MedialensError, MediaLimitError
from medialens.media.frame_rate import FrameRate, Shrink, keep_whole
from medialens.media.limits import MediaLimits
from medialens.media.moments import Clock, Window, looks
from medialens.media.pictures.image import load_image
from medialens.media.threads.locks import lock_of
from medialens.media.videos.frame_reader import Pixels
from medialens.media.videos.frames import check_frame_size

_NAME = "the VideoDecoder"
_N_LOOKS = 16
_CHANNELS = 3
_ORDINARY_FPS = 24
_A_LITTLE = Fraction(1, 1_000_000)  # seconds


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class DecoderClip:
    """A clip that somebody else opened.

    Attributes:
        decoder: Made with any settings; it is used by one thread at a time.
        start, duration: When its first frame begins, by its own clock, and how long it lasts, in seconds.
        n_frames: How many it has.
        digest: sha256 of its metadata and of a few frames of the window: of which file it is, it does not say.
    """

    decoder: Any
    start: Fraction
    duration: Fraction
    n_frames: int
    digest: str

    @property
    def clock(self) -> Clock:
        """When its frames begin, if each is on show equally long: it tells no more without decoding them."""
        frame_seconds = self.duration / self.n_frames
        fps = self.n_frames / float(self.duration) if self.duration else 0.0
        return Clock(starts=range(self.n_frames), unit=frame_seconds, duration=self.duration, fps=fps)


def is_video_decoder(source: Any) -> bool:
    """Whether `source` is one. torchcodec is recognised, never imported."""
    return any(
        kind.__module__.partition(".")[0] == "torchcodec" and kind.__name__ == "VideoDecoder"
        for kind in type(source).__mro__
    )


def read_video_decoder(decoder: Any, window: Window, limits: MediaLimits) -> DecoderClip:
    """What it tells of its clip, and a few frames of the window for the digest.

    Raises:
        MediaDecodeError: It cannot be decoded.
        MediaLimitError: It lasts too long, or its frames are too large.
        MediaError: The window begins after the clip is over.
    """
    try:
        metadata = decoder.metadata
        start, end = Fraction(metadata.begin_stream_seconds or 0), Fraction(metadata.end_stream_seconds)
        width, height = int(metadata.width), int(metadata.height)
        # How many frames there are, a file may not say; then by the rate that it does say, or an ordinary one.
        n_frames = metadata.num_frames or round((end - start) * Fraction(metadata.average_fps or _ORDINARY_FPS))
    except Exception as error:
        raise _no_frames(error) from error
    check_frame_size(width, height, 1, _NAME, limits)
    if end - start > limits.max_seconds:
        seconds, maximum = float(end - start), limits.max_seconds
        msg = f"{_NAME} lasts {seconds:.0f} seconds, above the limit of {maximum:.0f} (MediaLimits.max_seconds)"
        raise MediaLimitError(msg, limit="max_seconds", value=seconds, maximum=maximum)
    clip = DecoderClip(decoder=decoder, start=start, duration=end - start, n_frames=max(1, n_frames), digest="")
    frames, starts = sample_decoder(clip, window, _N_LOOKS, limits)
    key = hashlib.sha256(f"decoder {width}x{height} {start} {end} {metadata.num_frames}\n".encode())
    for frame, begins in zip(frames, starts, strict=True):
        key.update(f"{begins} {frame.shape}\n".encode())
        key.update(frame.data)
    return dataclasses.replace(clip, digest=key.hexdigest())


def sample_decoder(
    clip: DecoderClip, window: Window, how: int | FrameRate, limits: MediaLimits, keep: Shrink = keep_whole
) -> tuple[list[Pixels], list[Fraction]]:
    """The frames of the window that are looked at, and when each begins, in seconds; see `moments.looks`.

    Raises:
        MediaDecodeError: It cannot be decoded.
        MediaError: The window begins after the clip is over.
    """
    frames: list[Pixels] = []
    starts: list[Fraction] = []
    chosen = looks(how, window, clip.clock, _NAME)
    half = clip.clock.unit / 2 if chosen.numbers else Fraction(0)
    # Frames that are meant by number are looked at in the middle of their time: no rounding shows the one before.
    moments = [moment + half for moment in chosen.moments]
    try:
        with lock_of(clip.decoder):
            for moment in moments:
                shown = clip.decoder.get_frame_played_at(_just_after(clip, moment))
                begins = max(Fraction(0), Fraction(shown.pts_seconds) - clip.start)
                is_same = bool(starts) and starts[-1] == begins
                frames.append(frames[-1] if is_same else keep(_pixels(shown.data, limits), len(moments)))
                starts.append(begins)
    except MedialensError:
        raise
    except Exception as error:  # torchcodec raises all sorts of errors
        raise _no_frames(error) from error
    return frames, chosen.times(starts)


def _just_after(clip: DecoderClip, moment: Fraction) -> float:
    """Its own clock at a moment, and a little more, so that no rounding error shows the frame before."""
    return min(float(clip.start + moment + _A_LITTLE), math.nextafter(float(clip.start + clip.duration), -math.inf))


def _pixels(data: Any, limits: MediaLimits) -> Pixels:
    """A frame as a picture; (height, width, channels) is told from (channels, height, width) by the sizes."""
    frame = data.detach().cpu()
    if frame.shape[0] != _CHANNELS and frame.shape[-1] == _CHANNELS:
        frame = frame.movedim(-1, 0)
    return load_image(frame, limits).pixels


def _no_frames(error: Exception) -> MediaDecodeError:
    return MediaDecodeError(f"{_NAME} gives no frames: {type(error).__name__}: {error}", source="VideoDecoder")
