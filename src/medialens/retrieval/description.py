"""A media file, as the flat facts that every document and node about it carries."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from medialens.errors import InputError, MediaDecodeError
from medialens.media.image import measure_image
from medialens.media.limits import MediaLimits
from medialens.media.reference import MediaReference
from medialens.media.source import encoded
from medialens.media.store import local_path, open_store
from medialens.retrieval.references import MEDIA, StoreLike

Scalar: TypeAlias = str | int | float | bool

_LIMITS = MediaLimits()


@dataclasses.dataclass(frozen=True, kw_only=True)
class MediaDescription:
    """What is known about one medium, or one part of it.

    Attributes:
        reference: Which medium, and which page, window or box of it.
        source: The absolute path or the URL it came from.
        caption: What a person wrote about it, "" for nothing.
        width, height: Pixels of the upright picture, -1 where there are none.
        parent: The medium this is a part of.
        thumbnail: A small picture of it.
    """

    reference: MediaReference
    source: str
    caption: str = ""
    width: int = -1
    height: int = -1
    parent: MediaReference | None = None
    thumbnail: MediaReference | None = None

    def metadata(self) -> dict[str, Scalar]:
        """Flat JSON scalars with the same keys for every medium; "" or -1 where something is absent.

        Vector stores drop or refuse None, lists and nested values, and some fix their columns by the first
        document they see.
        """
        reference = self.reference
        return {
            "source": self.source,
            "media_type": reference.modality,
            "mime_type": reference.mime_type,
            "media_ref": str(reference),
            "parent_ref": str(self.parent or ""),
            "thumbnail_ref": str(self.thumbnail or ""),
            "width": self.width,
            "height": self.height,
            "page": -1 if reference.page is None else reference.page,
            "start_seconds": -1.0 if reference.start_seconds is None else reference.start_seconds,
            "end_seconds": -1.0 if reference.end_seconds is None else reference.end_seconds,
            "box": "" if reference.box is None else ",".join(map(str, reference.box)),
            "caption": self.caption,
        }


def describe(
    path: str | Path,
    *,
    caption: str = "",
    store: StoreLike = None,
    copy: bool = False,
    limits: MediaLimits = _LIMITS,
) -> MediaDescription:
    """Register a file with the store and say what is known about it.

    Args:
        path: A file; a string that begins with ``http://`` or ``https://`` is a URL, which `limits` must allow.
        caption: What a person wrote about it.
        store: Where it is registered; None is the default store.
        copy: Keep the bytes in the store. Otherwise the store points to the file and notices when it changes.
        limits: What may be read.

    Raises:
        MediaNotFoundError: There is no such file, or it is a folder.
        MediaDecodeError: It is empty or not a picture that can be read.
    """
    source, media = _source(path), open_store(store)
    reference = media.register(path, copy=copy, limits=limits)
    if reference.modality not in MEDIA:
        msg = f"{str(path)!r} holds {reference.mime_type}; expected a file of {', '.join(MEDIA)}"
        raise MediaDecodeError(msg, source=str(path))
    width, height = -1, -1
    if reference.modality == "image":
        picture = encoded(media.read(reference, limits=limits), name=source)
        width, height = measure_image(picture, limits)
    return MediaDescription(reference=reference, source=source, caption=caption, width=width, height=height)


def merge_metadata(description: MediaDescription, extra: Mapping[str, Any] | None) -> dict[str, Scalar]:
    """The description's metadata and the caller's own, which may not replace it.

    Raises:
        InputError: A key is taken, or a value is no flat scalar, which vector stores would drop or refuse.
    """
    own = description.metadata()
    for key, value in (extra or {}).items():
        if key in own:
            msg = f"metadata key {key!r} is one of medialens' own ({', '.join(own)}); choose another"
            raise InputError(msg, key=key)
        if not isinstance(value, (str, int, float, bool)):
            msg = (
                f"metadata {key!r} must be a str, int, float or bool, which every vector store keeps; got {value!r:.80}"
            )
            raise InputError(msg, key=key, value=value)
    return {**own, **(extra or {})}


def _source(path: str | Path) -> str:
    if isinstance(path, str) and path.lower().startswith(("http://", "https://")):
        return path
    source = os.path.abspath(local_path(path))  # noqa: PTH100  # links stay as the caller named them
    try:
        source.encode("utf-8")
    except UnicodeEncodeError as error:
        msg = f"the name of {source!r} is not UTF-8, so that no document or node can hold it as text; rename the file"
        raise InputError(msg, path=source) from error
    return source
