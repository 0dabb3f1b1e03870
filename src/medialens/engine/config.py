"""The engine's settings: one frozen value."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from medialens.engine.batching import Budget
from medialens.errors import InputError
from medialens.models.abilities import MemoryLimits

_MIB = 1024**2

_BUDGETS = {
    # A CPU core is busy with a few hundred tokens, and small batches keep lanes even and queries quick; an accelerator
    # wants thousands, and pays more to start a batch. Memory is no argument here: what does not fit is split.
    "cpu": Budget(n_tokens=1024, n_patches=1024, launch_tokens=64),
    "other": Budget(n_tokens=16384, n_patches=32768, launch_tokens=512),
}

_MEMORIES = {
    "cpu": MemoryLimits(features_device_bytes=512 * _MIB, features_host_bytes=0, prefixes_bytes=128 * _MIB),
    # A page of 1,280 tokens leaves 20 MiB in a model of 2 B parameters: a hundred of them near, two hundred at hand.
    "other": MemoryLimits(
        features_device_bytes=2048 * _MIB, features_host_bytes=4096 * _MIB, prefixes_bytes=1024 * _MIB
    ),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class EngineConfig:
    """How the engine of a process works. The defaults suit a laptop and a server alike.

    Attributes:
        cpu_lanes: Models on the CPU run in this many lanes side by side; None is one for each core that the
            process may use (affinity, container quota, and torch's own number of threads all count).
            Environment: ``MEDIALENS_CPU_LANES``.
        cpu_threads_per_lane: Threads of torch inside one of these lanes. One is best for throughput; on a machine
            that answers few single queries and nothing else, fewer lanes with more threads answer sooner.
            Environment: ``MEDIALENS_CPU_THREADS_PER_LANE``.
        prepare_threads: Threads that read, decode, resize and tokenise; None decides by the cores, from 2 to 8.
            One more is kept for interactive work. Environment: ``MEDIALENS_PREPARE_THREADS``.
        batch_tokens, batch_patches: The most that one batch may cost; None decides by the kind of device.
        max_prepared_bytes, max_prepared_items: The prepare stage pauses while so much waits for a lane; interactive
            and bulk work are counted apart.
        media_cache_bytes: Decoded pictures, shared by all models.
        feature_cache_bytes: For each model that keeps it, what its vision tower made of pictures and clips, so that
            the next query over the same candidates skips the tower; None decides by the kind of device.
        host_feature_cache_bytes: Where that lies on an accelerator, as much again in the host's memory.
        prefix_cache_bytes: For each model that shares it, what it read of a query that stands before many documents.
        vector_cache_bytes: Final vectors in memory.
        score_cache_bytes: Rerank scores of (query, document) pairs in memory.
        vector_cache_folder: Keep final vectors on disk as well, in this folder; several processes may share it.
            Environment: ``MEDIALENS_CACHE``.
        vector_cache_disk_bytes: Of that file.
    """

    cpu_lanes: int | None = None
    cpu_threads_per_lane: int = 1
    prepare_threads: int | None = None
    batch_tokens: int | None = None
    batch_patches: int | None = None
    max_prepared_bytes: int = 256 * _MIB
    max_prepared_items: int = 4096
    media_cache_bytes: int = 256 * _MIB
    feature_cache_bytes: int | None = None
    host_feature_cache_bytes: int | None = None
    prefix_cache_bytes: int | None = None
    vector_cache_bytes: int = 256 * _MIB
    score_cache_bytes: int = 16 * _MIB
    vector_cache_folder: Path | None = None
    vector_cache_disk_bytes: int = 4096 * _MIB

    def __post_init__(self) -> None:
        if self.vector_cache_folder is not None:
            object.__setattr__(self, "vector_cache_folder", Path(self.vector_cache_folder).expanduser())
        for field in dataclasses.fields(self):
            value, least = getattr(self, field.name), int(not field.name.endswith("cache_bytes"))
            if isinstance(value, int) and value < least:
                msg = f"EngineConfig({field.name}={value!r}) must be at least {least}"
                raise InputError(msg, value=value)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> EngineConfig:
        """The defaults, with what the environment overrides.

        Raises:
            InputError: A variable is not a number where one is expected; names the variable.
        """
        changes: dict[str, Any] = {}
        if folder := environment.get("MEDIALENS_CACHE"):
            changes["vector_cache_folder"] = Path(folder)
        for name in ("cpu_lanes", "cpu_threads_per_lane", "prepare_threads"):
            variable = f"MEDIALENS_{name.upper()}"
            if text := environment.get(variable):
                changes[name] = _whole_number(variable, text)
        return cls(**changes)

    def budget(self, device_type: str) -> Budget:
        """What one batch may cost on this kind of device, before anything is known about its memory."""
        default = _BUDGETS.get(device_type, _BUDGETS["other"])
        return dataclasses.replace(
            default,
            n_tokens=self.batch_tokens or default.n_tokens,
            n_patches=self.batch_patches or default.n_patches,
        )

    def memories(self, device_type: str) -> MemoryLimits:
        """How much one model may keep of what it computed, on this kind of device."""
        default = _MEMORIES.get(device_type, _MEMORIES["other"])
        chosen = {
            "features_device_bytes": self.feature_cache_bytes,
            "features_host_bytes": self.host_feature_cache_bytes,
            "prefixes_bytes": self.prefix_cache_bytes,
        }
        return dataclasses.replace(default, **{name: value for name, value in chosen.items() if value is not None})


def _whole_number(variable: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        msg = f"the environment variable {variable}={text!r} must be a whole number"
        raise InputError(msg, value=text) from error
