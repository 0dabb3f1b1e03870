r"""Text that carries media references, as items, and items' pieces as such text.

    "Q3 chart\n<media://sha256/ab12...?type=image/png>"  <->  Item("Q3 chart", Image("<media://...>"))

Frameworks store and hand around strings only. This is the one place where such a string is read for references,
on behalf of an adapter and with the adapter's own store. No file is touched and nothing is fetched here: a
reference only selects what a trusted loader put into the store, and the look-up happens when the medium is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from medialens.errors import InputError, MedialensError, MediaReferenceError
from medialens.inputs import Audio, Image, Item, Part, Text, Video
from medialens.media.reference import MediaReference, find_references

StoreLike: TypeAlias = Any
"""A `MediaStore`, its URL or folder, or None for the default store."""

MEDIA: dict[str, type[Image] | type[Audio] | type[Video]] = {"image": Image, "audio": Audio, "video": Video}
"""The part for each kind of medium, by the first half of its MIME type."""

_ONLY_REFERENCES = re.compile(r"\s*(?:<media://[^<>\s]*>\s*)+")


def text_to_item(text: str, *, store: StoreLike = None) -> Item:
    """A document's text and references, as an item with its parts in reading order.

    White space next to a reference separates it from the text and belongs to neither. Text without references
    stays as it is, to the character.

    Args:
        text: What a framework stored, such as LangChain's ``page_content``.
        store: Where its references were issued.

    Raises:
        MediaReferenceError: Something begins like a reference and is none, or refers to a kind of medium that has
            no part. It is never read as prose.
    """
    parts = tuple(_parts(text, store))
    return Item(*parts) if parts else Item(Text(text))


def query_to_item(text: str, *, store: StoreLike = None) -> Item:
    """A query as an item: media if the whole string is references, otherwise text, whatever it looks like.

    Paths, URLs and base64 stay text, and so do references in the middle of a sentence: a query comes from
    anyone, and may select registered media but not splice them into its words.

    Raises:
        MediaReferenceError: The whole string begins and ends like a reference, and is none.
    """
    if _ONLY_REFERENCES.fullmatch(text) is None:
        return Item(Text(text))
    return text_to_item(text, store=store)


def to_items(texts: Sequence[str], *, store: StoreLike = None) -> list[Item]:
    """`text_to_item` of each; an error carries the position of its text in ``error.index``.

    Raises:
        InputError: `texts` is a single string, whose letters would otherwise be taken for texts.
    """
    if isinstance(texts, str):
        msg = f"expected a list of texts, got a single str: {texts!r:.80}; put it into a list"
        raise InputError(msg, value=texts)
    items = []
    for index, text in enumerate(texts):
        try:
            items.append(text_to_item(text, store=store))
        except MedialensError as error:
            raise error.at(index) from error
    return items


def compose(caption: str, *references: MediaReference) -> str:
    """The text that stands for media with an optional caption: what `text_to_item` reads back.

    Raises:
        InputError: The caption itself holds something that begins like a reference.
    """
    for _, _, spelling in find_references(caption):
        msg = f"the caption holds {spelling!r:.160}, which would be read as a medium; leave it out of the caption"
        raise InputError(msg, caption=caption)
    return "\n".join([caption, *map(str, references)] if caption else map(str, references))


def _parts(text: str, store: StoreLike) -> Iterator[Part]:
    position, found = 0, False
    for start, end, spelling in find_references(text):
        found = True
        yield from _text_part(text[position:start])
        yield _media_part(spelling, store)
        position = end
    if found:
        yield from _text_part(text[position:])


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
