"""Segments: one file, as the many pieces of it that can be found.

Stage: after decoding, before `retrieval`. Takes a file that a store knows, or is about to; gives `Segment`s, each a
reference to a page, a tile, or a window of time, with its text and a thumbnail. Copies nothing: a piece is cut out of
the file whenever it is looked at. Knows nothing of models and frameworks.

    pages   `pages.py`                          tiles   `tiles.py`; `cuts.py`, `activity.py`: where it is quiet
    sounds  `sounds.py`; `windows.py`           clips   `clips.py`; `windows.py`, `scenes.py`: where to cut
    what is cut, however it is named: `whole.py`
    what is said in sounds and clips: `transcript.py`, `subtitles.py`, `speech.py`

To add a way to cut: a module here with a function from a file to segments, and its name below. Names are looked up
when they are first used: importing this package imports no decoder.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medialens.media.segment.clips import split_clips
    from medialens.media.segment.pages import split_pages
    from medialens.media.segment.scenes import SceneSettings
    from medialens.media.segment.segment import Segment
    from medialens.media.segment.sounds import split_sound
    from medialens.media.segment.speech import Whisper
    from medialens.media.segment.subtitles import TimedText
    from medialens.media.segment.tiles import split_tiles
    from medialens.media.segment.transcript import Recogniser

_MODULE_OF = {
    "Recogniser": "transcript",
    "SceneSettings": "scenes",
    "Segment": "segment",
    "TimedText": "subtitles",
    "Whisper": "speech",
    "split_clips": "clips",
    "split_pages": "pages",
    "split_sound": "sounds",
    "split_tiles": "tiles",
}

__all__ = [
    "Recogniser",
    "SceneSettings",
    "Segment",
    "TimedText",
    "Whisper",
    "split_clips",
    "split_pages",
    "split_sound",
    "split_tiles",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
