"""A picture as a part of an item: read, then decoded, and what its reference selects cut out."""

from __future__ import annotations

from typing import cast

import numpy as np

from medialens.errors import MediaError, UnsupportedModalityError
from medialens.inputs import Media, Part
from medialens.media.decoded import DecodedImage, DecodedPart, MediaNeeds
from medialens.media.image import load_image
from medialens.media.limits import MediaLimits
from medialens.media.reference import MediaReference
from medialens.media.resolved import ResolvedPart, selected_digest
from medialens.media.source import Encoded, read_part, reference_of, says_where


def resolve_image(part: Part, limits: MediaLimits) -> ResolvedPart:
    """Its bytes, or its pixels where it came as pixels."""
    media = cast("Media", part)
    if says_where(media.source):
        reference = reference_of(media)
        content = read_part(media, limits)
        digest = selected_digest(content.digest, reference)
        return ResolvedPart(part=part, content=content, reference=reference, digest=digest)
    # Made canonical here and now, so that the digest is that of the pixels, however the caller keeps them, and
    # so that a caller who draws on the array afterwards changes nothing.
    picture = load_image(media.source, limits)
    return ResolvedPart(part=part, content=picture, reference=None, digest=picture.digest)


def decode_image(resolved: ResolvedPart, _needs: MediaNeeds, limits: MediaLimits) -> DecodedPart:
    """The picture, or what its reference selects of it."""
    if isinstance(resolved.content, DecodedImage):
        return resolved.content
    reference = resolved.reference
    if reference is not None and (reference.page is not None or reference.start_seconds is not None):
        what = "a page of a document" if reference.page is not None else "a window of time"
        msg = f"{reference} selects {what}, which is not supported yet: of a picture, only xywh= can be selected"
        raise UnsupportedModalityError(msg, reference=str(reference), modalities=("image",), supported=("image",))
    picture = load_image(cast("Encoded", resolved.content), limits)
    return picture if reference is None or reference.box is None else _crop(picture, reference, resolved.digest)


def _crop(picture: DecodedImage, reference: MediaReference, digest: str) -> DecodedImage:
    x, y, width, height = reference.box or (0, 0, 0, 0)
    if x + width > picture.width or y + height > picture.height:
        msg = f"{reference} reaches beyond the picture, which is {picture.width}x{picture.height} pixels when upright"
        raise MediaError(msg, source=str(reference))
    pixels = np.ascontiguousarray(picture.pixels[y : y + height, x : x + width])
    return DecodedImage(pixels=pixels, digest=digest)
