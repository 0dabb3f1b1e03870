"""How pictures and clips become patches, as one value: all that shapes them, and nothing of where it was read."""

from __future__ import annotations

import dataclasses
from typing import Any

from medialens.media.frame_rate import FrameRate
from medialens.models.architectures.qwen3_vl.payload import MERGE
from medialens.models.layers.pixels import Resample


@dataclasses.dataclass(frozen=True, kw_only=True)
class VisionRecipe:
    """How a picture or a clip becomes patches.

    Attributes:
        patch: Side of a patch, in pixels.
        temporal_patch: Frames that a patch spans; a picture fills them all with itself.
        merge: Patches along each side of what becomes one token.
        mean, std, scale: For the 8-bit values; see `layers.pixels.normalise`. None leaves them.
        resample: The kernel.
        min_pixels, max_pixels: Of a picture, after resizing.
        clip_min_pixels, clip_max_pixels: Of all frames of a clip together, after resizing.
        cap_pixels_per_frame: Whether each frame of a clip is bounded as well, by `max_frame_tokens` and by its
            share of `clip_max_pixels`.
        max_frame_tokens: Pixels of one frame, in those that one token stands for.
        frame_rate: Which frames of a clip are looked at.
        max_frame_pixels: Of each frame of a clip, after resizing; None where a call does not say.
        max_tokens: Of one picture or clip; None where a call does not say.
    """

    patch: int = 16
    temporal_patch: int = 2
    merge: int = MERGE
    mean: tuple[float, ...] | None = (0.5, 0.5, 0.5)
    std: tuple[float, ...] | None = (0.5, 0.5, 0.5)
    scale: float | None = 1 / 255
    resample: Resample = "bicubic"
    min_pixels: int
    max_pixels: int
    clip_min_pixels: int
    clip_max_pixels: int
    cap_pixels_per_frame: bool = False
    max_frame_tokens: int = 768
    frame_rate: FrameRate
    max_frame_pixels: int | None = None
    max_tokens: int | None = None

    @property
    def factor(self) -> int:
        """Side, in pixels, of what becomes one token."""
        return self.patch * self.merge

    @property
    def kernel(self) -> str:
        """What shapes patches, besides how many there are: part of the key of every visual."""
        shape = (self.patch, self.merge, self.temporal_patch, self.resample)
        return f"{shape} {self.mean} {self.std} {self.scale}"

    def narrowed(self, *, max_pixels: int | None = None, max_visual_tokens: int | None = None) -> VisionRecipe:
        """The same with a tighter bound.

        Args:
            max_pixels: Of a picture and of each frame of a clip, as the reference keeps it: a long picture may come
                out larger, because no side is less than one token.
            max_visual_tokens: Of one picture or clip, in any case.
        """
        recipe = self
        if max_pixels is not None:
            most = min(self.max_pixels, max_pixels)
            recipe = dataclasses.replace(
                recipe, max_pixels=most, min_pixels=min(self.min_pixels, most), max_frame_pixels=max_pixels
            )
        return recipe if max_visual_tokens is None else dataclasses.replace(recipe, max_tokens=max_visual_tokens)

    def as_settings(self) -> dict[str, Any]:
        """The fields as JSON values, for a recipe."""
        fields = dataclasses.asdict(self)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}
