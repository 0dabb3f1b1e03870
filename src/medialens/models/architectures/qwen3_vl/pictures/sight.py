"""Pictures and clips to visuals: each prepared once for all prompts it stands in, and not at all where it is known.

DecodedImage, DecodedVideo --look--> Visual with patches        the tower has to look at it
                                     Visual with features       the tower did before
Remembered                           likewise; nothing was even decoded
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import TypeAlias

from medialens.inputs import Modality
from medialens.media.decoded import DecodedImage, DecodedPart, DecodedVideo, Remembered
from medialens.models.abilities import NotRememberedError
from medialens.models.architectures.qwen3_vl.payload import Features, Visual
from medialens.models.architectures.qwen3_vl.pictures.pixels import clip, still
from medialens.models.architectures.qwen3_vl.pictures.vision_recipe import VisionRecipe
from medialens.models.architectures.qwen3_vl.prompts.flow import Seen
from medialens.models.cache import Cache, OnceCache

_PATCHES_BYTES = 256 * 1024**2
_OUTLINES_BYTES = 8 * 1024**2

View: TypeAlias = tuple[VisionRecipe, str, int | None]
"""How it is looked at, digest of a medium, and the most tokens it may take; None is as many as the recipe says."""


@dataclasses.dataclass(frozen=True, eq=False)
class _Outline:
    """A visual without its patches, and the times of its frames."""

    modality: Modality
    visual: Visual
    times_seconds: tuple[float, ...]


class Sight:
    """How one model looks at media. Safe for threads.

    Args:
        recipe: How pictures and clips become patches.
        find: The features of a visual by its key, if they are kept.
    """

    def __init__(self, recipe: VisionRecipe, find: Callable[[str], Features | None]) -> None:
        self.recipe = recipe
        self._find = find
        self._seen: OnceCache[View, Seen] = OnceCache(_PATCHES_BYTES, lambda seen: seen[0].n_bytes)
        self._outlines: Cache[View, _Outline] = Cache(_OUTLINES_BYTES, lambda _: 512)

    def narrowed(self, *, max_pixels: int | None, max_visual_tokens: int | None) -> Sight:
        """The same with tighter bounds; what is kept, and the room for it, is shared."""
        same = copy.copy(self)
        same.recipe = self.recipe.narrowed(max_pixels=max_pixels, max_visual_tokens=max_visual_tokens)
        return same

    def look(self, part: DecodedPart, max_tokens: int | None = None) -> Seen:
        """What the tower gets, or gave, of a medium; of a clip, also the time in seconds of each pair of frames.

        Args:
            part: A picture or a clip, decoded or remembered.
            max_tokens: The most that it may take; None is what the recipe says.

        Raises:
            InputError: It is too long or too wide, or there is no room for it.
            NotRememberedError: It is remembered in another size only, and has to be decoded.
        """
        if not isinstance(part, (DecodedImage, DecodedVideo, Remembered)):
            msg = f"a {part.modality} is nothing to look at"
            raise TypeError(msg)
        if isinstance(part, Remembered):
            if max_tokens is None or part.known.visual.n_tokens <= max_tokens:
                return part.known.visual, part.known.times_seconds
            raise NotRememberedError(part.digest)
        view = self.recipe, part.digest, max_tokens
        known = self._known(view)
        if known is not None:
            return known
        seen = self._seen.get_or_make(view, lambda: self._make(part, max_tokens))
        modality: Modality = "image" if isinstance(part, DecodedImage) else "video"
        self._outlines.put(view, _Outline(modality, dataclasses.replace(seen[0], patches=None), seen[1]))
        return seen

    def recall(self, digest: str) -> Remembered | None:
        """What stands for a medium whose features are kept, in the size that the recipe says."""
        outline = self._outlines.get((self.recipe, digest, None))
        features = None if outline is None else self._find(outline.visual.key)
        if outline is None or features is None:
            return None
        known = dataclasses.replace(outline, visual=dataclasses.replace(outline.visual, features=features))
        return Remembered(modality=outline.modality, digest=digest, known=known)

    def _known(self, view: View) -> Seen | None:
        outline = self._outlines.get(view)
        features = None if outline is None else self._find(outline.visual.key)
        if outline is None or features is None:
            return None
        return dataclasses.replace(outline.visual, features=features), outline.times_seconds

    def _make(self, part: DecodedImage | DecodedVideo, max_tokens: int | None) -> Seen:
        if isinstance(part, DecodedImage):
            return still(part, self.recipe, max_tokens), ()
        return clip(part, self.recipe, max_tokens)
