"""What is said in videos and sounds, as a field of `ClipSplitter`: plain values, which the ingestion cache can read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from llama_index.core.schema import BaseNode

from medialens.errors import InputError
from medialens.llama_index.facts import kind_of
from medialens.media.limits import MediaLimits
from medialens.media.segment.transcript import read_transcript

Cues: TypeAlias = list[dict[str, float | str]]
"""Timed texts, as ``{"start": 1.0, "end": 2.5, "text": "..."}`` each."""

Transcripts: TypeAlias = str | Cues | dict[str, str | Cues]
"""A path or "beside", for every file; timed texts, for one; or either of them by file."""

_LIMITS = MediaLimits()


def plain_transcripts(given: Any) -> Any:
    """Timed texts of any kind (`TimedText`, what Whisper gives) as plain values; paths and None as they are.

    Raises:
        InputError: It holds something else.
    """
    if isinstance(given, Mapping):
        return {str(file): plain_transcripts(one) for file, one in given.items()}
    if given is None or not isinstance(given, Sequence) or isinstance(given, str):
        return given if given is None else str(given)
    cues = read_transcript(given, "", _LIMITS)
    return [{"start": float(cue.start_seconds), "end": float(cue.end_seconds), "text": cue.text} for cue in cues]


def transcript_of(document: BaseNode, transcripts: Transcripts | None) -> str | Cues | None:
    """What is known to be said in the file of a document: by its ``source``, the name of its file, or its id."""
    if not isinstance(transcripts, dict):
        return transcripts
    source = str(document.metadata.get("source") or "")
    names = (source, re.split(r"[\\/]", source)[-1], document.node_id)
    return next((transcripts[name] for name in names if name in transcripts), None)


def check_one_file(nodes: Sequence[BaseNode], transcripts: Transcripts | None) -> None:
    """Refuse the timed texts of one file where there are several.

    Raises:
        InputError: There are.
    """
    heard = sum(kind_of(node) in {"video", "audio"} for node in nodes)
    if isinstance(transcripts, list) and heard > 1:
        msg = (
            f"transcript= is one list of timed texts, and there are {heard} videos and sounds; say which it is of: "
            "transcript={'talk.mp4': [...]}, by path, name or id"
        )
        raise InputError(msg, n_files=heard)
