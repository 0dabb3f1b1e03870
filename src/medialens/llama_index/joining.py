"""Nodes about pieces of one medium, as fewer nodes."""

from __future__ import annotations

from collections.abc import Sequence

from llama_index.core.schema import BaseNode, MediaResource, Node, NodeWithScore

from medialens.llama_index.facts import reference_of, with_metadata
from medialens.retrieval.description import COVERED, MediaDescription
from medialens.retrieval.hits import Hit
from medialens.retrieval.joining import Joining, join_hits


def join_nodes(found: Sequence[NodeWithScore], how: Joining) -> list[NodeWithScore]:
    """Nodes best first, in which neighbours of one medium are one node, or each medium has one.

    What is joined is a copy of the best of them, with its id and its score, whose reference and metadata name all that
    they cover. Nodes without a medium or a score stay as they are, in their places.

    Args:
        found: Best first.
        how: See `join_hits`.
    """
    hits = {at: _hit(one, at) for at, one in enumerate(found)}
    joined = {hit.key: hit for hit in join_hits([hit for hit in hits.values() if hit is not None], how)}
    kept = [at for at, hit in hits.items() if hit is None or at in joined]
    return [_covering(found[at], joined[at]) if at in joined else found[at] for at in kept]


def _hit(found: NodeWithScore, at: int) -> Hit | None:
    reference = reference_of(found.node)
    if reference is None or found.score is None:
        return None
    facts = found.node.metadata
    return Hit(
        reference=reference,
        score=float(found.score),
        text=str(facts.get("caption") or ""),
        source=str(facts.get("source") or ""),
        key=at,
    )


def _covering(found: NodeWithScore, hit: Hit) -> NodeWithScore:
    node = found.node
    if str(hit.reference) == node.metadata["media_ref"]:
        return found
    facts = MediaDescription(reference=hit.reference, source=hit.source, text=hit.text).metadata()
    changed = {name: facts[name] for name in COVERED}
    _, _, width, height = hit.reference.box or (0, 0, node.metadata["width"], node.metadata["height"])
    copy = with_metadata(node, {**changed, "width": width, "height": height})
    return NodeWithScore(node=_with_words(copy, node, str(facts["caption"])), score=found.score)


def _with_words(copy: BaseNode, node: BaseNode, words: str) -> BaseNode:
    """Where the text of a piece is the node's own text, that of all pieces takes its place."""
    if isinstance(copy, Node) and copy.text_resource and copy.text_resource.text == node.metadata.get("caption"):
        copy.text_resource = MediaResource(text=words)
    return copy
