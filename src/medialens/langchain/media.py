"""Files as LangChain Documents, and ids for them."""

from __future__ import annotations

import dataclasses
import json
import logging
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from langchain_core.documents import Document

from medialens.errors import InputError, MedialensError
from medialens.langchain.cutting import cutter
from medialens.media.access.local_file import summarise_file
from medialens.media.limits import MediaLimits
from medialens.media.reference import MediaReference
from medialens.media.segment.segment import Segment
from medialens.media.store import local_path, open_store
from medialens.retrieval.description import PDF, MediaDescription, Scalar, describe, merge_metadata
from medialens.retrieval.references import MEDIA, StoreLike, compose
from medialens.retrieval.segments import describe_segment

_LIMITS = MediaLimits()
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://github.com/medialens/medialens#document")
_TEXT = MediaDescription(reference=MediaReference(digest="0" * 64, mime_type="text/plain"), source="").metadata()
_NO_MEDIUM = {**_TEXT, "media_type": "text", "media_ref": ""}
_LOG = logging.getLogger(__name__)


def media_document(  # noqa: PLR0913  # each is a plain choice of the caller's
    path: str | Path,
    *,
    caption: str = "",
    modality: Literal["video"] | None = None,
    store: StoreLike = None,
    copy: bool = False,
    metadata: Mapping[str, Scalar] | None = None,
    limits: MediaLimits = _LIMITS,
) -> Document:
    """A Document about one media file, ready for any vector store.

    Its ``page_content`` is the caption, if there is one, and a media reference: the digest of the bytes, about a
    hundred characters. `MediaEmbeddings` and `MediaReranker` with the same `store` see the medium through it, and
    ``index()`` notices when the bytes change. A model that cannot take text and picture in one item refuses
    documents with a caption; leave it out for those, or put it into `metadata`.

    Args:
        path: A file, or a URL if `limits` allows it.
        caption: Embedded together with the medium, and what text-only consumers read.
        modality: "video" takes an animated GIF, PNG or WebP as a clip; otherwise its first frame counts. Video files
            are clips without it.
        store: Where the file is registered: a folder, ``memory://name``, any fsspec URL, or None for the default.
        copy: Keep the bytes in the store. Otherwise it points to the file and notices when that changes.
        metadata: Further flat scalars.
        limits: What may be read.

    Returns:
        A Document whose metadata has the same keys for every medium: ``source, media_type, mime_type, media_ref,
        parent_ref, thumbnail_ref, width, height, page, start_seconds, end_seconds, fps, frame_times, box, caption``; ""
        or -1 where something is absent.
    """
    description = describe(path, caption=caption, modality=modality, store=store, copy=copy, limits=limits)
    return to_document(description, metadata)


def media_documents(  # noqa: PLR0913  # as above
    path: str | Path | Iterable[str | Path],
    *,
    split: bool = True,
    store: StoreLike = None,
    copy: bool = False,
    metadata: Mapping[str, Scalar] | None = None,
    errors: Literal["raise", "skip"] = "raise",
    limits: MediaLimits = _LIMITS,
) -> list[Document]:
    """Documents about all media in a folder, in one file, or in several: the pieces in which they are found.

    PDFs become pages, long pictures tiles, videos clips of ten seconds and sounds windows of thirty; other pictures
    stay whole. For other pieces, use the parsers of `medialens.langchain`, such as ``VideoClipParser(scenes=True)``.

    Args:
        path: A file or URL, a folder, or several of them. Of a folder all files count, also those in its folders, in
            the order of their names; what is hidden (``.name``) and what is no medium is passed over.
        split: False gives one document for each picture, video and sound. PDFs always come page by page.
        store: Where the files are registered; see `media_document`.
        copy: Keep the bytes in the store; see `media_document`.
        metadata: Further flat scalars, of all documents.
        errors: "raise" raises the first error; "skip" leaves the file out, and logs a warning that names it.
        limits: What may be read.

    Raises:
        MediaNotFoundError: There is no such file or folder.
        MediaError: A file is corrupt, or over the limits.
    """
    return list(
        lazy_media_documents(path, split=split, store=store, copy=copy, metadata=metadata, errors=errors, limits=limits)
    )


def lazy_media_documents(  # noqa: PLR0913  # as above
    path: str | Path | Iterable[str | Path],
    *,
    split: bool = True,
    store: StoreLike = None,
    copy: bool = False,
    metadata: Mapping[str, Scalar] | None = None,
    errors: Literal["raise", "skip"] = "raise",
    limits: MediaLimits = _LIMITS,
) -> Iterator[Document]:
    """`media_documents`, one after the other: what ``index()`` takes of a large folder."""
    check_errors(errors)
    for file, is_named in _files([path] if isinstance(path, (str, Path)) else path):
        try:
            if is_named or _is_medium(file, limits):
                yield from _documents(file, split=split, store=store, copy=copy, metadata=metadata, limits=limits)
        except MedialensError as error:
            if errors == "raise":
                raise
            _LOG.warning("left out %s: %s", file, error)


def document_key(document: Document, namespace: str = "") -> str:
    """A UUID for a Document's content and metadata, for ``index(..., key_encoder=document_key)``.

    The same document always gets the same one, on any machine. Qdrant takes UUIDs only, which LangChain's own
    digests are not; PGVector's ids are unique in a whole table, so give each collection its `namespace`:
    ``key_encoder=functools.partial(document_key, namespace="my-collection")``.

    Raises:
        InputError: The metadata hold what JSON does not know, such as dates.
    """
    identity = [namespace, document.page_content, document.metadata]
    try:
        return str(uuid.uuid5(_NAMESPACE, json.dumps(identity, sort_keys=True)))
    except TypeError as error:
        msg = f"the metadata of {document.page_content!r:.80} have no key, for they are not JSON: {error}"
        raise InputError(msg, metadata=document.metadata) from error


def with_media_keys(documents: Iterable[Document]) -> list[Document]:
    """Copies of documents, texts above all, with the metadata keys that documents about media have.

    Milvus and LanceDB fix their columns by the first documents that they see, and refuse others. What a document has
    stays; what it lacks is "" or -1, and its ``media_type`` "text".

    Args:
        documents: Of any loader or splitter.
    """
    return [one.model_copy(update={"metadata": {**_NO_MEDIUM, **one.metadata}}) for one in documents]


def to_document(description: MediaDescription, metadata: Mapping[str, Any] | None = None) -> Document:
    """The Document about a medium, or a piece of one."""
    content = compose(description.caption, description.reference)
    return Document(page_content=content, metadata=merge_metadata(description, metadata))


def segment_to_document(segment: Segment, *, source: str = "", metadata: Mapping[str, Any] | None = None) -> Document:
    """The Document about one piece of a file.

    Args:
        segment: What a function of `medialens.media.segment` gave.
        source: Where the file came from, if that is known better than to the store.
        metadata: Further flat scalars.
    """
    found = describe_segment(segment)
    found = dataclasses.replace(found, source=source or found.source)
    if found.reference == found.reference.whole():  # nothing was cut
        found = dataclasses.replace(found, parent=None)
    return to_document(found, metadata)


def check_errors(errors: str) -> None:
    """Nothing, if it is "raise" or "skip".

    Raises:
        InputError: It is neither.
    """
    if errors not in {"raise", "skip"}:
        msg = f"errors={errors!r} is neither 'raise' nor 'skip'"
        raise InputError(msg, value=errors)


def _files(paths: Iterable[str | Path]) -> Iterator[tuple[str | Path, bool]]:
    """Files, and whether the caller named them one by one."""
    for path in paths:
        if isinstance(path, str) and path.lower().startswith(("http://", "https://")):
            yield path, True
            continue
        local = Path(local_path(path))
        if local.is_dir():
            yield from ((file, False) for file in _visible_files(local))
        else:
            yield path, True


def _documents(  # noqa: PLR0913  # those of `media_documents`
    file: str | Path,
    *,
    split: bool,
    store: StoreLike,
    copy: bool,
    metadata: Mapping[str, Scalar] | None,
    limits: MediaLimits,
) -> Iterator[Document]:
    media = open_store(store)
    kind = media.register(file, copy=copy, limits=limits)
    cut = cutter(kind.mime_type) if split or kind.mime_type == PDF else None
    if cut is None:
        yield media_document(file, store=media, copy=copy, metadata=metadata, limits=limits)
        return
    for segment in cut(file, store=media, copy=copy, limits=limits):
        yield segment_to_document(segment, metadata=metadata)


def _visible_files(folder: Path, above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """Its files and those in its folders; a link to a folder that it is in leads nowhere new, and is passed over."""
    here = folder.resolve()
    if here in above:
        return
    for entry in sorted(folder.iterdir()):
        if not entry.name.startswith("."):
            if entry.is_dir():
                yield from _visible_files(entry, (*above, here))
            else:
                yield entry


def _is_medium(file: str | Path, limits: MediaLimits) -> bool:
    summary = summarise_file(Path(file), limits)
    return summary.mime_type == PDF or summary.mime_type.partition("/")[0] in MEDIA
