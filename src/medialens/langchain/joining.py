"""Documents about pieces of one medium, as fewer documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from langchain_core.documents import Document

from medialens.errors import MediaReferenceError
from medialens.media.reference import MediaReference
from medialens.retrieval.description import COVERED, MediaDescription
from medialens.retrieval.hits import Hit
from medialens.retrieval.joining import Joining, join_hits


def join_documents(
    documents: Sequence[Document], how: Joining, score: str, fitness: Mapping[str, float] | None = None
) -> list[Document]:
    """Documents best first, in which neighbours of one medium are one document, or each medium has one.

    What is joined is a copy of the best of them whose reference and metadata name all that they cover. Documents
    without a medium or a score stay as they are, in their places.

    Args:
        documents: Best first.
        how: See `join_hits`.
        score: The name of the score in the metadata that they are in the order of.
        fitness: By media reference, how good each is, where the score does not say; see `join_hits`.
    """
    hits = {at: _hit(document, at, score) for at, document in enumerate(documents)}
    found = [hit for hit in hits.values() if hit is not None]
    fit = None if fitness is None else {hit.key: fitness.get(str(hit.reference)) for hit in found}
    if fit is None or None in fit.values():
        merged = join_hits(found, how)
    else:
        merged = join_hits(found, how, fitness=lambda hit: fit[hit.key] or 0.0)
    joined = {hit.key: hit for hit in merged}
    kept = [at for at, hit in hits.items() if hit is None or at in joined]
    return [_covering(documents[at], joined[at]) if at in joined else documents[at] for at in kept]


def _hit(document: Document, at: int, score: str) -> Hit | None:
    facts = document.metadata
    reference = reference_of(document)
    if reference is None or score not in facts:
        return None
    return Hit(
        reference=reference,
        score=float(facts[score]),
        text=str(facts.get("caption") or ""),
        source=str(facts.get("source") or ""),
        key=at,
    )


def reference_of(document: Document) -> MediaReference | None:
    """Which medium it is about; None also for what somebody else wrote there: it is no medium of ours."""
    try:
        return MediaReference.parse(str(document.metadata.get("media_ref") or ""))
    except MediaReferenceError:
        return None


def _covering(document: Document, hit: Hit) -> Document:
    spelled = str(document.metadata["media_ref"])
    if str(hit.reference) == spelled:
        return document
    facts = MediaDescription(reference=hit.reference, source=hit.source, text=hit.text).metadata()
    changed = {name: facts[name] for name in COVERED}
    _, _, width, height = hit.reference.box or (0, 0, document.metadata["width"], document.metadata["height"])
    content = document.page_content.replace(spelled, str(hit.reference))
    metadata = {**document.metadata, **changed, "width": width, "height": height}
    return document.model_copy(update={"page_content": content, "metadata": metadata})
