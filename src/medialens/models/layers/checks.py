"""Whether an item is one that a model takes; said before any work is done on it."""

from __future__ import annotations

from medialens.errors import InputError, UnsupportedModalityError
from medialens.media.decoded import DecodedItem
from medialens.models.protocol import Recipe


def only_item(items: tuple[DecodedItem, ...], recipe: Recipe) -> DecodedItem:
    """The one item of an embedding.

    Raises:
        InputError: There is not exactly one.
    """
    if len(items) != 1:
        msg = f"{recipe.family} makes a vector of one item, got {len(items)}"
        raise InputError(msg, value=len(items))
    return items[0]


def only_pair(items: tuple[DecodedItem, ...], recipe: Recipe) -> tuple[DecodedItem, DecodedItem]:
    """The query and the document of a score, each one that the model takes.

    Raises:
        InputError: There are not exactly two.
        UnsupportedModalityError: One has a part that the model does not take.
    """
    if len(items) != 2:  # noqa: PLR2004  # a pair
        msg = f"{recipe.family} scores pairs (query, document), got {len(items)} items"
        raise InputError(msg, value=len(items))
    for item in items:
        check_item(item, recipe)
    return items


def check_item(item: DecodedItem, recipe: Recipe, *, remedy: str = "") -> None:
    """Nothing, if the model takes the item.

    Args:
        item: What came.
        recipe: What the model takes.
        remedy: What to do where an item mixes parts and the model does not.

    Raises:
        UnsupportedModalityError: A part has a modality that the model does not take, or it takes no mixtures.
    """
    kinds = item.modalities
    foreign = [kind for kind in kinds if kind not in recipe.modalities]
    if foreign:
        msg = f"this {recipe.family} takes {' and '.join(recipe.modalities)}, got an item with {' and '.join(foreign)}"
        raise UnsupportedModalityError(msg, modalities=kinds, supported=recipe.modalities)
    media = item.media
    several = len(kinds) > 1 or len(media) > 1
    if several and not recipe.mixes:
        what = " and ".join(kinds) if len(kinds) > 1 else f"{len(media)} {media[0].modality}s"
        msg = f"this {recipe.family} takes one part an item, got an item with {what}. {remedy}".rstrip()
        raise UnsupportedModalityError(msg, modalities=kinds, supported=recipe.modalities)
