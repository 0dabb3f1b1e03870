"""Blobs as Documents: whole media, pages of PDFs, clips of videos, windows of sounds, tiles of screenshots.

For every LangChain loader that yields blobs (``GenericLoader``, ``FileSystemBlobLoader``, ``CloudBlobLoader`` ...):
each parser is thin, and says only how its kind of file is cut. A blob with a path is registered as that file, one with
bytes alone is copied into the store.
"""

from __future__ import annotations

import dataclasses
import logging
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from langchain_core.document_loaders import BaseBlobParser
from langchain_core.documents import Document
from langchain_core.documents.base import Blob

from medialens.errors import MedialensError
from medialens.langchain.cutting import cut_clips, cut_pages, cut_sound, cut_tiles
from medialens.langchain.media import check_errors, segment_to_document, to_document
from medialens.media.limits import MediaLimits
from medialens.media.segment.segment import Segment
from medialens.retrieval.description import MediaDescription, describe, describe_bytes
from medialens.retrieval.references import StoreLike

_LIMITS = MediaLimits()
_LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Parser(BaseBlobParser):
    """What all of them can be told."""

    store: StoreLike = None
    copy: bool = False
    limits: MediaLimits = _LIMITS
    errors: Literal["raise", "skip"] = "raise"

    def __post_init__(self) -> None:
        check_errors(self.errors)

    def lazy_parse(self, blob: Blob) -> Iterator[Document]:
        """The Documents about a blob, in their order, with its own flat metadata beside the usual.

        Raises:
            MediaError: It cannot be read, or is of another kind; unless `errors` says to skip it.
        """
        try:
            yield from self._documents(blob)
        except MedialensError as error:
            if self.errors == "raise":
                raise
            _LOG.warning("left out %s: %s", blob.source, error)

    @abstractmethod
    def _documents(self, blob: Blob) -> Iterator[Document]:
        """The Documents about a blob."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class MediaBlobParser(_Parser):
    """One Document for each blob: a picture, a sound, a video.

    Attributes:
        store: Where media are registered: a folder, ``memory://name``, any fsspec URL, or None for the default.
        copy: Keep the bytes of files in the store. Otherwise it points to them, and notices when they change.
        limits: What may be read.
        errors: "raise" raises what is wrong with a blob; "skip" leaves it out, and logs a warning that names it.
        modality: "video" takes an animated GIF, PNG or WebP as a clip.
    """

    modality: Literal["video"] | None = None

    def _documents(self, blob: Blob) -> Iterator[Document]:
        found = _describe(blob, self)
        source = _source_of(blob)
        yield to_document(dataclasses.replace(found, source=source or found.source), _metadata_of(blob))


@dataclasses.dataclass(frozen=True, kw_only=True)
class _CuttingParser(_Parser):
    """One Document for each piece of a blob.

    Attributes:
        store: Where media are registered: a folder, ``memory://name``, any fsspec URL, or None for the default.
        copy: Keep the bytes of files in the store. Otherwise it points to them, and notices when they change.
        limits: What may be read.
        errors: "raise" raises what is wrong with a blob; "skip" leaves it out, and logs a warning that names it.
        thumbnails: Put a small picture of each piece into the store; sounds have none.
    """

    thumbnails: bool = False

    def _documents(self, blob: Blob) -> Iterator[Document]:
        for segment in self._cut(_content_of(blob), store=self.store, copy=self.copy, limits=self.limits):
            yield segment_to_document(segment, source=_source_of(blob), metadata=_metadata_of(blob))

    @abstractmethod
    def _cut(self, content: Path | bytes, **arguments: Any) -> list[Segment]:
        """The pieces."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class PdfPageParser(_CuttingParser):
    """One Document for each page of a PDF, to be looked at; its text layer stands under ``caption``. Extra ``pdf``.

    Attributes:
        pages: Which, as in "1-3,7" or "5-"; None is all of them.
    """

    pages: str | None = None

    def _cut(self, content: Path | bytes, **arguments: Any) -> list[Segment]:
        return cut_pages(content, pages=self.pages, thumbnails=self.thumbnails, **arguments)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ScreenshotTileParser(_CuttingParser):
    """One Document for each tile of a long picture, and one for a picture of an ordinary shape.

    Attributes:
        aspect_ratio, overlap: See `medialens.media.segment.tiles.split_tiles`.
    """

    aspect_ratio: float = 1.4
    overlap: float = 0.125

    def _cut(self, content: Path | bytes, **arguments: Any) -> list[Segment]:
        options = {"aspect_ratio": self.aspect_ratio, "overlap": self.overlap, "thumbnails": self.thumbnails}
        return cut_tiles(content, **options, **arguments)


@dataclasses.dataclass(frozen=True, kw_only=True)
class VideoClipParser(_CuttingParser):
    """One Document for each clip of a video; what is said in it stands under ``caption``. Extra ``video``.

    Attributes:
        window_seconds, overlap_seconds, scenes, times, transcript: See `medialens.media.segment.clips.split_clips`.
    """

    window_seconds: float = 10.0
    overlap_seconds: float | None = None
    scenes: Any = False
    times: Sequence[Any] | None = None
    transcript: Any = None

    def _cut(self, content: Path | bytes, **arguments: Any) -> list[Segment]:
        return cut_clips(
            content,
            window_seconds=self.window_seconds,
            overlap_seconds=self.overlap_seconds,
            scenes=self.scenes,
            times=self.times,
            transcript=self.transcript,
            thumbnails=self.thumbnails,
            **arguments,
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class SoundWindowParser(_CuttingParser):
    """One Document for each window of a sound, or of the sound of a video. Extra ``audio``.

    What is said in it stands under ``caption``.

    Attributes:
        window_seconds, overlap_seconds, transcript: See `medialens.media.segment.sounds.split_sound`.
    """

    window_seconds: float = 30.0
    overlap_seconds: float | None = None
    transcript: Any = None

    def _cut(self, content: Path | bytes, **arguments: Any) -> list[Segment]:
        lengths = {"window_seconds": self.window_seconds, "overlap_seconds": self.overlap_seconds}
        return cut_sound(content, transcript=self.transcript, **lengths, **arguments)


def _describe(blob: Blob, parser: MediaBlobParser) -> MediaDescription:
    content = _content_of(blob)
    if isinstance(content, bytes):
        return describe_bytes(content, modality=parser.modality, store=parser.store, limits=parser.limits)
    options: dict[str, Any] = {"copy": parser.copy, "limits": parser.limits}
    return describe(content, modality=parser.modality, store=parser.store, **options)


def _content_of(blob: Blob) -> Path | bytes:
    # `as_bytes` would read a film whole; and the limits have not been asked yet.
    return blob.as_bytes() if blob.path is None or blob.data is not None else Path(blob.path)


def _source_of(blob: Blob) -> str:
    """Where its loader says it is from; "" where it is a file, whose path the store knows, and makes absolute."""
    source = blob.metadata.get("source")
    return str(source or (blob.path if blob.data is not None else None) or "")


def _metadata_of(blob: Blob) -> dict[str, Any]:
    return {key: value for key, value in blob.metadata.items() if key != "source"}
