"""What a caller hands in: text, pictures, sounds, clips, and mixtures of them in reading order.

Stage: the first. Takes Python values, gives `Item` (or `Conversation`); reads no file and decodes nothing.

A plain `str` is text, always: it is never taken for a path, a URL or base64. Media are typed parts. Inside
`Image(...)`, where a string can only say where the picture is, its *spelling* decides: ``<media://...>`` is a
media reference, ``data:`` a data URI, ``http://`` and ``https://`` a URL, ``file://`` and all else a path.

To add a kind of medium: a part class here, a decoded type in `media/decoded.py`, a row in `media/decode.py`.
"""

from __future__ import annotations

import dataclasses
import math
import numbers
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

from medialens.errors import InputError

Modality: TypeAlias = Literal["text", "image", "audio", "video", "message"]
Role: TypeAlias = Literal["query", "document"]

_SHOWN_CHARACTERS = 100

_URL = re.compile(r"(?i)(https?://)(?:[^/?#]*@)?([^?#]*)(\?.*)?", re.DOTALL)
_LARGEST = 10**9
"""Pages and pixels stay below this: what media references can spell."""

MODALITIES: tuple[Modality, ...] = ("text", "image", "audio", "video", "message")


@dataclasses.dataclass(frozen=True)
class Text:
    """A run of text."""

    text: str
    modality = "text"

    def __post_init__(self) -> None:
        value: Any = self.text
        if not isinstance(value, str):
            msg = f"Text takes a str, got {type(value).__name__}: {value!r:.80}"
            raise InputError(msg, value=value)


@dataclasses.dataclass(frozen=True, eq=False)
class Media:
    """The common part of `Image`, `Audio` and `Video`: where the medium is.

    Attributes:
        source: A path (`str` or `Path`), URL, data URI, media reference, bytes, or decoded object. What exactly
            is accepted is up to the kind of medium and checked when it is read, not here.
        store: The `MediaStore` (or its URL) that issued the media reference; None is the default store in the
            user's data folder. Only used when `source` is a reference.
    """

    source: Any
    store: Any = dataclasses.field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.source is None or isinstance(self.source, (bool, int, float)):
            msg = f"{type(self).__name__} takes a path, URL, bytes or a decoded object, got {self.source!r}"
            raise InputError(msg, value=self.source)

    def __repr__(self) -> str:
        source = self.source
        if isinstance(source, (bytes, bytearray, memoryview)):
            shown = f"<{len(source)} bytes>"
        elif isinstance(source, (str, os.PathLike)):
            text = repr(_without_secrets(source))
            shown = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
        else:
            shape = getattr(source, "shape", getattr(source, "size", ""))
            shown = f"<{type(source).__name__} {shape}>"
        return f"{type(self).__name__}({shown})"


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Image(Media):
    """A picture: path, URL, bytes, data URI, PIL image, numpy array, torch tensor, or media reference.

    Arrays are (height, width), (height, width, channels) or, for tensors, (channels, height, width), with 1, 3
    or 4 channels; uint8 in 0..255, uint16 in 0..65535, or floating point in 0..1.

    Attributes:
        page: 1-based page of a PDF (extra ``pdf``), which is rendered when it is looked at; None for other files.
        box: x, y, width, height of the part of it that is meant, in pixels of the upright picture, or of the page
            at 144 dots per inch; None for all of it.
    """

    page: int | None = dataclasses.field(default=None, kw_only=True)
    box: tuple[int, int, int, int] | None = dataclasses.field(default=None, kw_only=True)
    modality = "image"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.page is not None and not (_is_whole(self.page) and 1 <= self.page < _LARGEST):
            msg = f"Image(page={self.page!r:.80}) must be a whole number; pages count from 1"
            raise InputError(msg, value=self.page)
        if self.box is not None and not _is_box(self.box):
            msg = (
                f"Image(box={self.box!r:.80}) must be four whole numbers x, y, width and height, "
                "none below 0, with a width and a height of at least 1"
            )
            raise InputError(msg, value=self.box)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Audio(Media):
    """A sound: path, URL, bytes, data URI, media reference, or samples with their rate.

    Files are wav, flac, mp3, ogg, opus, m4a, aac, aiff and the sound of videos (with the extra ``audio``). Samples are
    an array or tensor (samples,) or (channels, samples), floating point in -1..1 or integers over their whole range,
    Sentence Transformers' ``{"array": ..., "sampling_rate": ...}``, or a torchcodec ``AudioDecoder``. Several channels
    are heard as their mean.

    Attributes:
        start_seconds, end_seconds: Only this window of it, counted from its beginning; None is that, and its end. Of
            the sound of a video, from the first picture on, as for `Video`.
        sample_rate_hz: Of samples that come without; needed there, and nowhere else. A bare array that is encoded, as
            Sentence Transformers has it, is taken to be at the model's rate.
    """

    start_seconds: float | None = dataclasses.field(default=None, kw_only=True)
    end_seconds: float | None = dataclasses.field(default=None, kw_only=True)
    sample_rate_hz: int | None = dataclasses.field(default=None, kw_only=True)
    modality = "audio"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.sample_rate_hz is not None and not (_is_whole(self.sample_rate_hz) and self.sample_rate_hz > 0):
            msg = f"Audio(sample_rate_hz={self.sample_rate_hz!r:.80}) must be a whole number of samples per second"
            raise InputError(msg, value=self.sample_rate_hz)
        _check_window(self)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Video(Media):
    """A clip: path, URL, bytes, data URI, media reference, or its frames.

    Files are mp4, mov, webm, mkv, avi, MPEG-TS, flv and ogg (with the extra ``video``), animated GIF, PNG, WebP and
    AVIF, and, as clips of one frame, still pictures. Frames are an array (frames, height, width[, channels]) or tensor
    (frames, channels, height, width), a list of pictures, Sentence Transformers' ``{"array": ..., "video_metadata":
    {"fps": ...}}``, or a torchcodec ``VideoDecoder``, which is asked for the frames that are looked at.

    Attributes:
        start_seconds, end_seconds: Only this window of it, counted from its beginning; None is that, and its end.
        fps: Frames per second, for clips that come as frames; needed there for a window, and for nothing else.
    """

    start_seconds: float | None = dataclasses.field(default=None, kw_only=True)
    end_seconds: float | None = dataclasses.field(default=None, kw_only=True)
    fps: float | None = dataclasses.field(default=None, kw_only=True)
    modality = "video"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fps is not None and not (_is_number(self.fps) and self.fps > 0):
            msg = f"Video(fps={self.fps!r:.80}) must be a number of frames per second above 0"
            raise InputError(msg, value=self.fps)
        _check_window(self)


def _check_window(part: Audio | Video) -> None:
    start, end = part.start_seconds or 0.0, part.end_seconds
    are_numbers = _is_number(start) and (end is None or _is_number(end))
    if not are_numbers or start < 0 or (end is not None and end <= start):
        msg = (
            f"{type(part).__name__} window from {part.start_seconds!r} to {part.end_seconds!r} seconds is empty: "
            "start_seconds must be at least 0 and end_seconds after it"
        )
        raise InputError(msg, start_seconds=part.start_seconds, end_seconds=part.end_seconds)


def _without_secrets(source: Any) -> Any:
    """A URL without user, password and query."""
    match = _URL.match(source) if isinstance(source, str) else None
    return source if match is None else f"{match[1]}{match[2]}{'?...' if match[3] else ''}"


def _is_whole(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, numbers.Integral)


def _is_box(value: Any) -> bool:
    four = isinstance(value, (tuple, list)) and len(value) == 4  # noqa: PLR2004  # x, y, width, height
    return four and all(_is_whole(one) and 0 <= one < _LARGEST for one in value) and min(value[2:]) >= 1


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, numbers.Real) and math.isfinite(value)


Part: TypeAlias = Text | Image | Audio | Video


@dataclasses.dataclass(frozen=True)
class Turn:
    """Who says so many of an item's parts: a role of a conversation."""

    role: str
    n_parts: int


@dataclasses.dataclass(frozen=True, eq=False, init=False)
class Item:
    """One thing to encode: parts in reading order. ``Item(Image("b.png"), "its caption")``.

    Attributes:
        parts: In reading order.
        turns: Who says which of them, for an item that is a conversation; none for all others.
    """

    parts: tuple[Part, ...]
    turns: tuple[Turn, ...] = ()

    def __init__(self, *parts: Part | str, turns: tuple[Turn, ...] = ()) -> None:
        if not parts:
            msg = "Item takes at least one part, got none"
            raise InputError(msg)
        if turns and sum(turn.n_parts for turn in turns) != len(parts):
            msg = f"Item has {len(parts)} parts, and its turns {sum(turn.n_parts for turn in turns)}"
            raise InputError(msg, value=turns)
        object.__setattr__(self, "parts", tuple(_as_part(part) for part in parts))
        object.__setattr__(self, "turns", turns)

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """The kinds of its parts, each once, in the order of `MODALITIES`."""
        present = {part.modality for part in self.parts}
        return tuple(kind for kind in MODALITIES if kind in present)


@dataclasses.dataclass(frozen=True, eq=False)
class Conversation:
    """Chat messages, ``{"role": ..., "content": ...}`` each.

    Models that read no conversations take what the user says in them as one `Item`, and what the system says as the
    instruction that goes with it; see `medialens.engine.conversation`.
    """

    messages: tuple[Mapping[str, Any], ...]

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """Its only kind."""
        return ("message",)


Input: TypeAlias = Any
"""`str`, `Text`, `Image`, `Audio`, `Video`, `Item`, PIL image, array, torchcodec decoder, ST-style dict, or chat
messages."""


def as_item(value: Input) -> Item | Conversation:
    """The one canonical form of anything a caller may hand in.

    Raises:
        InputError: `value` is nothing that can be encoded; the message says what to wrap it in.
    """
    if isinstance(value, (Item, Conversation)):
        return value
    if isinstance(value, Mapping):
        if _is_frames(value):
            return Item(Video(value))
        if _is_samples(value):
            return Item(Audio(value))
        return Conversation((value,)) if _is_message(value) else _from_fields(value)
    if _is_conversation(value):
        return Conversation(tuple(value))
    return Item(_as_part(value))


def as_inputs(value: Any) -> tuple[list[Any], bool]:
    """`value` as a list of inputs, and whether it was a single one: a `str`, a part, a picture, a conversation.

    Any other iterable is many; what cannot be iterated is handed on as one, for `as_item` to say what is wrong.
    """
    kinds = (str, bytes, bytearray, os.PathLike, Mapping, Text, Media, Item, Conversation)
    tests = (_is_picture, _is_clip, _is_sound, _is_conversation)
    if isinstance(value, kinds) or not isinstance(value, Iterable) or any(test(value) for test in tests):
        return [value], True
    return list(value), False


def _as_part(value: Any) -> Part:
    if isinstance(value, (Text, Image, Audio, Video)):
        return value
    if isinstance(value, str):
        return Text(value)
    if _is_picture(value):
        return Image(value)
    if _is_clip(value):
        return Video(value)
    if _is_sound(value):
        return Audio(value if _is_audio_decoder(value) else {"array": value, "sampling_rate": None})
    if isinstance(value, Item):
        msg = "an Item cannot stand inside an Item; pass its parts: Item(*item.parts, ...)"
        raise InputError(msg, value=value)
    if isinstance(value, (Path, bytes, bytearray)):
        msg = f"got a bare {type(value).__name__}; say what it holds, e.g. Image({value!r:.60})"
        raise InputError(msg, value=value)
    msg = (
        f"cannot encode a {type(value).__name__} ({value!r:.80}); "
        "expected str, Text, Image, Audio, Video, Item, a PIL image, or chat messages"
    )
    raise InputError(msg, value=value)


def _is_picture(value: Any) -> bool:
    return "PIL.Image" in _type_names(value) or _rank(value) == 3  # noqa: PLR2004  # height, width, channels


def _is_clip(value: Any) -> bool:
    return _rank(value) == 4 or "torchcodec.VideoDecoder" in _type_names(value)  # noqa: PLR2004  # frames before those


def _is_sound(value: Any) -> bool:
    """Samples, or channels of them, or what gives them; an array of strings is many texts."""
    if _is_audio_decoder(value):
        return True
    is_numbers = getattr(getattr(value, "dtype", None), "kind", "f") in "fiu"
    return _rank(value) in {1, 2} and is_numbers


def _is_audio_decoder(value: Any) -> bool:
    return "torchcodec.AudioDecoder" in _type_names(value)


def _rank(value: Any) -> int:
    """Of an array or tensor; 0 of all else."""
    return len(value.shape) if _type_names(value) & {"numpy.ndarray", "torch.Tensor"} else 0


def _type_names(value: Any) -> set[str]:
    # By name, because importing PIL, numpy and torch here would make every import of medialens slow.
    return {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(value).__mro__}


def _is_conversation(value: Any) -> bool:
    many = isinstance(value, Sequence) and not isinstance(value, (str, bytes))
    return many and bool(value) and all(map(_is_message, value))


def _is_frames(value: Mapping[str, Any]) -> bool:
    return "array" in value and "video_metadata" in value


def _is_samples(value: Mapping[str, Any]) -> bool:
    return "array" in value and "sampling_rate" in value


def _is_message(value: Any) -> bool:
    return isinstance(value, Mapping) and "role" in value and "content" in value


_FIELDS: dict[str, type[Text] | type[Image] | type[Audio] | type[Video]] = {
    "text": Text,
    "image": Image,
    "audio": Audio,
    "video": Video,
}


def _from_fields(fields: Mapping[str, Any]) -> Item:
    """Sentence Transformers' dict form: ``{"image": ..., "text": ...}``, parts in the order of its keys."""
    unknown = [key for key in fields if key not in _FIELDS]
    if unknown or not fields:
        msg = f"a dict input takes the keys {', '.join(_FIELDS)} (or role and content), got {list(fields)!r}"
        raise InputError(msg, value=fields)
    return Item(*_field_parts(fields))


def _field_parts(fields: Mapping[str, Any]) -> Iterable[Any]:
    for key, value in fields.items():
        kind = _FIELDS[key]
        are_frames = kind is Video and isinstance(value, (list, tuple)) and bool(value) and all(map(_is_picture, value))
        for one in value if isinstance(value, (list, tuple)) and not are_frames else [value]:
            yield one if isinstance(one, kind) or (kind is Audio and _is_sound(one)) else kind(one)
