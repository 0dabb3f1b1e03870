"""Documents that were found, as content blocks for a chat model.

    [Document("<media://...>")]  -->  [{"type": "text", "text": "[1] report.pdf, page 3"},
                                       {"type": "image", "base64": "...", "mime_type": "image/png"}]

Blocks hold base64 and a MIME type, always: some chat models fetch URLs, and some take none.
"""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Sequence
from typing import Any, Literal, TypedDict, Unpack

from langchain_core.documents import Document

from medialens.errors import MedialensError
from medialens.inputs import Item, Text
from medialens.media.limits import MediaLimits
from medialens.retrieval.budget import Budget, LeftOut
from medialens.retrieval.layout import label_of, lay_out
from medialens.retrieval.references import StoreLike, text_to_item
from medialens.retrieval.rendering import ChatMedia, RenderedPart, Rendering, arender_items, render_items

_CHAT, _BUDGET, _LIMITS = ChatMedia(), Budget(), MediaLimits()


class RenderOptions(TypedDict, total=False):
    """How documents are shown to a chat model; all of it can be left out.

    Attributes:
        store: Where the references of the documents were issued; None is the default store.
        image, video, audio: Which kinds the chat model takes, and how; see `ChatMedia`. ``video="frames"`` (the
            default) shows clips by their frames, ``"block"`` hands over files, ``"omit"`` leaves them out.
        n_frames: Of one clip: 4.
        max_pixels, max_side: Of one picture or frame; larger ones are made smaller. 1,150,000 and 1568.
        max_items, max_total_pixels, max_bytes: Of all media together, in the order of the documents: 20, no limit,
            20 MiB of base64.
        order: "interleaved" (the default) gives each document in turn, "media_first" all media first.
        labels: Whether a line such as ``[1] report.pdf, page 3`` stands over each document.
        data_uris: Whether data URIs in documents are media, as for `MediaEmbeddings(data_uris=True)`.
        errors: "raise" (the default) raises what makes a medium unreadable; "note" leaves it out and says so.
        limits: What may be read.
    """

    store: StoreLike
    image: Literal["block", "omit"]
    video: Literal["frames", "block", "omit"]
    audio: Literal["block", "omit"]
    n_frames: int
    max_pixels: int | None
    max_side: int | None
    max_items: int | None
    max_total_pixels: int | None
    max_bytes: int | None
    order: Literal["interleaved", "media_first"]
    labels: bool
    data_uris: bool
    errors: Literal["raise", "note"]
    limits: MediaLimits


class ContentBlocks(list[dict[str, Any]]):
    """Content blocks, for ``HumanMessage(content=blocks)``.

    Attributes:
        left_out: The media that are not among them, and why. The blocks say so too, where they would have been.
    """

    left_out: tuple[LeftOut, ...] = ()


def documents_to_content_blocks(documents: Sequence[Document], **options: Unpack[RenderOptions]) -> ContentBlocks:
    """Standard content blocks that show documents: their text, and their media as files of a bearable size.

    A medium that several documents have is shown once. Pages are drawn, boxes cut out, windows of sound cut to WAV.
    The label names the file, but not the folder that it is in.

    Args:
        documents: Best first; what does not fit into the budget is left out, and said.
        **options: See `RenderOptions`.

    Raises:
        UnknownReferenceError: The store never issued a reference; names its digest and the store, and the position
            of the document in ``.index``.
        MediaError: A medium cannot be read; see ``errors``.
    """
    plan = _Plan(documents, options)
    return plan.blocks(render_items(plan.items, chat=plan.chat, budget=plan.budget, **plan.reading))


async def adocuments_to_content_blocks(
    documents: Sequence[Document], **options: Unpack[RenderOptions]
) -> ContentBlocks:
    """`documents_to_content_blocks`, beside the event loop."""
    plan = _Plan(documents, options)
    return plan.blocks(await arender_items(plan.items, chat=plan.chat, budget=plan.budget, **plan.reading))


class _Plan:
    def __init__(self, documents: Sequence[Document], options: RenderOptions) -> None:
        unknown = set(options) - set(RenderOptions.__annotations__)
        if unknown:
            msg = f"unknown options {sorted(unknown)}; expected some of {', '.join(RenderOptions.__annotations__)}"
            raise TypeError(msg)
        get: Any = options.get  # a TypedDict that may lack any of its keys
        errors = get("errors", "raise")
        self.items, self._unread = _items(documents, get("store"), errors, data_uris=get("data_uris", False))
        self.chat = ChatMedia(
            image=get("image", _CHAT.image),
            video=get("video", _CHAT.video),
            audio=get("audio", _CHAT.audio),
            n_frames=get("n_frames", _CHAT.n_frames),
            max_pixels=get("max_pixels", _CHAT.max_pixels),
            max_side=get("max_side", _CHAT.max_side),
        )
        self.budget = Budget(
            max_items=get("max_items", _BUDGET.max_items),
            max_pixels=get("max_total_pixels", _BUDGET.max_pixels),
            max_bytes=get("max_bytes", _BUDGET.max_bytes),
        )
        self.reading: dict[str, Any] = {"limits": get("limits", _LIMITS), "errors": errors}
        self._labels = [label_of(one.metadata) for one in documents] if get("labels", True) else []
        self._order = get("order", "interleaved")

    def blocks(self, rendering: Rendering) -> ContentBlocks:
        left_out = sorted([*rendering.left_out, *self._unread], key=lambda one: one.position)
        rendering = dataclasses.replace(rendering, left_out=tuple(left_out))
        blocks = ContentBlocks(map(_block, lay_out(rendering, self._labels, order=self._order)))
        blocks.left_out = rendering.left_out
        return blocks


def _items(
    documents: Sequence[Document], store: StoreLike, errors: str, *, data_uris: bool
) -> tuple[list[Item], list[LeftOut]]:
    """The documents as items; what holds no proper reference is an error, or else nothing but its text."""
    items, unread = [], []
    for position, document in enumerate(documents):
        try:
            items.append(text_to_item(document.page_content, store=store, data_uris=data_uris))
        except MedialensError as error:
            if errors != "note":
                raise error.at(position) from error
            items.append(Item(Text("")))
            why = "it cannot be read"
            unread.append(LeftOut(position=position, modality="document", medium="", why=why, error=error))
    return items, unread


def _block(part: RenderedPart) -> dict[str, Any]:
    # No generated ids: equal documents give equal blocks, so that a cache of answers knows them again.
    if isinstance(part, str):
        return {"type": "text", "text": part}
    data = base64.b64encode(part.shown.data).decode("ascii")
    return {"type": part.modality, "base64": data, "mime_type": part.shown.mime_type}
