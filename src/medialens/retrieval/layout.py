"""What was found, in one line of reading: labels, texts and files, for a chat model. Pure.

[1] report.pdf, page 3      label
<JPEG>                      what is shown
Revenue rose by a third.    what is said
[2] talk.mp4, 1:05-1:20
(video not shown: ...)      what was left out
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Literal, TypeGuard

from medialens.errors import InputError
from medialens.retrieval.budget import LeftOut
from medialens.retrieval.rendering import RenderedPart, Rendering

_BOX = re.compile(r"\d{1,9}(?:,\d{1,9}){3}")
_LIKE_A_LABEL = re.compile(r"^(\s*)\[(?=\d+\])", re.MULTILINE)


def lay_out(
    rendering: Rendering,
    labels: Sequence[str],
    *,
    order: Literal["interleaved", "media_first"] = "interleaved",
) -> list[RenderedPart]:
    """One list of text and files, in which a label ``[1] report.pdf, page 3`` stands before what it is about.

    What was left out is said where it would have been. Text that comes from documents cannot pass for a label: its
    lines that begin like one are marked with a backslash.

    Args:
        rendering: Of `render_items`.
        labels: One for each item; without any, nothing is labelled.
        order: "interleaved" gives each document in turn; "media_first" gives all media first, each under its number,
            and then all text, as some chat models like it better.

    Raises:
        InputError: There are not as many labels as items.
    """
    if order not in {"interleaved", "media_first"}:
        msg = f"order={order!r} is neither 'interleaved' nor 'media_first'"
        raise InputError(msg, value=order)
    if labels and len(labels) != len(rendering.parts):
        msg = f"{len(rendering.parts)} items need as many labels, got {len(labels)}"
        raise InputError(msg, value=labels)
    if order == "interleaved":
        return _joined([part for each in lay_out_each(rendering, labels) for part in each])
    media: list[RenderedPart] = []
    said: list[RenderedPart] = []
    for position, parts in enumerate(rendering.parts):
        media += _captioned([part for part in parts if not isinstance(part, str)], _number(position, labels))
        said += _each(rendering, labels, position, [part for part in parts if isinstance(part, str)])
    return _joined([*media, *said])


def lay_out_each(rendering: Rendering, labels: Sequence[str]) -> list[list[RenderedPart]]:
    """`lay_out`, interleaved, with a list for each item."""
    return [_joined(_each(rendering, labels, at, parts)) for at, parts in enumerate(rendering.parts)]


def _each(
    rendering: Rendering, labels: Sequence[str], position: int, parts: Sequence[RenderedPart]
) -> list[RenderedPart]:
    label = f"{_number(position, labels)} {labels[position]}".rstrip() if labels else ""
    notes = [_note(one) for one in rendering.left_out if one.position == position]
    return [label, *_captioned(parts), *notes]


def _number(position: int, labels: Sequence[str]) -> str:
    return f"[{position + 1}]" if labels else ""


def label_of(metadata: Mapping[str, object], *, fallback: str = "") -> str:
    """What people call a piece of a medium: ``report.pdf, page 3``, ``talk.mp4, 1:05-1:20``.

    Only the name of a file, not the folders it is in: what chat models are told, others may read.

    Args:
        metadata: The flat facts of a document or node.
        fallback: Where they do not say where it is from.
    """
    pieces = [_name_of(str(metadata.get("source") or "")) or fallback]
    if _is_number(page := metadata.get("page")) and page >= 1:
        pieces.append(f"page {page:.0f}")
    start, end = metadata.get("start_seconds"), metadata.get("end_seconds")
    if _is_number(start) and _is_number(end) and 0 <= start < end:
        pieces.append(f"{clock(start)}-{clock(end)}")
    if isinstance(box := metadata.get("box"), str) and _BOX.fullmatch(box):
        pieces.append(f"part {box}")
    return ", ".join(filter(None, pieces))


def _name_of(source: str) -> str:
    """The last part of a path or URL, on one line; what a URL asks for may be secret, and a path may hold its mark."""
    place = source.partition("?")[0] if "://" in source else source
    name = " ".join(re.split(r"[\\/]", place.rstrip("/\\"))[-1].split())
    return "".join(character for character in name if character.isprintable())


def escape_labels(text: str) -> str:
    """The text, whose lines do not pass for labels."""
    return _LIKE_A_LABEL.sub(r"\1\\[", text)


def clock(seconds: float) -> str:
    """``1:05``, ``1:02:03``; with tenths where there are any."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    shown = f"{rest // 10:02d}" + (f".{rest % 10}" if rest % 10 else "")
    return f"{hours}:{minutes:02d}:{shown}" if hours else f"{minutes}:{shown}"


def _captioned(parts: Sequence[RenderedPart], number: str = "") -> list[RenderedPart]:
    """The parts, and over each file the number of its document, if that is wanted, and when it is on show."""
    captioned: list[RenderedPart] = []
    for part in parts:
        if isinstance(part, str):
            captioned.append(escape_labels(part))
        else:
            when = "" if part.shown.at_seconds is None else f"at {clock(part.shown.at_seconds)}"
            captioned += [" ".join(filter(None, (number, when))), part]
    return captioned


def _note(one: LeftOut) -> str:
    return f"({one.modality} not shown: {one.why})"


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _joined(parts: Sequence[RenderedPart]) -> list[RenderedPart]:
    """Texts that follow one another, as one, a line each."""
    joined: list[RenderedPart] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] = f"{joined[-1]}\n{part}" if part else joined[-1]
        elif part:
            joined.append(part)
    return joined
