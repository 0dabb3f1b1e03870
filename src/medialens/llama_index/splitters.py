"""Documents about files, as nodes about their pieces: pages of PDFs, clips and windows of sound, tiles of screenshots.

    [report.pdf, talk.mp4, a text] --PageSplitter()--> [page 1, page 2, talk.mp4, a text] --ClipSplitter()--> ...

Each cuts what it is for and hands everything else on, so they can stand one after the other, before an embedding.
"""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llama_index.core.schema import (
    BaseNode,
    Document,
    MetadataMode,
    Node,
    NodeRelationship,
    ObjectType,
    RelatedNodeInfo,
    TransformComponent,
)
from pydantic import Field, field_validator

from medialens.errors import MediaChangedError
from medialens.llama_index.adopting import adopt
from medialens.llama_index.facts import kind_of
from medialens.llama_index.items import at, naming
from medialens.llama_index.nodes import document_to_node, piece_to_node
from medialens.llama_index.transcripts import Cues, Transcripts, check_one_file, plain_transcripts, transcript_of
from medialens.media.reference import MediaReference
from medialens.media.segment.segment import Segment
from medialens.media.store import open_store
from medialens.retrieval.description import PDF
from medialens.retrieval.segments import describe_segment
from medialens.retrieval.settings import MediaSettings


class MediaSplitter(MediaSettings, TransformComponent):
    """The common part of `PageSplitter`, `ClipSplitter` and `TileSplitter`.

    The nodes of a document have it as their SOURCE, one another as PREVIOUS and NEXT, its own metadata, and the media
    reference, the page, times or box of their piece. None of them holds the file: without `PrepareMediaForLLM`, a
    language model is sent the thumbnail, if there is one, and never the whole film for ten seconds of it.
    """

    thumbnails: bool = Field(default=False, description="Put a small picture of each piece into the store.")
    embed_text: bool = Field(
        default=False,
        description="Embed the text of a piece (the text layer of a page, what is said in a clip) together with what "
        "is seen, for models that take both. Either way it is there as metadata['caption'].",
    )

    def __call__(self, nodes: Sequence[BaseNode], **_: Any) -> list[BaseNode]:
        """The nodes about the pieces, in the place of what was cut.

        Args:
            nodes: Documents and nodes of any kind.
            _: For other transformations.

        Raises:
            MedialensError: A file cannot be cut; the message and ``error.node_id`` name its document.
        """
        done: list[BaseNode] = []
        with naming(nodes):
            for index, node in enumerate(nodes):
                with at(index):
                    done += self._cut(node)
        return done

    @abstractmethod
    def _takes(self, reference: MediaReference) -> bool:
        """Whether it is what this splitter cuts."""

    @abstractmethod
    def _split(self, file: str | bytes, document: BaseNode) -> list[Segment]:
        """The pieces of a file, given as its path or its bytes, and with what is known about it."""

    def _cut(self, given: BaseNode) -> list[BaseNode]:
        node = adopt(given, store=self.store, limits=self.limits)
        spelling = str(node.metadata.get("media_ref") or "")
        if not spelling or " " in spelling:  # no medium, or several
            return [given]
        reference = MediaReference.parse(spelling)
        if not self._takes(reference):
            return [given]
        segments = self._split(self._where(node, reference), node)
        if any(segment.parent.digest != reference.digest for segment in segments):
            path = str(node.metadata["source"])
            msg = f"{path!r} changed since it was registered with digest {reference.digest}; read it again"
            raise MediaChangedError(msg, path=path, digest=reference.digest)
        if len(segments) == 1 and segments[0].reference == reference:
            return [document_to_node(node) if isinstance(node, Document) else node]
        return _linked([self._piece(segment, node) for segment in segments])

    def _where(self, node: BaseNode, reference: MediaReference) -> str | bytes:
        source = str(node.metadata.get("source") or "")
        if source and "://" not in source and Path(source).is_file():
            return source
        return open_store(self.store).read(reference, limits=self.limits)

    def _piece(self, segment: Segment, document: BaseNode) -> Node:
        caption = document.get_content(metadata_mode=MetadataMode.NONE)
        description = describe_segment(segment, caption)
        metadata = {key: value for key, value in document.metadata.items() if key not in description.metadata()}
        return piece_to_node(description, document, store=self.store, metadata=metadata, with_text=self.embed_text)


class PageSplitter(MediaSplitter):
    """PDFs into pages: looked at as pictures, with their text layer beside them. Needs the extra ``pdf``."""

    pages: str | None = Field(default=None, description="Which, as in '1-3,7' or '5-'; None is all of them.")

    @classmethod
    def class_name(cls) -> str:
        """The name that serialised instances carry."""
        return "PageSplitter"

    def _takes(self, reference: MediaReference) -> bool:
        return reference.mime_type == PDF and reference.page is None

    def _split(self, file: str | bytes, document: BaseNode) -> list[Segment]:  # noqa: ARG002  # the file says it all
        from medialens.media.segment.pages import split_pages  # noqa: PLC0415  # brings decoders

        return split_pages(file, store=self.store, pages=self.pages, thumbnails=self.thumbnails, limits=self.limits)


class TileSplitter(MediaSplitter):
    """Long screenshots into tiles that a model can read; pictures of an ordinary shape stay whole."""

    aspect_ratio: float = Field(default=1.4, ge=1, description="Longer over shorter side of a tile, about.")
    overlap: float = Field(default=0.125, ge=0, lt=0.5, description="What neighbours share, as a share of a tile.")

    @classmethod
    def class_name(cls) -> str:
        """The name that serialised instances carry."""
        return "TileSplitter"

    def _takes(self, reference: MediaReference) -> bool:
        return reference.modality == "image" and reference == reference.whole()

    def _split(self, file: str | bytes, document: BaseNode) -> list[Segment]:  # noqa: ARG002  # the file says it all
        from medialens.media.segment.tiles import split_tiles  # noqa: PLC0415  # brings decoders

        return split_tiles(
            file,
            store=self.store,
            aspect_ratio=self.aspect_ratio,
            overlap=self.overlap,
            thumbnails=self.thumbnails,
            limits=self.limits,
        )


class ClipSplitter(MediaSplitter):
    """Videos into clips, and sounds into windows, that overlap. Needs the extra ``video`` or ``audio``."""

    thumbnails: bool = Field(default=True, description="Put a small picture of each clip into the store.")
    window_seconds: float = Field(default=10.0, gt=0, description="Length of a clip.")
    overlap_seconds: float | None = Field(
        default=None, ge=0, description="How much of a clip is in the next one as well; None is half of it."
    )
    scenes: bool = Field(default=False, description="Cut videos where a new shot begins (extra 'scenes').")
    transcript: Transcripts | None = Field(
        default=None,
        description="What is said: a .srt or .vtt file; 'beside' for the one beside it; of one file, a list of "
        "TimedText or of what Whisper gives (start, end, text); or any of these by file, as {'talk.mp4': 'beside'}, by "
        "the path, name or id of those that have any.",
    )

    @field_validator("transcript", mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        return plain_transcripts(value)

    @classmethod
    def class_name(cls) -> str:
        """The name that serialised instances carry."""
        return "ClipSplitter"

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[BaseNode]:
        """`MediaSplitter.__call__`; raises `InputError` also where one list of timed texts meets several files."""
        check_one_file(nodes, self.transcript)
        return super().__call__(nodes, **kwargs)

    def _takes(self, reference: MediaReference) -> bool:
        is_cut = reference.start_seconds is not None and not reference.mime_type.startswith("image/")
        return reference.modality in {"video", "audio"} and not is_cut

    @property
    def _overlap_seconds(self) -> float:
        return self.window_seconds / 2 if self.overlap_seconds is None else self.overlap_seconds

    def _split(self, file: str | bytes, document: BaseNode) -> list[Segment]:
        said = transcript_of(document, self.transcript)
        return self._split_sound(file, said) if kind_of(document) == "audio" else self._split_video(file, said)

    def _split_video(self, file: str | bytes, said: str | Cues | None) -> list[Segment]:
        from medialens.media.segment.clips import split_clips  # noqa: PLC0415  # brings decoders

        return split_clips(
            file,
            store=self.store,
            window_seconds=self.window_seconds,
            overlap_seconds=self._overlap_seconds,
            scenes=self.scenes,
            thumbnails=self.thumbnails,
            transcript=said,
            limits=self.limits,
        )

    def _split_sound(self, file: str | bytes, said: str | Cues | None) -> list[Segment]:
        from medialens.media.segment.sounds import split_sound  # noqa: PLC0415  # brings decoders

        return split_sound(
            file,
            store=self.store,
            window_seconds=self.window_seconds,
            overlap_seconds=self._overlap_seconds,
            transcript=said,
            limits=self.limits,
        )


def _linked(pieces: Sequence[Node]) -> list[BaseNode]:
    """The pieces of one document, each knowing its neighbours."""
    for before, after in itertools.pairwise(pieces):
        before.relationships[NodeRelationship.NEXT] = _neighbour(after)
        after.relationships[NodeRelationship.PREVIOUS] = _neighbour(before)
    return [*pieces]


def _neighbour(node: Node) -> RelatedNodeInfo:
    # Without its metadata, which every store would keep once more for each neighbour.
    return RelatedNodeInfo(node_id=node.node_id, node_type=ObjectType.MULTIMODAL)
