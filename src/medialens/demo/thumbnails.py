"""Small copies of pictures and clips, for the contact sheets."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Sequence

from PIL import Image

from medialens.media.limits import MediaLimits
from medialens.media.pictures.image import load_image
from medialens.media.source import Encoded
from medialens.media.videos.animation import read_animation
from medialens.media.videos.video import load_video
from medialens.media.writing.render import thumbnail

THUMBNAIL_SIDE = 112
_N_FRAMES, _FRAME_MS = 8, 200
_GUTTER, _LINE = 2, (190, 195, 205)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Thumbnail:
    """What a sheet shows of a file, as encoded bytes.

    Attributes:
        still: A PNG picture; of a clip, four of its frames on one sheet.
        moving: An animated GIF of a clip; empty for pictures.
    """

    still: bytes
    moving: bytes = b""


def is_clip(medium: Encoded) -> bool:
    """Whether something moves in it: a video file, or an animated picture.

    Raises:
        MediaDecodeError: An animated picture is cut off or damaged.
    """
    return medium.mime_type.startswith("video/") or read_animation(medium, MediaLimits()).duration > 0


def picture_thumbnail(picture: Encoded) -> Thumbnail:
    """Of a picture; of an animated one, its first frame.

    Raises:
        MediaError: It cannot be decoded.
    """
    return Thumbnail(still=thumbnail(load_image(picture), THUMBNAIL_SIDE))


def clip_thumbnail(clip: Encoded) -> Thumbnail:
    """Of a clip.

    Raises:
        MediaError: It cannot be decoded.
        MissingExtraError: That takes a library which is not installed.
    """
    frames = [Image.fromarray(frame) for frame in load_video(clip, how=_N_FRAMES).frames]
    for frame in frames:
        frame.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    moving = io.BytesIO()
    frames[0].save(moving, "GIF", save_all=True, append_images=frames[1:], duration=_FRAME_MS, loop=0)
    still = io.BytesIO()
    _four(frames[1::2]).save(still, "PNG")
    return Thumbnail(still=still.getvalue(), moving=moving.getvalue())


def _four(frames: Sequence[Image.Image]) -> Image.Image:
    """Four frames on one sheet, in reading order."""
    width, height = frames[0].size
    sheet = Image.new("RGB", (2 * width + _GUTTER, 2 * height + _GUTTER), _LINE)
    for number, frame in enumerate(frames):
        row, column = divmod(number, 2)
        sheet.paste(frame, (column * (width + _GUTTER), row * (height + _GUTTER)))
    sheet.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return sheet
