"""What some models can do beside `protocol.Model`: the engine asks for each by its methods, not by a name."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from medialens.media.decoded import Remembered
from medialens.media.frame_rate import Shrink
from medialens.models.cache import CacheStats
from medialens.models.protocol import Model


class NotRememberedError(Exception):
    """What was remembered does not do this time: the media of the item have to be decoded after all."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class MemoryLimits:
    """How much a model may keep of what it computed, in bytes.

    Attributes:
        features_device_bytes: What its towers made of media, on the device.
        features_host_bytes: The same, moved to the host's memory; for devices that have memory of their own.
        prefixes_bytes: What it read of the beginnings that several pairs share, on the device.
    """

    features_device_bytes: int
    features_host_bytes: int
    prefixes_bytes: int


@runtime_checkable
class Remembering(Protocol):
    """A model that keeps some of what it computed; the engine says how much, and asks how that goes."""

    def remember_within(self, limits: MemoryLimits) -> None:
        """Keep no more than this from now on."""
        ...

    def recall(self, digest: str) -> Remembered | None:
        """What stands for a medium whose features are kept, so that it need not be decoded; None if they are not."""
        ...

    def memory_stats(self) -> Mapping[str, CacheStats]:
        """The counters of each of its memories by name: ``features``, ``prefixes``."""
        ...


@runtime_checkable
class Shrinking(Protocol):
    """A model that looks at many frames of a clip, none of them large."""

    @property
    def shrink(self) -> Shrink:
        """Makes frames as small as it looks at them; values, so that equal ones compare equal."""
        ...


@runtime_checkable
class Resizable(Protocol):
    """A model that can look at media in more or less detail."""

    def looking_at(self, *, max_pixels: int | None = None, max_visual_tokens: int | None = None) -> Model:
        """The same model, weights and memories shared, that looks at no more than this of a picture or a clip."""
        ...
