"""Clips as files, for the tests of clips: flat greys, so that a frame tells by its colour which one it is."""

from __future__ import annotations

import io
import struct
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]

ANIMATED: dict[str, dict[str, Any]] = {"GIF": {}, "PNG": {}, "WEBP": {"lossless": True}}
"""What Pillow writes animations in, without loss."""


def grey(level: int, height: int = 48, width: int = 64) -> Pixels:
    return np.full((height, width, 3), level, np.uint8)


def levels(n_frames: int) -> list[int]:
    """A grey for each frame, far enough from its neighbours to be told from them after lossy coding."""
    return [int(level) for level in np.linspace(20, 235, n_frames)]


def animate(frames: Sequence[Pixels], file_format: str = "GIF", *, duration: Any = 100, **options: Any) -> bytes:
    """An animation by Pillow; `duration` in milliseconds, one or one a frame."""
    pictures = [Image.fromarray(frame) for frame in frames]
    file = io.BytesIO()
    settings = {"duration": duration, **ANIMATED.get(file_format, {}), **options}
    pictures[0].save(file, file_format, save_all=True, append_images=pictures[1:], **settings)
    return file.getvalue()


def film(  # noqa: PLR0913  # each is a property of the file
    frames: Sequence[Pixels],
    *,
    container: str = "mp4",
    codec: str = "libx264",
    fps: Fraction | int = 10,
    times: Sequence[int] | None = None,
    keyframe_every: int = 12,
    rotation: int = 0,
    mirrored: bool = False,
    pixel_format: str = "yuv420p",
    movflags: str = "",
    **options: str,
) -> bytes:
    """A video file by PyAV; `times` in milliseconds instead of evenly by `fps`."""
    import av

    unit = Fraction(1, 1000) if times else 1 / Fraction(fps)
    with tempfile.TemporaryDirectory() as folder:
        flags = {"movflags": movflags} if movflags else {}
        path = str(Path(folder) / "film")  # a file, because FFmpeg reads it back to put the index first
        with av.open(path, "w", format=container, options=flags) as output:
            stream = output.add_stream(codec, rate=Fraction(fps), options=options)
            stream.height, stream.width, stream.pix_fmt = *frames[0].shape[:2], pixel_format
            stream.codec_context.gop_size = keyframe_every
            stream.codec_context.time_base = stream.time_base = unit
            if rotation or mirrored:
                stream.set_display_rotation(rotation, hflip=mirrored)
            for at, pixels in enumerate(frames):
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                frame.pts, frame.time_base = times[at] if times else at, unit
                output.mux(stream.encode(frame))
            output.mux(stream.encode())
        return Path(path).read_bytes()


def sound() -> bytes:
    """A second of silence as mp4, without a picture."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as output:
        stream = output.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16000
        output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return file.getvalue()


def bare_gif(
    n_frames: int, size: tuple[int, int] = (1, 1), *, delay: int = 10, place: tuple[int, int] = (0, 0)
) -> bytes:
    """A GIF byte by byte, of frames of one black pixel each; `delay` in hundredths of a second."""
    screen = struct.pack("<HHBBB", *size, 0x80, 0, 0) + bytes(6)  # a palette of two blacks
    control = b"\x21\xf9\x04\x00" + struct.pack("<H", delay) + b"\x00\x00"
    # One pixel of index 0: LZW codes of 3 bits are clear (4), 0, end (5).
    image = b"\x2c" + struct.pack("<HHHHB", *place, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return b"GIF89a" + screen + (control + image) * n_frames + b"\x3b"


def seen(frames: Sequence[Pixels], known: Sequence[int]) -> list[int]:
    """Which of the frames of the `known` greys each one is."""
    return [int(np.abs(np.asarray(known) - float(frame.mean())).argmin()) for frame in frames]
