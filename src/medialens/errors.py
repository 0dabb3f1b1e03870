"""Every error that medialens raises on purpose, on one screen.

    MedialensError
    ├── InputError (ValueError)          what the caller handed in cannot be used
    │   └── UnsupportedModalityError     ... by this model
    ├── MediaError                       a picture, clip or sound, or the way to it
    │   ├── MediaNotFoundError (FileNotFoundError)
    │   ├── MediaAccessError             a rule forbids reading it: URLs are off, outside the roots
    │   ├── MediaLimitError              larger than the limits allow: bytes, pixels, aspect ratio
    │   ├── MediaDecodeError             empty, corrupt, truncated, or not what it claims to be
    │   ├── MediaReferenceError          text that is not a media reference
    │   ├── UnknownReferenceError        a reference that the store never issued
    │   └── MediaChangedError            the file behind a reference is not the one registered
    ├── RepositoryError                  a model repository
    │   ├── RepositoryNotFoundError
    │   ├── IncompleteRepositoryError    files are missing or half downloaded
    │   ├── UnknownFamilyError           no family recognises it
    │   └── UntrustedCodeError           it needs code from the repository, which is not trusted
    ├── EngineError
    │   ├── EngineClosedError
    │   ├── DeviceMemoryError            one item alone does not fit the device
    │   └── ItemFailedError              an unexpected failure, kept to the item it belongs to
    └── MissingExtraError (ImportError)  an optional dependency is not installed

    InputWarning (UserWarning)           an input was used, but not as it came: a picture was made smaller

Each message says what came, what was expected and what to do. The facts are attributes as well:
``error.path``, ``error.limit`` and so on, collected in ``error.facts``. An error that belongs to one
item of a batch carries its position in ``error.index``.
"""

from __future__ import annotations

import copy
from typing import Any, Self


class MedialensError(Exception):
    """The root of the tree. ``facts`` are readable as attributes; ``index`` is the item's position."""

    def __init__(self, message: str, *, index: int | None = None, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.index = index
        self.facts = facts

    def __getattr__(self, name: str) -> Any:
        # Only called for names that are not set: the facts. `__dict__` guards unpickling, when nothing is set yet.
        facts = self.__dict__.get("facts", {})
        if name in facts:
            return facts[name]
        msg = f"{type(self).__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)

    def __str__(self) -> str:
        return self.message if self.index is None else f"item {self.index}: {self.message}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self.index, self.facts)

    def at(self, index: int) -> Self:
        """A copy that names position `index`; the original may belong to several items at once."""
        error = copy.copy(self)
        error.index = index
        error.__cause__ = self.__cause__
        return error.with_traceback(self.__traceback__)


def _rebuild(kind: type[MedialensError], message: str, index: int | None, facts: dict[str, Any]) -> MedialensError:
    return kind(message, index=index, **facts)


class InputWarning(UserWarning):
    """An input was used, but not as it came. The same is in ``.notes`` of results."""


class InputError(MedialensError, ValueError):
    """What the caller handed in cannot be used."""


class UnsupportedModalityError(InputError):
    """This model cannot take that kind of input. Facts: ``modalities``, ``supported``."""


class MediaError(MedialensError):
    """A medium, or the way to it."""


class MediaNotFoundError(MediaError, FileNotFoundError):
    """Nothing readable is there. Fact: ``source``."""


class MediaAccessError(MediaError):
    """A rule forbids reading it. Fact: ``source``."""


class MediaLimitError(MediaError):
    """Larger than the limits allow. Facts: ``limit`` (its name), ``value``, ``maximum``."""


class MediaDecodeError(MediaError):
    """Empty, corrupt, truncated, or not what it claims to be. Fact: ``source``."""


class MediaReferenceError(MediaError, ValueError):
    """Text that is not a media reference. Fact: ``text``."""


class UnknownReferenceError(MediaError, LookupError):
    """The store never issued this reference. Facts: ``digest``, ``store``."""


class MediaChangedError(MediaError):
    """The file behind a reference changed since it was registered. Facts: ``path``, ``digest``."""


class RepositoryError(MedialensError):
    """A model repository cannot be used. Fact: ``repository``."""


class RepositoryNotFoundError(RepositoryError, FileNotFoundError):
    """Neither a folder nor a repository of the hub that can be reached."""


class IncompleteRepositoryError(RepositoryError):
    """Files are missing or half downloaded. Fact: ``missing``."""


class UnknownFamilyError(RepositoryError):
    """No family recognises the repository. Fact: ``reasons``, one per family."""


class UntrustedCodeError(RepositoryError):
    """The repository needs its own code, and ``trust_remote_code`` is False."""


class EngineError(MedialensError):
    """The engine could not do the work."""


class EngineClosedError(EngineError):
    """The engine was closed before or while the work was under way."""


class DeviceMemoryError(EngineError):
    """One item alone does not fit the device."""


class ItemFailedError(EngineError):
    """An unexpected failure while working on one item; its cause is in ``__cause__``."""


class MissingExtraError(MedialensError, ImportError):
    """An optional dependency is not installed. Facts: ``module``, ``extra``."""
