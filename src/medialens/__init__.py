"""Encode and rerank text, images and their mixtures; see https://github.com/medialens/medialens.

    from medialens import Encoder, Image, Item, Reranker

The names below are imported when they are first used (PEP 562): `import medialens` itself brings neither torch nor
numpy, so that a program which only might encode something starts as fast as one which never does.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medialens.encoder import Encoder
    from medialens.engine.config import EngineConfig
    from medialens.engine.engine import configure
    from medialens.errors import (
        DeviceMemoryError,
        EngineClosedError,
        EngineError,
        IncompleteRepositoryError,
        InputError,
        InputWarning,
        ItemFailedError,
        MediaAccessError,
        MediaChangedError,
        MediaDecodeError,
        MediaError,
        MedialensError,
        MediaLimitError,
        MediaNotFoundError,
        MediaReferenceError,
        MissingExtraError,
        RepositoryError,
        RepositoryNotFoundError,
        UnknownFamilyError,
        UnknownReferenceError,
        UnsupportedModalityError,
        UntrustedCodeError,
    )
    from medialens.inputs import Audio, Image, Item, Text, Video
    from medialens.media.limits import MediaLimits
    from medialens.media.reference import MediaReference
    from medialens.media.store import MediaStore
    from medialens.outputs import EncodeResult, Ranked, RankResult, ScoreResult
    from medialens.reranker import Reranker

__version__ = "0.1.0"

_NAMES_OF = {
    "medialens.encoder": ("Encoder",),
    "medialens.engine.config": ("EngineConfig",),
    "medialens.engine.engine": ("configure",),
    "medialens.errors": (
        "DeviceMemoryError",
        "EngineClosedError",
        "EngineError",
        "IncompleteRepositoryError",
        "InputError",
        "InputWarning",
        "ItemFailedError",
        "MediaAccessError",
        "MediaChangedError",
        "MediaDecodeError",
        "MediaError",
        "MediaLimitError",
        "MediaNotFoundError",
        "MediaReferenceError",
        "MedialensError",
        "MissingExtraError",
        "RepositoryError",
        "RepositoryNotFoundError",
        "UnknownFamilyError",
        "UnknownReferenceError",
        "UnsupportedModalityError",
        "UntrustedCodeError",
    ),
    "medialens.inputs": ("Audio", "Image", "Item", "Text", "Video"),
    "medialens.media.limits": ("MediaLimits",),
    "medialens.media.reference": ("MediaReference",),
    "medialens.media.store": ("MediaStore",),
    "medialens.outputs": ("EncodeResult", "RankResult", "Ranked", "ScoreResult"),
    "medialens.reranker": ("Reranker",),
}
_MODULE_OF = {name: module for module, names in _NAMES_OF.items() for name in names}

__all__ = [
    "Audio",
    "DeviceMemoryError",
    "EncodeResult",
    "Encoder",
    "EngineClosedError",
    "EngineConfig",
    "EngineError",
    "Image",
    "IncompleteRepositoryError",
    "InputError",
    "InputWarning",
    "Item",
    "ItemFailedError",
    "MediaAccessError",
    "MediaChangedError",
    "MediaDecodeError",
    "MediaError",
    "MediaLimitError",
    "MediaLimits",
    "MediaNotFoundError",
    "MediaReference",
    "MediaReferenceError",
    "MediaStore",
    "MedialensError",
    "MissingExtraError",
    "RankResult",
    "Ranked",
    "RepositoryError",
    "RepositoryNotFoundError",
    "Reranker",
    "ScoreResult",
    "Text",
    "UnknownFamilyError",
    "UnknownReferenceError",
    "UnsupportedModalityError",
    "UntrustedCodeError",
    "Video",
    "__version__",
    "configure",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        msg = f"module 'medialens' has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(importlib.import_module(_MODULE_OF[name]), name)
    globals()[name] = value  # the next use finds it without asking here
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
