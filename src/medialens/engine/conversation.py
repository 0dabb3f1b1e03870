"""Chat messages as items: turn by turn, or, for models that read none, what they say, and the instruction in them.

    [{"role": "system", "content": "Represent the user's question."},           -> the instruction of this input
     {"role": "user", "content": [{"type": "text", "text": "what is this?"},    -> Item(Text(...), Image(...))
                                  {"type": "image", "image": "photo.jpg"}]}]

A message is read like a part that the caller wrote: under ``image``, ``video``, ``audio`` a string says where the
medium is, as in ``Image(...)``, and under ``path`` it is a file. What stands under ``url``, ``image_url`` and the
like, the form in which messages come from elsewhere, is never a file: http(s), if the limits allow it, or a data URI.
Messages of strangers can be kept away from all files by ``MediaLimits(roots=())``. No message chooses a store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from medialens.errors import InputError, MedialensError, UnsupportedModalityError
from medialens.inputs import Audio, Conversation, Image, Input, Item, Part, Text, Turn, Video, as_item

_Fields: TypeAlias = Mapping[str, Any]
_Kind: TypeAlias = type[Image] | type[Video] | type[Audio]


def conversation_item(conversation: Conversation) -> Item:
    """What the user says: the parts of all user messages, in their order.

    Raises:
        UnsupportedModalityError: Somebody else speaks as well: an assistant's turn makes it a conversation indeed.
        InputError: A message or a part of it is of no form that is known; names its number.
    """
    parts: list[Part] = []
    for at, message in enumerate(conversation.messages):
        role = message["role"]
        if role == "system":
            _instruction(message, at)
        elif role == "user":
            parts.extend(_parts(message["content"], at))
        else:
            msg = (
                f"message {at} has the role {role!r:.80}, and this model reads no conversations: "
                "pass only what the user says, and at most a system message, which is taken for the instruction"
            )
            raise UnsupportedModalityError(msg, modalities=("message",), supported=(), message_number=at)
    if not parts:
        msg = "the messages say nothing: none has the role 'user' and a content"
        raise InputError(msg, value=conversation.messages)
    return Item(*parts)


def conversation_turns(conversation: Conversation) -> Item:
    """All that is said, and who says it: for models that read conversations.

    Raises:
        InputError: A message or a part of it is of no form that is known; names its number.
    """
    parts: list[Part] = []
    turns: list[Turn] = []
    for at, message in enumerate(conversation.messages):
        role = message["role"]
        if not isinstance(role, str) or not role.isidentifier():
            msg = f"message {at} has the role {role!r:.80}, expected one word such as 'system', 'user' or 'assistant'"
            raise InputError(msg, value=role)
        said = list(_parts(message["content"], at))
        parts.extend(said)
        turns.append(Turn(role, len(said)))
    if not parts:
        msg = "the messages say nothing: none has a content"
        raise InputError(msg, value=conversation.messages)
    return Item(*parts, turns=tuple(turns))


def instruction_of(value: Input, default: str, *, reads_messages: bool = False) -> str:
    """The instruction that an input brings along in system messages; `default` where it brings none.

    To a model that reads conversations a system message is one of them, and `default` comes before it.
    """
    return default if reads_messages else own_instruction(value) or default


def own_instruction(value: Input) -> str:
    """What the system messages of an input say; "" where there are none, or none that can be read."""
    try:
        item = as_item(value)
        if not isinstance(item, Conversation):
            return ""
        said = [_instruction(one, at) for at, one in enumerate(item.messages) if one["role"] == "system"]
    except MedialensError:
        return ""  # it fails where it is read as an item
    text = "\n".join(filter(None, said))
    return text if not text or text[-1].isspace() else f"{text} "  # what is instructed comes next


def _instruction(message: _Fields, at: int) -> str:
    parts = list(_parts(message["content"], at))
    if all(isinstance(part, Text) for part in parts):
        return " ".join(part.text for part in parts if isinstance(part, Text))
    msg = f"message {at}, of the system, holds media: only its text can be an instruction"
    raise InputError(msg, value=message)


def _parts(content: Any, at: int) -> Iterator[Part]:
    if isinstance(content, (str, Text)) or not isinstance(content, (list, tuple)):
        content = [content]
    for number, part in enumerate(content):
        try:
            yield _part(part)
        except MedialensError as error:
            error.message = f"message {at}, part {number}: {error.message}"
            raise


def _part(value: Any) -> Part:
    if not isinstance(value, Mapping):
        (part,) = Item(value).parts  # text, a typed part, a picture
        return part
    kind = value.get("type")
    if not isinstance(kind, str) or kind not in _TYPES:
        msg = f"a part of a message has a 'type' of {', '.join(_TYPES)}, got {kind!r:.80} among {list(value)!r:.200}"
        raise InputError(msg, value=value)
    return _TYPES[kind](value, kind)


def _text(fields: _Fields, _: str) -> Part:
    return Text(fields.get("text"))  # type: ignore[arg-type]  # it says itself what it takes


def _medium(kind: _Kind) -> Callable[[_Fields, str], Part]:
    """Reads ``{"type": "image", "image" | "url" | "path" | "base64": ...}`` and options of the part by their names."""

    def read(fields: _Fields, name: str) -> Part:
        given = [key for key in (name, *_WHERE) if fields.get(key) is not None]
        if len(given) != 1:
            msg = f"a part of type {name!r} has one of {name}, {', '.join(_WHERE)}, got {list(fields)!r:.200}"
            raise InputError(msg, value=fields)
        key = given[0]
        source = _WHERE[key](fields[key]) if key in _WHERE else fields[key]
        if isinstance(source, kind):
            return source
        options = _options(kind, fields, source)
        if kind is Audio and hasattr(source, "dtype"):  # samples: whose rate is the model's, where nobody says another
            source = {"array": source, "sampling_rate": options.pop("sample_rate_hz", fields.get("sampling_rate"))}
        return kind(source, **options)

    return read


def _linked(kind: _Kind) -> Callable[[_Fields, str], Part]:
    """Reads ``{"type": "image_url", "image_url": {"url": ...}}``, and the URL without the dict around it."""

    def read(fields: _Fields, name: str) -> Part:
        link = fields.get(name)
        return kind(_url(link.get("url") if isinstance(link, Mapping) else link))

    return read


def _recording(fields: _Fields, name: str) -> Part:
    """Reads ``{"type": "input_audio", "input_audio": {"data": base64, "format": "wav"}}``."""
    recording = fields.get(name)
    return Audio(_base64(recording.get("data") if isinstance(recording, Mapping) else recording))


def _options(kind: _Kind, fields: _Fields, source: Any) -> dict[str, Any]:
    """Which part of the medium is meant. How a model looks at it (pixels, frames a second) is up to its recipe."""
    options = {name: fields[key] for key, name in _OPTIONS[kind].items() if fields.get(key) is not None}
    are_frames = kind is Video and not isinstance(source, (str, bytes, Path))
    return {**options, "fps": fields["fps"]} if are_frames and fields.get("fps") is not None else options


def _url(value: Any) -> str:
    if isinstance(value, str) and value[:8].lower().startswith(("http://", "https://", "data:")):
        return value
    msg = f"{value!r:.80} is no URL; expected http://, https:// or data:, and a file under 'path'"
    raise InputError(msg, value=value)


def _path(value: Any) -> Path:
    if isinstance(value, (str, Path)):
        return Path(value)
    msg = f"{value!r:.80} is no path"
    raise InputError(msg, value=value)


def _base64(value: Any) -> str:
    if isinstance(value, str):
        return value if value[:5].lower() == "data:" else f"data:;base64,{value}"
    msg = f"a {type(value).__name__} is no base64; expected text, and bytes as they are under 'image'"
    raise InputError(msg, value=value)


_WHERE: Final[dict[str, Callable[[Any], Any]]] = {"url": _url, "path": _path, "base64": _base64}

_TYPES: Final[dict[str, Callable[[_Fields, str], Part]]] = {
    "text": _text,
    "image": _medium(Image),
    "video": _medium(Video),
    "audio": _medium(Audio),
    "image_url": _linked(Image),
    "video_url": _linked(Video),
    "audio_url": _linked(Audio),
    "input_audio": _recording,
}

_WINDOW: Final = {"start_seconds": "start_seconds", "end_seconds": "end_seconds"}
_OPTIONS: Final[dict[_Kind, dict[str, str]]] = {
    Image: {"page": "page", "box": "box"},
    Video: {**_WINDOW, "video_start": "start_seconds", "video_end": "end_seconds"},
    Audio: {**_WINDOW, "sample_rate_hz": "sample_rate_hz"},
}
