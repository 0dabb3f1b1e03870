"""Media of an item for one model: decoded once for all that ask, and not at all where the model knows them.

A model that keeps what its tower made of a picture (`Remembering`) need not see the picture again. It is asked before
anything is decoded, but only for what was once decoded under the same limits: what one call may not read, it may not
use from another's memory either.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeAlias

from medialens.inputs import Text
from medialens.media.decode import decisive, decode
from medialens.media.decoded import DecodedImage, DecodedItem, MediaNeeds, Remembered
from medialens.media.limits import MediaLimits
from medialens.media.resolved import ResolvedItem
from medialens.models.abilities import Remembering
from medialens.models.cache import Cache, OnceCache
from medialens.models.protocol import Model

MediaKey: TypeAlias = tuple[str, MediaNeeds | None, MediaLimits]
"""Digest of an item, what was asked for, and the limits, by which it may fail. None is for whole pictures, that boxes
are cut from."""

_N_TRUSTED_BYTES = 4 * 1024**2


class MediaDecoder:
    """Decodes items for models, and keeps what it decoded. Safe for threads.

    Args:
        max_bytes: Of decoded media that are kept.
    """

    def __init__(self, max_bytes: int) -> None:
        self.cache: OnceCache[MediaKey, DecodedItem] = OnceCache(max_bytes, _decoded_bytes)
        self._decoded_before: Cache[MediaKey, bool] = Cache(_N_TRUSTED_BYTES, lambda _: 1)

    def decode(
        self, item: ResolvedItem, model: Model, needs: MediaNeeds, limits: MediaLimits, *, anew: bool = False
    ) -> DecodedItem:
        """The item as `model` needs it; with `anew`, whatever the model remembers.

        Raises:
            MediaError: A medium is corrupt, or larger than the limits allow.
        """
        if item.modalities == ("text",):
            return decode(item, needs, limits)  # costs nothing: not worth a place in the cache
        key = item.digest, decisive(needs, item), limits
        if not anew and isinstance(model, Remembering) and self._decoded_before.get(key):
            known = _recall(item, model)
            if known is not None:
                return known
        share = functools.partial(self._share, limits)
        decoded = self.cache.get_or_make(key, lambda: decode(item, needs, limits, share=share))
        self._decoded_before.put(key, True)  # a set, with a bound
        return decoded

    def _share(self, limits: MediaLimits, digest: str, make: Callable[[], DecodedImage]) -> DecodedImage:
        """A picture of which several boxes are looked at, as long as it fits the cache."""
        return self.cache.get_or_make((digest, None, limits), lambda: DecodedItem((make(),))).images[0]


def _recall(item: ResolvedItem, model: Remembering) -> DecodedItem | None:
    """The item without anything decoded; None if the model does not know all of it."""
    parts: list[Text | Remembered] = []
    for one in item.parts:
        part = one.content if isinstance(one.content, Text) else model.recall(one.digest)
        if part is None:
            return None
        parts.append(part)
    return DecodedItem(tuple(parts), item.turns)


def _decoded_bytes(item: DecodedItem) -> int:
    """Memory of a decoded item: that of its arrays."""
    return sum(part.n_bytes for part in item.media)
