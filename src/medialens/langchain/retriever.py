"""A vector store, words and a reranker as one retriever, in which every kind of medium has its place."""

from __future__ import annotations

import dataclasses
from typing import Any, Unpack, cast

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import VectorStore
from pydantic import ConfigDict, Field, model_validator

from medialens.errors import InputError
from medialens.inputs import Conversation, Item, Text
from medialens.langchain.content import Content, content_to_item
from medialens.langchain.embeddings import MediaEmbeddings
from medialens.langchain.flow import Embed, Find, Plan, Recall, Step, retrieve
from medialens.langchain.lexical import query_text
from medialens.langchain.querying import ContentRetriever, RetrievalOptions, content_of, whole_k
from medialens.langchain.reranker import MediaReranker
from medialens.langchain.stores import MODALITIES, asearch, filtered, modality_filter, narrowed, search
from medialens.retrieval.fusing import check_quotas
from medialens.retrieval.joining import Joining
from medialens.scoring.fusion import RRF_K


class MediaRetriever(ContentRetriever):
    """Finds text, pictures, pages, clips and sounds with one question, be it words or a medium.

    The store is searched for each kind of medium by itself, and ranks are counted among each kind: of one model, texts
    as a rule score higher than pictures that fit just as well, and would otherwise fill the answer alone. What the
    searches found is fused by rank (RRF); each kind keeps places in the answer (`quotas`). A reranker, if there is one,
    sees candidates of all kinds and then has the last word.

    Scores of all stages are in the metadata of copies, beside each other: ``retrieval_score`` is the store's own (of
    some stores greater is better, of others smaller), ``lexical_score`` that of `CaptionRetriever`, ``fusion_score``
    that of the fusion, ``relevance_score`` the reranker's.

    A query is a string (text, or references and nothing else), a list of content blocks, a message, or an `Image`,
    `Video`, `Audio` or `Item`. A call takes ``k``, ``filter`` and ``search_kwargs`` as well; see `RetrievalOptions`.

    Example:
        >>> retriever = MediaRetriever(vector_store=store, reranker=MediaReranker(top_n=None), k=4)
        >>> retriever.invoke("a red circle")
        >>> retriever.invoke(Image("circle.png"), k=2)
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    vector_store: VectorStore
    embeddings: Embeddings | None = Field(default=None, description="None is those of the store.")
    lexical: BaseRetriever | None = Field(
        default=None, description="Searches words, such as `CaptionRetriever`; not asked about media."
    )
    reranker: BaseDocumentCompressor | None = Field(
        default=None, description="Orders the candidates; of a `MediaReranker`, `k` counts and not its `top_n`."
    )
    k: int = Field(default=4, ge=0, description="How many documents come back; may be given per call.")
    fetch_k: int | None = Field(
        default=None, gt=0, description="How many each search fetches, and a reranker sees; None is 5 k, at least 20."
    )
    quotas: dict[str, int] | None = Field(
        default=None,
        description="How many of the k places are a kind's own ('text', 'image', 'audio', 'video'), if so many are "
        "found. None shares them equally among the kinds that are found; {} gives them to the best, whatever kind.",
    )
    weights: tuple[float, float] = Field(default=(1.0, 1.0), description="Of the vector store, and of words.")
    rrf_k: float = Field(default=RRF_K, ge=0, description="The larger, the less the first ranks stand out.")
    join: Joining | None = Field(
        default=None,
        description="'pieces' makes one document of neighbouring clips, sounds or tiles of one medium; 'pictures' "
        "keeps the best tile of each picture or page, 'media' the best piece of each file; None keeps all.",
    )
    search_kwargs: dict[str, Any] = Field(
        default_factory=dict, description="For every search of the store: a filter, say."
    )
    modality_filters: dict[str, dict[str, Any]] | None = Field(
        default=None,
        description="Arguments with which the store finds each kind alone, as {'image': {'filter': ...}}. None is what "
        "is known of InMemory, Chroma, FAISS, Qdrant, LanceDB, Milvus and PGVector. {} searches all kinds at once, and "
        "deeper until each kind is found; so do stores that are not known.",
    )
    max_fetch_k: int = Field(default=1000, gt=0, description="How deep that goes.")

    @model_validator(mode="after")
    def _check(self) -> MediaRetriever:
        if self.quotas is not None:
            check_quotas(self.quotas, self.k)
        self._filters(self.search_kwargs)
        return self

    def _get_relevant_documents(
        self, query: Content, *, run_manager: CallbackManagerForRetrieverRun, **options: Unpack[RetrievalOptions]
    ) -> list[Document]:
        plan, asked, result = self._plan(options), self._ask(content_of(query)), None
        steps = retrieve(plan, query_text(asked.item))
        while True:
            try:
                step = steps.send(result)
            except StopIteration as end:
                return list(end.value)
            result = self._take(step, asked, run_manager)

    async def _aget_relevant_documents(
        self, query: Content, *, run_manager: AsyncCallbackManagerForRetrieverRun, **options: Unpack[RetrievalOptions]
    ) -> list[Document]:
        plan, asked, result = self._plan(options), self._ask(content_of(query)), None
        steps = retrieve(plan, query_text(asked.item))
        while True:
            try:
                step = steps.send(result)
            except StopIteration as end:
                return list(end.value)
            result = await self._atake(step, asked, run_manager)

    def _take(self, step: Step, asked: _Asked, run_manager: CallbackManagerForRetrieverRun) -> Any:
        if isinstance(step, Embed):
            if isinstance(asked.content, str):
                return asked.embeddings.embed_query(asked.content)
            return asked.media_embeddings().embed_content([asked.item], role="query")[0]
        if isinstance(step, Find):
            return search(self.vector_store, step.vector, step.searches)
        if isinstance(step, Recall):
            return cast("BaseRetriever", self.lexical).invoke(step.text, {"callbacks": run_manager.get_child()})
        reranker = _keeping_all(self.reranker)
        return reranker.compress_documents(step.documents, asked.by(reranker), run_manager.get_child())

    async def _atake(self, step: Step, asked: _Asked, run_manager: AsyncCallbackManagerForRetrieverRun) -> Any:
        if isinstance(step, Embed):
            if isinstance(asked.content, str):
                return await asked.embeddings.aembed_query(asked.content)
            return (await asked.media_embeddings().aembed_content([asked.item], role="query"))[0]
        if isinstance(step, Find):
            return await asearch(self.vector_store, step.vector, step.searches)
        if isinstance(step, Recall):
            return await cast("BaseRetriever", self.lexical).ainvoke(step.text, {"callbacks": run_manager.get_child()})
        reranker = _keeping_all(self.reranker)
        return await reranker.acompress_documents(step.documents, asked.by(reranker), run_manager.get_child())

    def _ask(self, query: Content) -> _Asked:
        embeddings = self.embeddings or self.vector_store.embeddings
        if embeddings is None:
            msg = f"{type(self.vector_store).__name__} does not say what it embeds with; pass embeddings="
            raise InputError(msg)
        media = _media_embeddings(embeddings)
        store, data_uris = (None, False) if media is None else (media.store, media.data_uris)
        item = content_to_item(query, store=store, data_uris=data_uris)
        return _Asked(content=query, item=item, embeddings=embeddings)

    def _plan(self, options: RetrievalOptions) -> Plan:
        k = whole_k(options.get("k"), self.k)
        if self.quotas is not None:
            check_quotas(self.quotas, k)
        arguments = self._arguments(options)
        return Plan(
            k=k,
            fetch_k=max(20, 5 * k) if self.fetch_k is None else max(self.fetch_k, k),
            max_fetch_k=self.max_fetch_k,
            filters=self._filters(arguments),
            arguments=filtered(self.vector_store, arguments),
            lexical=self.lexical is not None,
            reranks=self.reranker is not None,
            quotas=self.quotas,
            weights=self.weights,
            rrf_k=self.rrf_k,
            join=self.join,
        )

    def _arguments(self, options: RetrievalOptions) -> dict[str, Any]:
        """Of every search of the store, for this call."""
        unknown = sorted(options.keys() - RetrievalOptions.__annotations__)
        if unknown:
            msg = f"a call takes k, filter, expr and search_kwargs, got {', '.join(unknown)}"
            raise TypeError(msg)
        filters = {name: options[name] for name in ("filter", "expr") if options.get(name) is not None}
        given = {**options.get("search_kwargs", {}), **filters}
        if self.lexical is not None and given.keys() & {"filter", "expr"}:
            msg = (
                "a filter of one call holds for the vector store, and not for the lexical retriever: make a retriever "
                "for each filter, with a lexical one over the documents that it lets through"
            )
            raise InputError(msg, value=filters)
        return {**self.search_kwargs, **given}

    def _filters(self, arguments: dict[str, Any]) -> dict[str, dict[str, Any]] | None:
        if self.modality_filters is not None:
            own = {kind: narrowed(self.vector_store, arguments, one) for kind, one in self.modality_filters.items()}
            return own or None
        filters = {kind: modality_filter(self.vector_store, kind, arguments) for kind in MODALITIES}
        known = {kind: one for kind, one in filters.items() if one is not None}
        return known if len(known) == len(filters) else None


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Asked:
    """A query, and what embeds it."""

    content: Content
    item: Item | Conversation
    embeddings: Embeddings

    def media_embeddings(self) -> MediaEmbeddings:
        media = _media_embeddings(self.embeddings)
        if media is None:
            msg = (
                f"{type(self.embeddings).__name__} embeds strings alone, and the query is none: "
                "pass embeddings=MediaEmbeddings(...), with the model of the store"
            )
            raise InputError(msg, value=self.content)
        return media

    def by(self, reranker: BaseDocumentCompressor) -> Any:
        """The query as this reranker takes it."""
        if isinstance(self.content, str):
            return self.content
        if isinstance(reranker, MediaReranker):
            return self.item
        if all(isinstance(part, Text) for part in getattr(self.item, "parts", (None,))):
            return query_text(self.item)
        msg = f"{type(reranker).__name__} takes queries of text alone, and this one has media; pass a MediaReranker"
        raise InputError(msg, value=self.content)


def _keeping_all(reranker: BaseDocumentCompressor | None) -> BaseDocumentCompressor:
    """The reranker, which leaves it to the retriever how many are kept."""
    if isinstance(reranker, MediaReranker):
        return reranker.model_copy(update={"top_n": None})
    return cast("BaseDocumentCompressor", reranker)


def _media_embeddings(embeddings: Embeddings) -> MediaEmbeddings | None:
    """Those that know media, also behind a cache."""
    inner = getattr(embeddings, "underlying_embeddings", embeddings)
    return inner if isinstance(inner, MediaEmbeddings) else None
