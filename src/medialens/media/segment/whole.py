"""What is cut: the one file, however the caller names it, made known to a store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from medialens.errors import InputError
from medialens.inputs import Media
from medialens.media.limits import MediaLimits
from medialens.media.reference import MediaReference
from medialens.media.source import read_source, says_where
from medialens.media.store import MediaStore

Whole: TypeAlias = str | Path | bytes | BinaryIO | MediaReference
"""A path, URL, data URI, the bytes of a file, an open one, or a reference to what the store has."""


def keep_whole(source: Whole, store: MediaStore, *, copy: bool, limits: MediaLimits) -> MediaReference:
    """The reference to a medium that is to be cut.

    Args:
        source: See `Whole`. What is no file that can be read again is put into the store.
        store: Where it is registered, or where it is already.
        copy: Whether the store keeps the bytes of a file.
        limits: What may be read.

    Raises:
        InputError: It is none of these, or the reference is one to a piece.
        MediaError: It cannot be read, or the limits forbid it.
    """
    if isinstance(source, str) and source.startswith("<media://"):
        source = MediaReference.parse(source)
    if isinstance(source, MediaReference):
        return _already_there(source)
    is_data_uri = isinstance(source, str) and source[:5].lower() == "data:"
    if isinstance(source, (str, os.PathLike)) and not is_data_uri:
        return store.register(source, copy=copy, limits=limits)
    if not says_where(source):
        raise _no_file(source)
    return store.put(read_source(source, limits).data)


def _already_there(reference: MediaReference) -> MediaReference:
    if reference != reference.whole():
        msg = (
            f"{reference} is a piece already; to cut the whole medium, pass the reference to that: {reference.whole()}"
        )
        raise InputError(msg, value=reference)
    return reference


def _no_file(source: Any) -> InputError:
    hint = "what it was made of" if isinstance(source, Media) else "a file of it"
    msg = (
        f"cannot cut a {type(source).__name__} ({source!r:.80}) into pieces, each a reference to a file; expected a "
        f"path, URL, data URI, bytes, open file or media reference: pass {hint}"
    )
    return InputError(msg, value=source)
