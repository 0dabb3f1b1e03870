r"""Text that carries media references, as items, and items' pieces as such text.

    "Q3 chart\n<media://sha256/ab12...?type=image/png>"  <->  Item("Q3 chart", Image("<media://...>"))

Frameworks store and hand around strings only. This is the one place where such a string is read for references,
on behalf of an adapter and with the adapter's own store. No file is touched and nothing is fetched here: a
reference only selects what a trusted loader put into the store, and the look-up happens when the medium is read.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from medialens.errors import InputError, MedialensError, MediaReferenceError
from medialens.inputs import Audio, Image, Item, Part, Text, Video
from medialens.media.access.sniff import sniff
from medialens.media.reference import MediaReference, find_references

StoreLike: TypeAlias = Any
"""A `MediaStore`, its URL or folder, or None for the default store."""

MEDIA: dict[str, type[Image] | type[Audio] | type[Video]] = {"image": Image, "audio": Audio, "video": Video}
"""The part for each kind of medium, by the first half of its MIME type."""

MAX_DATA_URI_CHARACTERS = 8192
"""A text that is one data URI and longer than this is refused: a file in base64 is no prose that anyone looks for."""

# What MIME types and base64 are made of: no white space, no brackets, no quotes.
_DATA_URI = re.compile(
    r"data:(?P<kind>image|audio|video)/[a-z0-9.+-]+(?:;[a-z0-9=._-]+)*;base64,[a-z0-9+/_=-]+", re.IGNORECASE
)
_LIKE_A_DATA_URI = re.compile(r"\s*data:[^,\s]{0,512};base64,[a-z0-9+/_=\s%-]+", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/]{64,}={0,2}")

_ONLY_REFERENCES = re.compile(r"\s*(?:<media://[^<>\s]*>\s*)+")


def text_to_item(text: str, *, store: StoreLike = None, data_uris: bool = False) -> Item:
    """A document's text and references, as an item with its parts in reading order.

    White space next to a reference separates it from the text and belongs to neither. Text without references
    stays as it is, to the character.

    Args:
        text: What a framework stored, such as LangChain's ``page_content``.
        store: Where its references were issued.
        data_uris: Whether data URIs of pictures, sounds and clips are media as well, not text; and texts that are
            nothing but such a file in base64, which is what Chroma's ``add_images`` writes.

    Raises:
        MediaReferenceError: Something begins like a reference and is none, or refers to a kind of medium that has
            no part. It is never read as prose.
        InputError: It is no string, or all of it is a data URI of more than `MAX_DATA_URI_CHARACTERS`, and `data_uris`
            is False.
    """
    _check_text(text)
    if data_uris:
        text = _as_data_uri(text) or text
    else:
        check_data_uri(text)
    parts = tuple(_parts(text, store, data_uris=data_uris))
    return Item(*parts) if parts else Item(Text(text))


def query_to_item(text: str, *, store: StoreLike = None, data_uris: bool = False) -> Item:
    """A query as an item: media if the whole string is references, otherwise text, whatever it looks like.

    Paths, URLs and base64 stay text, and so do references in the middle of a sentence: a query comes from
    anyone, and may select registered media but not splice them into its words.

    Args:
        text: What somebody asks.
        store: Where its references were issued.
        data_uris: Whether a string that is a data URI is a medium as well.

    Raises:
        MediaReferenceError: The whole string begins and ends like a reference, and is none.
        InputError: It is no string, or all of it is a data URI of more than `MAX_DATA_URI_CHARACTERS`, and `data_uris`
            is False.
    """
    _check_text(text)
    if data_uris and (match := _DATA_URI.fullmatch(text.strip())):
        return Item(_data_part(match, store))
    if _ONLY_REFERENCES.fullmatch(text) is None:
        check_data_uri(text)
        return Item(Text(text))
    return text_to_item(text, store=store)


def check_data_uri(text: str) -> None:
    """Refuse a text that is nothing but a file in base64: read as prose, it would be found by nobody.

    Raises:
        InputError: It is one, as a data URI or a medium without that beginning, and longer than
            `MAX_DATA_URI_CHARACTERS`.
    """
    if len(text) > MAX_DATA_URI_CHARACTERS and (_LIKE_A_DATA_URI.fullmatch(text) or _as_data_uri(text)):
        kind = "data URI" if _LIKE_A_DATA_URI.fullmatch(text) else "file in base64"
        msg = (
            f"the text is a {kind} of {len(text)} characters ({text.strip()[:40]}...), above the cap of "
            f"{MAX_DATA_URI_CHARACTERS} for what is read as text. Register the file, and keep its reference; "
            "or hand it over as a medium; data_uris=True reads an index that is full of them"
        )
        raise InputError(msg, value=len(text), maximum=MAX_DATA_URI_CHARACTERS)


def to_items(texts: Sequence[str], *, store: StoreLike = None, data_uris: bool = False) -> list[Item]:
    """`text_to_item` of each; an error carries the position of its text in ``error.index``.

    Raises:
        InputError: `texts` is a single string, whose letters would otherwise be taken for texts.
    """
    items = []
    for one in read_texts(texts, store=store, data_uris=data_uris):
        if isinstance(one, MedialensError):
            raise one
        items.append(one)
    return items


def read_texts(
    texts: Sequence[str], *, store: StoreLike = None, data_uris: bool = False
) -> Iterator[Item | MedialensError]:
    """`to_items` for those who do not stop at an error: it stands in the place of its item."""
    if isinstance(texts, str):
        msg = f"expected a list of texts, got a single str: {texts!r:.80}; put it into a list"
        raise InputError(msg, value=texts)
    for index, text in enumerate(texts):
        try:
            yield text_to_item(text, store=store, data_uris=data_uris)
        except MedialensError as error:
            placed = error.at(index)
            placed.__cause__ = error
            yield placed


def compose(caption: str, *references: MediaReference) -> str:
    """The text that stands for media with an optional caption: what `text_to_item` reads back.

    Raises:
        InputError: The caption is no string, or holds something that begins like a reference.
    """
    _check_text(caption, name="caption")
    for _, _, spelling in find_references(caption):
        msg = f"the caption holds {spelling!r:.160}, which would be read as a medium; leave it out of the caption"
        raise InputError(msg, caption=caption)
    return "\n".join([caption, *map(str, references)] if caption else map(str, references))


def _as_data_uri(text: str) -> str | None:
    """The data URI of a text that is nothing but a medium in base64."""
    if _BASE64.fullmatch(text) is None:
        return None
    mime_type = sniff(base64.b64decode(text[:64]))
    return f"data:{mime_type};base64,{text}" if mime_type.partition("/")[0] in MEDIA else None


def _check_text(text: Any, name: str = "text") -> None:
    if not isinstance(text, str):
        msg = f"expected a str as {name}, got a {type(text).__name__}: {text!r:.80}"
        raise InputError(msg, value=text)


def _parts(text: str, store: StoreLike, *, data_uris: bool) -> Iterator[Part]:
    found = [(start, end, _media_part(spelling, store)) for start, end, spelling in find_references(text)]
    if data_uris:
        found += [(match.start(), match.end(), _data_part(match, store)) for match in _DATA_URI.finditer(text)]
    position = 0
    for start, end, part in sorted(found, key=lambda one: one[0]):
        yield from _text_part(text[position:start])
        yield part
        position = end
    if found:
        yield from _text_part(text[position:])


def _data_part(match: re.Match[str], store: StoreLike) -> Part:
    return MEDIA[match["kind"].lower()](match[0], store=store)


def _text_part(text: str) -> Iterator[Part]:
    if stripped := text.strip():
        yield Text(stripped)


def _media_part(spelling: str, store: StoreLike) -> Part:
    reference = MediaReference.parse(spelling)
    kind = MEDIA.get(reference.modality)
    if kind is None:
        msg = f"cannot read {reference.mime_type!r} of {spelling}; expected one of {', '.join(MEDIA)}"
        raise MediaReferenceError(msg, text=spelling)
    return kind(spelling, store=store)
