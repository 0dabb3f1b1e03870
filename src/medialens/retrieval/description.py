"""A media file, as the flat facts that every document and node about it carries."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

from medialens.errors import InputError, MediaDecodeError
from medialens.media.limits import MediaLimits
from medialens.media.pictures.image import measure_image
from medialens.media.reference import MediaReference
from medialens.media.source import Encoded, encoded
from medialens.media.store import MediaStore, local_path, open_store
from medialens.media.videos.animation import read_animation
from medialens.retrieval.references import MEDIA, StoreLike

Scalar: TypeAlias = str | int | float | bool

COVERED = ("media_ref", "start_seconds", "end_seconds", "frame_times", "box", "caption")
"""What metadata says otherwise of a piece that takes in its neighbours."""

PDF = "application/pdf"
_LIMITS = MediaLimits()


@dataclasses.dataclass(frozen=True, kw_only=True)
class MediaDescription:
    """What is known about one medium, or one part of it.

    Attributes:
        reference: Which medium, and which page, window or box of it.
        source: The absolute path or the URL it came from.
        caption: What a person wrote about it, "" for nothing.
        text: What the file itself says: what is written on a page or spoken in a window; "" for nothing.
        width, height: Pixels of the upright picture, -1 where there are none.
        fps: Frames per second of the video that it is a clip of, -1 where there are none.
        frame_times: When the frames that stand for a clip are on show, in seconds from the beginning of the video.
        parent: The medium this is a part of.
        thumbnail: A small picture of it.
    """

    reference: MediaReference
    source: str
    caption: str = ""
    text: str = ""
    width: int = -1
    height: int = -1
    fps: float = -1.0
    frame_times: tuple[float, ...] = ()
    parent: MediaReference | None = None
    thumbnail: MediaReference | None = None

    def metadata(self) -> dict[str, Scalar]:
        """Flat JSON scalars with the same keys for every medium; "" or -1 where something is absent.

        Under ``caption`` stands the text of the file where nobody wrote a caption.

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
            "fps": self.fps,
            "frame_times": ",".join(f"{moment:.3f}" for moment in self.frame_times),
            "box": "" if reference.box is None else ",".join(map(str, reference.box)),
            "caption": self.caption or self.text,
        }


def describe(  # noqa: PLR0913  # each is a plain choice of the caller's
    path: str | Path,
    *,
    caption: str = "",
    modality: Literal["video"] | None = None,
    store: StoreLike = None,
    copy: bool = False,
    pdf: bool = False,
    limits: MediaLimits = _LIMITS,
) -> MediaDescription:
    """Register a file with the store and say what is known about it.

    Args:
        path: A file; a string that begins with ``http://`` or ``https://`` is a URL, which `limits` must allow.
        caption: What a person wrote about it.
        modality: "video" takes an animated GIF, PNG or WebP as a clip, by a reference to its whole window of time;
            None takes its first frame, as a picture. Makes no difference for other files that are clips.
        store: Where it is registered; None is the default store.
        copy: Keep the bytes in the store. Otherwise the store points to the file and notices when it changes.
        pdf: Take a whole PDF as well, whose pages are another matter.
        limits: What may be read.

    Raises:
        MediaNotFoundError: There is no such file, or it is a folder.
        MediaDecodeError: It is empty or not a picture that can be read.
        InputError: `modality` is none of these, or asks for a clip where nothing moves.
    """
    _check_modality(modality)
    source, media = source_name(path), open_store(store)
    reference = media.register(path, copy=copy, limits=limits)
    known = MediaDescription(reference=reference, source=source, caption=caption)
    return known if pdf and reference.mime_type == PDF else _looked_at(known, modality, media, limits)


def describe_bytes(  # noqa: PLR0913  # as above
    data: bytes,
    *,
    caption: str = "",
    source: str = "",
    modality: Literal["video"] | None = None,
    store: StoreLike = None,
    pdf: bool = False,
    limits: MediaLimits = _LIMITS,
) -> MediaDescription:
    """Put the bytes of a file into the store and say what is known about it; see `describe`.

    Their source, unless it is given, is where the store knows the same bytes from, and mostly "".
    """
    _check_modality(modality)
    media = open_store(store)
    reference = media.put(data)
    known = MediaDescription(reference=reference, source=source or media.source(reference), caption=caption)
    return known if pdf and reference.mime_type == PDF else _looked_at(known, modality, media, limits)


def _check_modality(modality: str | None) -> None:
    if modality not in {None, "video"}:
        raise InputError(f"modality={modality!r} is neither 'video' nor None", value=modality)


def _looked_at(
    known: MediaDescription, modality: Literal["video"] | None, media: MediaStore, limits: MediaLimits
) -> MediaDescription:
    """What is known, and what a look at the medium adds: the size of a picture, the duration of a moving one."""
    reference, name = known.reference, known.source or str(known.reference)
    if reference.modality not in MEDIA:
        is_pdf = reference.mime_type == PDF
        hint = (
            "; its pages are media, one by one: media_documents of medialens.langchain, PageSplitter of "
            "medialens.llama_index, and describe_pages of medialens.retrieval.segments give those"
        )
        msg = f"{name!r} holds {reference.mime_type}; expected a file of {', '.join(MEDIA)}{hint if is_pdf else ''}"
        raise MediaDecodeError(msg, source=name)
    if reference.modality != "image":
        if modality is not None and reference.modality != modality:
            raise _still(name, reference.mime_type)
        return known
    picture = encoded(media.read(reference, limits=limits), name=name)
    width, height = measure_image(picture, limits)
    reference = reference if modality is None else _moving(reference, picture, limits)
    return dataclasses.replace(known, reference=reference, width=width, height=height)


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


def _moving(reference: MediaReference, picture: Encoded, limits: MediaLimits) -> MediaReference:
    """A reference to all of an animated picture as a clip."""
    duration = read_animation(picture, limits).duration
    if not duration:
        raise _still(picture.name, picture.mime_type)
    # Up to the next whole millisecond, which references are spelled in, so that nothing of it is cut off.
    return dataclasses.replace(reference, start_seconds=0.0, end_seconds=math.ceil(duration * 1000) / 1000)


def _still(name: str, mime_type: str) -> InputError:
    msg = f"modality='video' needs a clip, and {name!r} is {mime_type} in which nothing moves; leave modality out"
    return InputError(msg, path=name, mime_type=mime_type)


def source_name(path: str | Path) -> str:
    """What documents and nodes call a file: its absolute path, or its URL.

    Raises:
        InputError: The path is not UTF-8, is empty, or is no path.
    """
    if not isinstance(path, (str, os.PathLike)) or path == "":
        msg = f"expected the path or URL of a file, got {path!r:.80}"
        raise InputError(msg, value=path)
    if isinstance(path, str) and path.lower().startswith(("http://", "https://")):
        return path
    return check_source(os.path.abspath(local_path(path)))  # noqa: PTH100  # links stay as the caller named them


def check_source(source: str) -> str:
    """The path or URL, if it is text that can be written anywhere.

    Raises:
        InputError: It is not UTF-8.
    """
    try:
        source.encode("utf-8")
    except UnicodeEncodeError as error:
        msg = f"the name of {source!r} is not UTF-8, so that no document or node can hold it as text; rename the file"
        raise InputError(msg, path=source) from error
    return source
