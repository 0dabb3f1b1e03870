"""A picture as a part of an item: read, then decoded, and what is meant of it cut out.

What is meant is said by the part (`Image(page=..., box=...)`) or by the fragment of its reference (``#page=...``,
``#xywh=...``), and comes to the same either way.
"""

from __future__ import annotations

from typing import cast

from medialens.errors import InputError, MediaError, UnsupportedModalityError
from medialens.inputs import Image, Part
from medialens.media.decoded import DecodedImage, DecodedPart, MediaNeeds
from medialens.media.limits import MediaLimits
from medialens.media.pages.pdf import drawn_digest, is_pdf, load_page
from medialens.media.pictures.image import load_image
from medialens.media.reference import MediaReference
from medialens.media.resolved import ResolvedPart, selected_digest
from medialens.media.source import Encoded, read_part, reference_of, says_where


def resolve_image(part: Part, limits: MediaLimits) -> ResolvedPart:
    """Its bytes, or its pixels where it came as pixels."""
    image = cast("Image", part)
    if says_where(image.source):
        reference = reference_of(image)
        content: Encoded | DecodedImage = read_part(image, limits)
    else:
        # Made canonical here and now, so that the digest is that of the pixels, however the caller keeps them, and
        # so that a caller who draws on the array afterwards changes nothing.
        reference, content = None, load_image(image.source, limits)
    selection = _selection(image, reference, content)
    digest = selected_digest(content.digest, selection)
    if isinstance(content, Encoded) and is_pdf(content):
        digest = drawn_digest(digest, limits)
    return ResolvedPart(part=part, content=content, reference=selection, digest=digest)


def decode_image(resolved: ResolvedPart, needs: MediaNeeds, limits: MediaLimits) -> DecodedPart:
    """The picture or the page, or what is meant of it."""
    selection, content = resolved.reference, resolved.content
    if selection is not None and selection.start_seconds is not None:
        msg = f"{selection} selects a window of time; of a picture, only page= and xywh= can be selected"
        raise UnsupportedModalityError(msg, reference=str(selection), modalities=("image",), supported=("image",))
    if isinstance(content, Encoded) and is_pdf(content):
        page, box = (None, None) if selection is None else (selection.page, selection.box)
        pixels = load_page(content, page=page, box=box, max_pixels=needs.max_pixels, limits=limits)
        return DecodedImage(pixels=pixels, digest=resolved.digest)
    if selection is not None and selection.page is not None:
        name, holds = _name(resolved), content.mime_type if isinstance(content, Encoded) else "pixels"
        msg = f"page {selection.page} of {name} was asked for, but it holds {holds}: only PDFs have pages"
        raise MediaError(msg, source=name, page=selection.page)
    picture = content if isinstance(content, DecodedImage) else load_image(cast("Encoded", content), limits)
    return picture if selection is None or selection.box is None else _crop(picture, selection, resolved)


def _selection(
    image: Image, reference: MediaReference | None, content: Encoded | DecodedImage
) -> MediaReference | None:
    """What is meant of the content, as a reference to it; None for all of what came without a reference."""
    if image.page is None and image.box is None:
        return reference
    if reference is None:
        mime_type = content.mime_type if isinstance(content, Encoded) else "image/x-pixels"
        reference = MediaReference(digest=content.digest, mime_type=mime_type)
    for name, own, referred in (("page", image.page, reference.page), ("box", image.box, reference.box)):
        if own is not None and referred is not None:
            msg = f"{reference} has a {name} of its own; leave out {name}={own!r}, or that of the reference"
            raise InputError(msg, value=own)
    return MediaReference(
        digest=reference.digest,
        mime_type=reference.mime_type,
        page=reference.page if image.page is None else int(image.page),
        start_seconds=reference.start_seconds,
        end_seconds=reference.end_seconds,
        box=reference.box if image.box is None else image.box,
    )


def _crop(picture: DecodedImage, selection: MediaReference, resolved: ResolvedPart) -> DecodedImage:
    x, y, width, height = selection.box or (0, 0, 0, 0)
    if x + width > picture.width or y + height > picture.height:
        msg = (
            f"the box {selection.box} of {_name(resolved)} reaches beyond the picture, "
            f"which is {picture.width}x{picture.height} pixels when upright"
        )
        raise MediaError(msg, source=_name(resolved))
    # A copy: a view would keep the whole picture in memory for as long as the tile is.
    pixels = picture.pixels[y : y + height, x : x + width].copy()
    return DecodedImage(pixels=pixels, digest=resolved.digest)


def _name(resolved: ResolvedPart) -> str:
    content = resolved.content
    return repr(content.name) if isinstance(content, Encoded) else repr(resolved.part)
