"""The files that take part: every picture and clip of the folders, and why others do not."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from medialens.demo.thumbnails import Thumbnail, clip_thumbnail, is_clip, picture_thumbnail
from medialens.errors import InputError, MediaError, MediaNotFoundError, MissingExtraError
from medialens.media.limits import MediaLimits
from medialens.media.source import read_source

PICTURES = frozenset((".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"))
VIDEOS = frozenset((".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi"))


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Medium:
    """A readable file, whether it is taken as a clip, and small copies of what it shows."""

    path: Path
    is_clip: bool
    thumbnail: Thumbnail


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Gathering:
    """What was found: pictures and clips, and the reason for each file that was skipped."""

    media: Sequence[Medium]
    skipped: dict[Path, str]

    @property
    def files(self) -> list[Path]:
        """Of all media."""
        return [medium.path for medium in self.media]

    @property
    def clips(self) -> frozenset[Path]:
        """The files that are taken as clips."""
        return frozenset(medium.path for medium in self.media if medium.is_clip)


def find_files(folders: Iterable[Path]) -> list[Path]:
    """Pictures and videos in the folders and below, by their suffix; a folder may be a single file, too.

    Raises:
        MediaNotFoundError: Something named is not there.
        InputError: A folder holds neither.
    """
    files: dict[Path, None] = {}
    for folder in folders:
        found = _files_of(folder)
        if not found:
            looked_for = ", ".join(sorted(PICTURES | VIDEOS))
            raise InputError(
                f"no pictures or videos in {str(folder)!r}; looked for {looked_for} there and below", value=folder
            )
        files.update(dict.fromkeys(found))
    return list(files)


def _files_of(folder: Path) -> list[Path]:
    if folder.is_file():
        return [folder.resolve()]
    if not folder.is_dir():
        raise MediaNotFoundError(
            f"{str(folder)!r} is neither a folder nor a file; name a folder with pictures", source=str(folder)
        )
    below = (path for path in folder.rglob("*") if path.suffix.lower() in PICTURES | VIDEOS)
    return sorted(path.resolve() for path in below if path.is_file())


def gather(files: Iterable[Path], *, clips: bool = True) -> Gathering:
    """Reads every file once; what cannot be read is skipped with its reason.

    Args:
        files: What `find_files` found.
        clips: Whether the model takes clips. If not, videos are skipped, and of an animated picture the first frame
            counts.
    """
    media, skipped = [], {}
    for path in files:
        shown = Path(os.fsencode(path).decode("utf-8", "replace"))
        if shown != path:  # the name is bytes that are no text: neither frameworks nor the sheet can hold it
            skipped[shown] = "its name is not UTF-8; rename it"
            continue
        try:
            media.append(_read(path, clips=clips))
        except (MediaError, MissingExtraError) as error:
            skipped[path] = str(error)
    return Gathering(media=media, skipped=skipped)


def _read(path: Path, *, clips: bool) -> Medium:
    medium = read_source(path, MediaLimits())
    if not clips and medium.mime_type.startswith("video/"):
        raise MediaError("it is a clip, and the models take none; choose others with --model and --reranker")
    if clips and is_clip(medium):
        return Medium(path=path, is_clip=True, thumbnail=clip_thumbnail(medium))
    return Medium(path=path, is_clip=False, thumbnail=picture_thumbnail(medium))
