"""What every way to cut gives: a piece of a medium, as a reference and what is known about it."""

from __future__ import annotations

import dataclasses

from medialens.inputs import Audio, Image, Video
from medialens.media.reference import MediaReference
from medialens.media.store import MediaStore

_PARTS: dict[str, type[Image] | type[Audio] | type[Video]] = {"image": Image, "audio": Audio, "video": Video}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Segment:
    """A page, a tile, or a window of time.

    Attributes:
        reference: Which piece of which medium; what is encoded, shown and kept.
        store: Where the medium is registered.
        source: The path or URL that it came from.
        text: What is written on the page or said in the window, "" for nothing.
        width, height: Of what is seen, in pixels; -1 where nothing is.
        fps: Frames per second of the video, -1 for what is none or does not say.
        frame_times: When the frames that stand for the clip are on show, in seconds from the beginning of the video.
        thumbnail: A small picture of it, in the same store.
    """

    reference: MediaReference
    store: MediaStore
    source: str
    text: str = ""
    width: int = -1
    height: int = -1
    fps: float = -1.0
    frame_times: tuple[float, ...] = ()
    thumbnail: MediaReference | None = None

    @property
    def parent(self) -> MediaReference:
        """The whole medium that this is a piece of."""
        return self.reference.whole()

    @property
    def part(self) -> Image | Audio | Video:
        """What `Encoder` and `Reranker` take for it."""
        return _PARTS[self.reference.modality](str(self.reference), store=self.store)
