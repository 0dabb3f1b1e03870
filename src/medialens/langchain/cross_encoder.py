"""Scores of pairs, as LangChain's `BaseCrossEncoder`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from langchain_core.cross_encoders import BaseCrossEncoder
from pydantic import AliasChoices, Field

from medialens.errors import InputError, MedialensError
from medialens.inputs import Item
from medialens.retrieval.references import query_to_item, text_to_item
from medialens.retrieval.settings import ModelSettings

if TYPE_CHECKING:
    from medialens.reranker import Reranker


class MediaCrossEncoder(ModelSettings, BaseCrossEncoder):
    """Scores (query, document) pairs of strings that are text, media references, or both in reading order.

    For LangChain's own classes that take a `BaseCrossEncoder`, such as ``CrossEncoderReranker(model=...)``, which
    throws the scores away; `MediaReranker` keeps them.
    """

    model: str = Field(
        default="demo-reranker",
        validation_alias=AliasChoices("model", "model_name"),
        description="'demo-reranker', a folder, or a repository on the hub; may be given as `model_name`, too.",
    )
    instruction: str | None = Field(default=None, description="The task, for models that take one.")
    data_uris: bool = Field(default=False, description="Take data URIs in text for media, up to `limits.max_bytes`.")

    @property
    def score_kind(self) -> str:
        """One of "logit", "probability", "cosine" or "maxsim"; loads the model if nothing has yet."""
        return self._open().score_kind

    def score(self, text_pairs: Sequence[tuple[str, str]]) -> list[float]:
        """A score for each (query, document) pair, as a Python float; larger is better.

        Raises:
            UnknownReferenceError: The store never issued a reference.
            UnsupportedModalityError: The model cannot take that kind of query or document.
        """
        if not text_pairs:
            return []
        return [float(one) for one in self._open().score(self._items(text_pairs), instruction=self.instruction)]

    async def ascore(self, text_pairs: Sequence[tuple[str, str]]) -> list[float]:
        """`score`, awaited on the engine without occupying a thread."""
        if not text_pairs:
            return []
        scores = await self._open().ascore(self._items(text_pairs), instruction=self.instruction)
        return [float(one) for one in scores]

    def _open(self) -> Reranker:
        from medialens.reranker import Reranker  # noqa: PLC0415  # torch comes with it; constructing this is light

        return Reranker(self.model, **self._handle_arguments())

    def _items(self, text_pairs: Sequence[tuple[str, str]]) -> list[tuple[Item, Item]]:
        pairs = []
        for index, pair in enumerate(text_pairs):
            try:
                query, document = _as_pair(pair)
                asked = query_to_item(query, store=self.store, data_uris=self.data_uris)
                pairs.append((asked, text_to_item(document, store=self.store, data_uris=self.data_uris)))
            except MedialensError as error:
                raise error.at(index) from error
        return pairs


def _as_pair(pair: Any) -> tuple[str, str]:
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:  # noqa: PLR2004  # a pair
        msg = f"expected a pair (query, document), got {pair!r:.80}"
        raise InputError(msg, value=pair)
    return (pair[0], pair[1])
