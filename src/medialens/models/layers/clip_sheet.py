"""A clip as one picture: frames side by side in reading order, for image towers that were trained on such sheets.

+----+----+
| t0 | t1 |     what moved, and where to, is seen in one look, by a tower that knows nothing of time
+----+----+     (an image grid "can be worth a video": Kim et al. 2024, arXiv:2403.18406)
| t2 | t3 |
+----+----+
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import torch

from medialens.errors import RepositoryError
from medialens.hub.manifest import Manifest
from medialens.media.decoded import DecodedImage, DecodedVideo
from medialens.models.layers.pixels import Resample, resize

Pixels = npt.NDArray[np.uint8]

_LARGEST = 64
"""Rows, columns and gutter stay below this: beyond it, no frame could be made out."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClipSheet:
    """How frames lie on a sheet.

    Attributes:
        rows, columns: Of frames; a clip is looked at in ``rows * columns`` moments.
        gutter: Black pixels between neighbours, which tell a sheet from a picture of several things.
        resample: The kernel with which frames are brought to the size of a cell.
    """

    rows: int = 2
    columns: int = 2
    gutter: int = 2
    resample: Resample = "bicubic"

    @property
    def n_frames(self) -> int:
        """How many frames a sheet shows."""
        return self.rows * self.columns

    def cell(self, size: tuple[int, int]) -> tuple[int, int]:
        """(height, width) of a frame on a sheet of that (height, width)."""
        height, width = size
        return (height - self.gutter * (self.rows - 1)) // self.rows, (
            width - self.gutter * (self.columns - 1)
        ) // self.columns

    def compose(self, frames: Sequence[Pixels], size: tuple[int, int]) -> Pixels:
        """The sheet, uint8 (height, width, 3).

        Args:
            frames: `n_frames` of them, uint8 (height, width, 3) each, of any size; they are stretched to fit.
            size: (height, width) of the sheet.
        """
        if len(frames) != self.n_frames:
            msg = f"a sheet of {self.rows} x {self.columns} takes {self.n_frames} frames, got {len(frames)}"
            raise ValueError(msg)
        sheet = np.zeros((*size, 3), np.uint8)
        height, width = self.cell(size)
        for number, frame in enumerate(frames):
            top = (number // self.columns) * (height + self.gutter)
            left = (number % self.columns) * (width + self.gutter)
            pixels = torch.from_numpy(np.array(frame, copy=True)).permute(2, 0, 1)
            fitted = resize(pixels, (height, width), self.resample).permute(1, 2, 0)
            sheet[top : top + height, left : left + width] = fitted.numpy()
        return sheet

    def as_settings(self) -> dict[str, Any]:
        """The fields as JSON values, for a recipe and for ``config.json``."""
        return dataclasses.asdict(self)


def as_picture(part: DecodedImage | DecodedVideo, sheet: ClipSheet | None, size: tuple[int, int] | None) -> Pixels:
    """What an image tower gets to see of a part: a picture as it is, a clip as its sheet.

    Args:
        part: A picture, or a clip of ``sheet.n_frames`` frames.
        sheet: How the model looks at clips; None where it takes none.
        size: (height, width) of a sheet: what the model's pictures end with, so that nothing of it is cut off.
    """
    if isinstance(part, DecodedImage):
        return part.pixels
    if sheet is None or size is None:
        msg = f"a model without a clip sheet was given {part!r}"
        raise ValueError(msg)
    return sheet.compose(part.frames, size)


def read_clip_sheet(manifest: Manifest, size: tuple[int, int] | None) -> ClipSheet | None:
    """How a repository's model looks at clips; None if its ``config.json`` does not say that it does.

    It says so under our own key: ``{"medialens": {"clip_sheet": {"rows": 2, "columns": 2}}}``, with the fields of
    `ClipSheet`.

    Args:
        manifest: Of the repository.
        size: (height, width) that the model's pictures end with; None if it differs from picture to picture.

    Raises:
        RepositoryError: What it says is no sheet, or one whose frames have no room in pictures of that size.
    """
    own = manifest.config.get("medialens") or {}
    settings = own.get("clip_sheet") if isinstance(own, Mapping) else None
    if settings is None:
        return None
    why_not = _why_no_sheet(settings, size)
    if why_not is not None:
        msg = f"{manifest.name!r}: the clip_sheet of config.json, {settings!r:.200}, {why_not}"
        raise RepositoryError(msg, repository=manifest.name)
    return ClipSheet(**settings)


def _why_no_sheet(settings: Any, size: tuple[int, int] | None) -> str | None:
    names = [field.name for field in dataclasses.fields(ClipSheet)]
    if not isinstance(settings, Mapping) or not set(settings) <= set(names):
        return f"must be an object with the keys {', '.join(names)}"
    said = {**ClipSheet().as_settings(), **settings}
    numbers = (said["rows"], said["columns"], said["gutter"])
    if not all(type(number) is int and 0 <= number <= _LARGEST for number in numbers) or 0 in numbers[:2]:
        return f"must have whole numbers of 1..{_LARGEST} as rows and columns and 0..{_LARGEST} as gutter"
    if said["resample"] not in get_args(Resample):
        return f"must have one of {', '.join(get_args(Resample))} as resample"
    if size is None:
        return "needs an image processor that gives every picture the same size"
    if min(ClipSheet(**said).cell(size)) < 1:
        return f"leaves no room for frames in pictures of {size[1]}x{size[0]}"
    return None
