"""Files as LangChain Documents, and ids for them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from langchain_core.documents import Document

from medialens.media.limits import MediaLimits
from medialens.retrieval.description import Scalar, describe, merge_metadata
from medialens.retrieval.references import StoreLike, compose

_LIMITS = MediaLimits()
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://github.com/medialens/medialens#document")


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
        parent_ref, thumbnail_ref, width, height, page, start_seconds, end_seconds, box, caption``; "" or -1 where
        something is absent.
    """
    description = describe(path, caption=caption, modality=modality, store=store, copy=copy, limits=limits)
    content = compose(caption, description.reference)
    return Document(page_content=content, metadata=merge_metadata(description, metadata))


def document_key(document: Document, namespace: str = "") -> str:
    """A UUID for a Document's content and metadata, for ``index(..., key_encoder=document_key)``.

    The same document always gets the same one, on any machine. Qdrant takes UUIDs only, which LangChain's own
    digests are not; PGVector's ids are unique in a whole table, so give each collection its `namespace`:
    ``key_encoder=lambda document: document_key(document, "my-collection")``.
    """
    identity = [namespace, document.page_content, document.metadata]
    return str(uuid.uuid5(_NAMESPACE, json.dumps(identity, sort_keys=True)))
