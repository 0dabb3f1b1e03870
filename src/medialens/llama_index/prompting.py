"""What was found, as a language model is sent it: small files, labels and text, within a budget."""

from __future__ import annotations

import base64
import dataclasses
import logging
from collections.abc import Sequence
from typing import Any, Literal

from llama_index.core.base.llms.types import TextBlock
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import BaseNode, MetadataMode, Node, NodeWithScore, QueryBundle
from pydantic import Field

from medialens.errors import InputError, MedialensError, MediaReferenceError
from medialens.inputs import Audio, Image, Item, Part, Text, Video
from medialens.llama_index.adopting import has_media
from medialens.llama_index.facts import kind_of
from medialens.llama_index.items import at, embed_text_to_item, naming, node_to_item, query_media
from medialens.llama_index.prepared import PreparedNode, apart, to_block
from medialens.media.source import reference_of
from medialens.retrieval.budget import Budget, LeftOut
from medialens.retrieval.layout import label_of, lay_out_each
from medialens.retrieval.references import query_to_item
from medialens.retrieval.rendering import (
    ChatMedia,
    RenderedMedium,
    Rendering,
    arender_items,
    render_items,
)
from medialens.retrieval.settings import MediaSettings

_LOG = logging.getLogger(__name__)
_QUESTION = "What the question is about:"


class PrepareMediaForLLM(MediaSettings, BaseNodePostprocessor):
    """Makes of each node what a multimodal language model takes: pictures made smaller, clips as frames, pages drawn.

    It comes last among the postprocessors of ``index.as_query_engine(multimodal=True)``. Nodes keep their order, ids,
    scores and metadata; what each of them sends is a label such as ``[2] talk.mp4, 0:10-0:20``, its media, and its
    text. The best node gets its share of the budget first; a medium that comes twice is sent once. What is left out
    is said in its place, and so is a medium that cannot be read: one missing file does not cost the answer.

    A medium that the query is about (``image_path``, `MediaQuery`, or a query of references) is sent as well, in a
    further node at the end, which has no score; LlamaIndex itself would send its words alone. Response modes that ask
    about one node at a time, "refine" and "accumulate", need ``send_query="each"`` to send it every time.

    Example:
        >>> engine = index.as_query_engine(
        ...     llm=llm, multimodal=True, node_postprocessors=[MediaRerank(top_n=4), PrepareMediaForLLM(max_items=8)]
        ... )
    """

    image: Literal["block", "omit"] = Field(default="block", description="Whether pictures and pages are sent.")
    video: Literal["frames", "block", "omit"] = Field(
        default="frames",
        description="'frames' sends a clip by its frames; 'block' sends whole video files, which few models take, and "
        "windows of them by their frames; 'omit' leaves clips out.",
    )
    audio: Literal["block", "omit"] = Field(
        default="omit", description="'block' sends sounds, as WAV or as they are, to models that take them."
    )
    n_frames: int = Field(default=4, gt=0, description="Of one clip.")
    max_side: int | None = Field(default=1568, gt=0, description="Longer side of one picture or frame, in pixels.")
    max_pixels: int | None = Field(default=1_150_000, gt=0, description="Width times height of one picture or frame.")
    max_items: int | None = Field(default=20, ge=0, description="Pictures, frames, sounds and clips together.")
    max_total_pixels: int | None = Field(default=None, ge=0, description="Of all pictures and frames together.")
    max_total_bytes: int | None = Field(
        default=20 * 1024**2, ge=0, description="Of all media together, in base64 as they are sent."
    )
    labels: bool = Field(default=True, description="Number the nodes, and name their files.")
    send_query: bool | Literal["each"] = Field(
        default=True,
        description="Send the medium that the query is about: True sends it after the nodes, 'each' after every one of "
        "them, for response modes that ask about one node at a time ('refine', 'accumulate'). It counts once.",
    )
    errors: Literal["note", "raise"] = Field(
        default="note", description="What a medium that cannot be read becomes: a note in its place, or an error."
    )

    @classmethod
    def class_name(cls) -> str:
        """The name that serialised instances carry."""
        return "PrepareMediaForLLM"

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        query, items, lost = self._begin(nodes, query_bundle)
        asked = None if query is None else render_items([query], budget=self._budget(), **self._options())
        with naming([one.node for one in nodes]):
            rendering = render_items(items, budget=self._budget(asked), **self._options())
        return self._prepared(nodes, asked, _with(rendering, lost))

    async def _apostprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        query, items, lost = self._begin(nodes, query_bundle)
        asked = None if query is None else await arender_items([query], budget=self._budget(), **self._options())
        with naming([one.node for one in nodes]):
            rendering = await arender_items(items, budget=self._budget(asked), **self._options())
        return self._prepared(nodes, asked, _with(rendering, lost))

    def _begin(
        self, nodes: list[NodeWithScore], query: QueryBundle | None
    ) -> tuple[Item | None, list[Item], list[LeftOut]]:
        items: list[Item] = []
        lost: list[LeftOut] = []
        with naming([one.node for one in nodes]):
            for position, one in enumerate(nodes):
                item, error = self._item(one.node, position)
                items.append(item)
                if error is not None:
                    kind, why = kind_of(one.node), "it cannot be read"
                    lost.append(LeftOut(position=position, modality=kind, medium="", why=why, error=error))
        return self._query(query), items, lost

    def _item(self, node: BaseNode, position: int) -> tuple[Item, MedialensError | None]:
        """What of a node a language model is to see: its media, and then its text, as LlamaIndex words it."""
        said = self._words(node.get_content(metadata_mode=MetadataMode.LLM))
        media: list[Image | Audio | Video] = []
        error: MedialensError | None = None
        if has_media(node):
            try:
                with at(position):
                    media = [part for part in node_to_item(node, store=self.store).parts if not isinstance(part, Text)]
            except (InputError, MediaReferenceError) as failed:
                if self.errors == "raise":
                    raise
                error = failed
        there = {str(reference_of(part)) for part in media}  # a caption may name media that it has beside it
        words = [part for part in said if isinstance(part, Text) or str(reference_of(part)) not in there]
        return Item(*media, *(words or ([] if media else [Text("")]))), error

    def _words(self, text: str) -> list[Part]:
        if not text.strip():
            return []
        try:
            return [*embed_text_to_item(text, store=self.store).parts]
        except MediaReferenceError:  # of a text that only looks like one
            return [Text(text)]

    def _query(self, query: QueryBundle | None) -> Item | None:
        if query is None or not self.send_query:
            return None
        media = query_media(query) or query_to_item(query.query_str, store=self.store)
        parts = [part for part in getattr(media, "parts", ()) if not isinstance(part, Text)]
        return Item(*parts) if parts else None

    def _budget(self, asked: Rendering | None = None) -> Budget:
        """What there is for the nodes, after the query had its share."""
        shown = [] if asked is None else [part.shown for part in asked.parts[0] if isinstance(part, RenderedMedium)]
        left = {
            "max_items": (self.max_items, len(shown)),
            "max_pixels": (self.max_total_pixels, sum(one.n_pixels for one in shown)),
            "max_bytes": (self.max_total_bytes, sum(len(base64.b64encode(one.data)) for one in shown)),
        }
        return Budget(**{name: None if most is None else most - spent for name, (most, spent) in left.items()})

    def _options(self) -> dict[str, Any]:
        chat = ChatMedia(
            image=self.image,
            video=self.video,
            audio=self.audio,
            n_frames=self.n_frames,
            max_pixels=self.max_pixels,
            max_side=self.max_side,
        )
        return {"chat": chat, "limits": self.limits, "errors": self.errors}

    def _prepared(
        self, nodes: Sequence[NodeWithScore], asked: Rendering | None, rendering: Rendering
    ) -> list[NodeWithScore]:
        for one in rendering.left_out:
            if one.error is not None:  # it names folders: for those who read logs, not for the language model
                _LOG.warning("node %r is not shown: %s", nodes[one.position].node_id, one.error)
        labels = [label_of(one.node.metadata, fallback="text") for one in nodes] if self.labels else []
        sent = [[to_block(part) for part in parts] for parts in lay_out_each(rendering, labels)]
        question = [] if asked is None else [TextBlock(text=_QUESTION), *map(to_block, *lay_out_each(asked, []))]
        if question and nodes and self.send_query == "each":
            sent = [[block for blocks in apart([own, question]) for block in blocks] for own in sent]
            question = []
        *sent, question = apart([*sent, question])
        prepared = [
            NodeWithScore(node=PreparedNode.of(one.node, blocks), score=one.score)
            for one, blocks in zip(nodes, sent, strict=True)
        ]
        return [*prepared, *([NodeWithScore(node=PreparedNode.of(Node(id_="query"), question))] if question else [])]


def _with(rendering: Rendering, lost: Sequence[LeftOut]) -> Rendering:
    return dataclasses.replace(rendering, left_out=(*rendering.left_out, *lost))
