"""A vector store and words as one retriever, in which every kind of medium has its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llama_index.core import VectorStoreIndex
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.callbacks import CallbackManager
from llama_index.core.schema import NodeWithScore, QueryBundle
from llama_index.core.vector_stores import FilterCondition, MetadataFilter, MetadataFilters

from medialens.errors import InputError
from medialens.llama_index.facts import KINDS, kind_of, with_metadata
from medialens.llama_index.index import MediaVectorStoreIndex
from medialens.llama_index.index_retriever import with_embedding
from medialens.llama_index.items import query_words
from medialens.llama_index.joining import join_nodes
from medialens.retrieval.fusing import Candidate, check_quotas, choose, fuse_candidates
from medialens.retrieval.joining import Joining
from medialens.scoring.fusion import RRF_K


class MediaRetriever(BaseRetriever):
    """Finds text, pictures, pages, clips and sounds with one question, be it words or a medium.

    The store is searched for each kind of medium by itself, and ranks are counted among each kind: of one model, texts
    as a rule score higher than pictures that fit just as well, and would otherwise fill the answer alone. What the
    searches found is fused by rank (RRF); each kind keeps places in the answer (`quotas`). `MediaRerank` after it sees
    candidates of all kinds and then has the last word.

    ``NodeWithScore.score`` is that of the fusion; the store's own is under ``retrieval_score`` and that of `lexical`
    under ``lexical_score`` in the metadata of a copy of the node, which no model sees.

    Example:
        >>> retriever = MediaRetriever(index=index, lexical=CaptionRetriever(nodes), similarity_top_k=6, join="pieces")
        >>> retriever.retrieve(MediaQuery(media=Video("clip.mp4")))

    Args:
        index: What is searched.
        similarity_top_k: How many nodes come back.
        fetch_k: How many each search fetches; None is 5 times as many, and at least 20.
        lexical: Searches words, such as `CaptionRetriever`; not asked about media alone.
        quotas: How many of the places are a kind's own ("text", "image", "audio", "video"), if so many are found. None
            shares them equally among the kinds that are found; {} gives them to the best, whatever kind.
        weights: Of the vector store, and of words.
        rrf_k: The larger, the less the first ranks stand out.
        join: "pieces" makes one node of neighbouring clips, sounds or tiles of one medium; "pictures" keeps the best
            tile of each picture or page, "media" the best piece of each file; None keeps all.
        filters: What all hits of the vector store must have in their metadata.
        callback_manager: LlamaIndex's.

    Raises:
        InputError: `quotas` come to more than `similarity_top_k` or name another kind, or a number is negative.
    """

    def __init__(  # noqa: PLR0913  # each is a plain choice of the caller's
        self,
        index: VectorStoreIndex,
        *,
        similarity_top_k: int = 10,
        fetch_k: int | None = None,
        lexical: BaseRetriever | None = None,
        quotas: Mapping[str, int] | None = None,
        weights: tuple[float, float] = (1.0, 1.0),
        rrf_k: float = RRF_K,
        join: Joining | None = None,
        filters: MetadataFilters | None = None,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        if not isinstance(index, MediaVectorStoreIndex):
            msg = f"index={index!r:.80} must be a MediaVectorStoreIndex, whose text nodes say that they are text"
            raise InputError(msg, value=index)
        if similarity_top_k < 0 or (fetch_k is not None and fetch_k < 1):
            msg = f"similarity_top_k={similarity_top_k!r} must be at least 0 and fetch_k={fetch_k!r} at least 1"
            raise InputError(msg, similarity_top_k=similarity_top_k, fetch_k=fetch_k)
        self._quotas = None if quotas is None else _checked(quotas, similarity_top_k)
        if len([*weights]) != 2:  # noqa: PLR2004  # see `weights`
            msg = f"weights={weights!r} must be two numbers, that of the vector store and that of words"
            raise InputError(msg, weights=weights)
        self._k, self._embedding = similarity_top_k, index.embedding
        self._lexical, self._weights, self._rrf_k, self._join = lexical, weights, rrf_k, join
        k = max(20, 5 * similarity_top_k) if fetch_k is None else max(fetch_k, similarity_top_k)
        self._searches = [
            index.as_retriever(similarity_top_k=k, filters=_only(kind, filters), callback_manager=callback_manager)
            for kind in KINDS
        ]
        super().__init__(callback_manager=callback_manager)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        query, words = query_bundle, query_words(query_bundle)
        if query.embedding is None:
            query = with_embedding(query, self._embedding.embed_query(query))
        found = [hit for search in self._searches for hit in search.retrieve(query)]
        said = self._lexical.retrieve(words) if self._lexical is not None and words else None
        return self._chosen(found, said)

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        query, words = query_bundle, query_words(query_bundle)
        if query.embedding is None:
            query = with_embedding(query, await self._embedding.aembed_query(query))
        found = [hit for search in self._searches for hit in await search.aretrieve(query)]
        said = await self._lexical.aretrieve(words) if self._lexical is not None and words else None
        return self._chosen(found, said)

    def _chosen(self, found: Sequence[NodeWithScore], said: Sequence[NodeWithScore] | None) -> list[NodeWithScore]:
        # Of the bests of several kinds, which rank alike, the one that the store likes best comes first.
        found = sorted(found, key=lambda hit: -(hit.score or 0.0))
        rankings = {"retrieval_score": found} if said is None else {"retrieval_score": found, "lexical_score": said}
        fused = self._fused(rankings)
        joined = fused if self._join is None else join_nodes(fused, self._join)
        kept = choose([kind_of(one.node) for one in joined], self._k, quotas=self._quotas)
        return [joined[at] for at in kept]

    def _fused(self, rankings: Mapping[str, Sequence[NodeWithScore]]) -> list[NodeWithScore]:
        nodes = {hit.node_id: hit.node for ranking in reversed([*rankings.values()]) for hit in ranking}
        scores: dict[str, dict[str, float]] = {id_: {} for id_ in nodes}
        for name, ranking in rankings.items():
            for hit in ranking:
                if hit.score is not None:
                    scores[hit.node_id].setdefault(name, float(hit.score))
        candidates = [
            [Candidate(key=hit.node_id, modality=kind_of(nodes[hit.node_id])) for hit in ranking]
            for ranking in rankings.values()
        ]
        fused = fuse_candidates(candidates, rrf_k=self._rrf_k, weights=self._weights[: len(candidates)])
        ids = [(str(one.candidate.key), one.fusion_score) for one in fused]
        return [NodeWithScore(node=with_metadata(nodes[id_], scores[id_]), score=score) for id_, score in ids]


def _checked(quotas: Mapping[str, int], k: int) -> dict[str, int]:
    if unknown := [kind for kind in quotas if kind not in KINDS]:
        msg = f"quotas name {', '.join(map(repr, unknown))}; expected some of {', '.join(map(repr, KINDS))}"
        raise InputError(msg, quotas=dict(quotas))
    return check_quotas(quotas, k)


def _only(kind: str, filters: MetadataFilters | None) -> MetadataFilters:
    """Those of one kind; in one level as far as can be, because not all stores take more."""
    own = MetadataFilter(key="media_type", value=kind)
    if filters is None or not filters.filters:
        return MetadataFilters(filters=[own])
    if filters.condition == FilterCondition.AND:
        return MetadataFilters(filters=[*filters.filters, own], condition=FilterCondition.AND)
    return MetadataFilters(filters=[filters, MetadataFilters(filters=[own])], condition=FilterCondition.AND)
