"""What was found, as a chat model is shown it: text and small files in order, within a budget.

    items --render_items--> Rendering --layout.py--> "[1] report.pdf, page 3", JPEG, "[2] talk.mp4, ...", JPEG, JPEG
            Budget            what is shown,
            ChatMedia         what was left out

Frameworks turn what `lay_out` gives into their own blocks.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
from collections.abc import Sequence
from typing import Literal, TypeAlias

from medialens.errors import InputError, MediaError
from medialens.inputs import Audio, Image, Item, Media, Text, Video
from medialens.media.limits import MediaLimits
from medialens.media.showing import (
    Shown,
    bytes_as_they_are,
    play_sound,
    selects_itself,
    show_clip,
    show_frames,
    show_picture,
)
from medialens.media.source import reference_of
from medialens.retrieval.budget import Budget, LeftOut, Meter

_LIMITS = MediaLimits()
_BUDGET = Budget()


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChatMedia:
    """What a chat model takes, and how it is shown.

    Attributes:
        image: "block" shows pictures and pages; "omit" leaves them out.
        video: "frames" shows a clip by its frames, which all models take that take pictures; "block" hands over video
            files, which few models take: whole ones as they are, windows of them coded anew; "omit" leaves clips out.
        audio: "block" hands sounds over; "omit" leaves them out, as some models demand.
        n_frames: Of one clip.
        max_clip_seconds: A window that is longer is shown by its frames, because coding it anew takes long.
        max_pixels: Width times height of one picture or frame.
        max_side: Longer side of one.
        sample_rate_hz: Of sounds that are cut out of longer ones.
    """

    image: Literal["block", "omit"] = "block"
    video: Literal["frames", "block", "omit"] = "frames"
    audio: Literal["block", "omit"] = "block"
    n_frames: int = 4
    max_clip_seconds: float = 60.0
    max_pixels: int | None = 1_150_000
    max_side: int | None = 1568
    sample_rate_hz: int = 16_000

    def __post_init__(self) -> None:
        for name, known in _CHOICES.items():
            if getattr(self, name) not in known:
                msg = f"{name}={getattr(self, name)!r} is none of {', '.join(known)}"
                raise InputError(msg, value=getattr(self, name))


_CHOICES = {"image": ("block", "omit"), "video": ("frames", "block", "omit"), "audio": ("block", "omit")}
_CHAT_MEDIA = ChatMedia()


@dataclasses.dataclass(frozen=True, kw_only=True)
class RenderedMedium:
    """One file that is shown.

    Attributes:
        modality: "image", also for frames; "audio"; "video".
        shown: The file.
        medium: The reference that it was made from, "" where there was none.
    """

    modality: str
    shown: Shown
    medium: str = ""


RenderedPart: TypeAlias = str | RenderedMedium


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rendering:
    """What is shown of each item, in reading order, and what is not.

    Attributes:
        parts: One tuple for each item: its texts, and the files that are shown of it.
        left_out: In order of the items.
    """

    parts: tuple[tuple[RenderedPart, ...], ...]
    left_out: tuple[LeftOut, ...] = ()


def render_items(
    items: Sequence[Item],
    *,
    chat: ChatMedia = _CHAT_MEDIA,
    budget: Budget = _BUDGET,
    limits: MediaLimits = _LIMITS,
    errors: Literal["raise", "note"] = "raise",
) -> Rendering:
    """Each item as texts and files; a medium that comes again is shown once, where it comes first.

    Args:
        items: Best first: they get their share of the budget in this order.
        chat: What is shown, and how large.
        budget: For all of them together.
        limits: What may be read.
        errors: "raise" raises the error of a medium that cannot be read, with the position of its item in ``.index``;
            "note" leaves the medium out and says why.

    Raises:
        MediaError: See `errors`.
    """
    renderer = _Renderer(chat, Meter(budget), limits, errors)
    parts = tuple(tuple(renderer.render(position, item)) for position, item in enumerate(items))
    return Rendering(parts=parts, left_out=tuple(renderer.left_out))


async def arender_items(
    items: Sequence[Item],
    *,
    chat: ChatMedia = _CHAT_MEDIA,
    budget: Budget = _BUDGET,
    limits: MediaLimits = _LIMITS,
    errors: Literal["raise", "note"] = "raise",
) -> Rendering:
    """`render_items` beside the event loop."""
    return await asyncio.to_thread(render_items, items, chat=chat, budget=budget, limits=limits, errors=errors)


class _Renderer:
    def __init__(self, chat: ChatMedia, meter: Meter, limits: MediaLimits, errors: str) -> None:
        self._chat, self._meter, self._limits, self._errors = chat, meter, limits, errors
        self._shown_at: dict[str, int] = {}
        self.left_out: list[LeftOut] = []

    def render(self, position: int, item: Item) -> list[RenderedPart]:
        parts: list[RenderedPart] = []
        for part in item.parts:
            if isinstance(part, Text):
                parts.append(part.text)
            else:
                parts += self._medium(position, part)
        return parts

    def _medium(self, position: int, part: Image | Audio | Video) -> list[RenderedMedium]:
        name = _reference_of(part)
        shown: list[Shown] = []
        try:
            why, shown = self._show(position, part, name)
        except MediaError as error:
            if self._errors == "raise":
                raise error.at(position) from error
            self._leave_out(position, part, "it cannot be read", error)
        else:
            if why:
                self._leave_out(position, part, why)
        return [
            RenderedMedium(modality="image" if one.width else part.modality, shown=one, medium=name) for one in shown
        ]

    def _leave_out(self, position: int, part: Image | Audio | Video, why: str, error: MediaError | None = None) -> None:
        name = _reference_of(part) or repr(part)
        self.left_out.append(LeftOut(position=position, modality=part.modality, medium=name, why=why, error=error))

    def _show(self, position: int, part: Image | Audio | Video, name: str) -> tuple[str, list[Shown]]:
        """Why it is not shown, or what is shown."""
        if getattr(self._chat, part.modality) == "omit":
            return f"{part.modality}='omit'", []
        if name in self._shown_at:
            return self._again(name), []
        if why := self._why_not(part):
            return why, []
        shown = self._files(part)
        key = hashlib.sha256(b"\n".join(one.data for one in shown)).hexdigest()
        if key in self._shown_at:
            return self._again(key), []
        n_pixels, n_bytes = sum(one.n_pixels for one in shown), sum(len(one.data) for one in shown)
        why = self._meter.spend(n_items=len(shown), n_pixels=n_pixels, n_bytes=n_bytes)
        if why:
            return why, []
        self._shown_at.update({key: position} | ({name: position} if name else {}))
        return "", shown

    def _why_not(self, part: Image | Audio | Video) -> str:
        """What is known before anything is read: that there is no room left, or not for so large a file."""
        if self._meter.n_items_left == 0:
            return self._meter.spend()
        if isinstance(part, Image) or (isinstance(part, Video) and not self._as_file(part)):
            return ""
        n_bytes = bytes_as_they_are(part, limits=self._limits)
        return "" if self._meter.has_room(n_bytes) else self._meter.spend(n_bytes=n_bytes)

    def _as_file(self, part: Video) -> bool:
        reference = reference_of(part) if part.start_seconds is None and part.end_seconds is None else None
        window = part if reference is None else reference
        start, end = window.start_seconds, window.end_seconds
        is_short = end is not None and end - (start or 0.0) <= self._chat.max_clip_seconds
        return self._chat.video == "block" and (is_short or (start is None and end is None))

    def _again(self, key: str) -> str:
        return f"the same as in [{self._shown_at[key] + 1}]"

    def _files(self, part: Image | Audio | Video) -> list[Shown]:
        chat, limits = self._chat, self._limits
        if isinstance(part, Image):
            return [show_picture(part, max_pixels=chat.max_pixels, max_side=chat.max_side, limits=limits)]
        if isinstance(part, Audio):
            return [play_sound(part, sample_rate_hz=chat.sample_rate_hz, limits=limits)]
        if self._as_file(part):
            return [show_clip(part, limits=limits)]
        left = self._meter.n_items_left
        n_frames = chat.n_frames if left is None else min(chat.n_frames, left)
        return show_frames(part, n_frames=n_frames, max_pixels=chat.max_pixels, max_side=chat.max_side, limits=limits)


def _reference_of(part: Media) -> str:
    """The reference that alone says what is meant; "" where there is none."""
    return "" if selects_itself(part) else str(reference_of(part) or "")
