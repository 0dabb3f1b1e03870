"""The pictures that take part: every image file of the folders, and why others do not."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from medialens.errors import InputError, MediaError, MediaNotFoundError
from medialens.media.image import load_image
from medialens.media.render import thumbnail

SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"))
THUMBNAIL_SIDE = 112


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """A readable file and a small copy of what it shows (encoded PNG or JPEG)."""

    path: Path
    thumbnail: bytes


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Gathering:
    """What was found: pictures, and the reason for each file that was skipped."""

    pictures: Sequence[Picture]
    skipped: dict[Path, str]


def find_files(folders: Iterable[Path]) -> list[Path]:
    """Image files in the folders and below, by their suffix; a folder may be a single file, too.

    Raises:
        MediaNotFoundError: Something named is not there.
        InputError: A folder holds no image file.
    """
    files: dict[Path, None] = {}
    for folder in folders:
        found = _files_of(folder)
        if not found:
            raise InputError(
                f"no image files in {str(folder)!r}; looked for {', '.join(sorted(SUFFIXES))} there and below",
                value=folder,
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
    below = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    return sorted(path.resolve() for path in below if path.is_file())


def gather(files: Iterable[Path]) -> Gathering:
    """Reads every file once; what cannot be read is skipped with its reason."""
    pictures, skipped = [], {}
    for path in files:
        shown = Path(os.fsencode(path).decode("utf-8", "replace"))
        if shown != path:  # the name is bytes that are no text: neither frameworks nor the sheet can hold it
            skipped[shown] = "its name is not UTF-8; rename it"
            continue
        try:
            pictures.append(Picture(path=path, thumbnail=thumbnail(load_image(path), THUMBNAIL_SIDE)))
        except MediaError as error:
            skipped[path] = str(error)
    return Gathering(pictures=pictures, skipped=skipped)
