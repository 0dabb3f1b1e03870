"""A sound as a part of an item."""

from __future__ import annotations

from typing import cast

from medialens.errors import UnsupportedModalityError
from medialens.inputs import Media, Part
from medialens.media.decoded import DecodedPart, MediaNeeds
from medialens.media.limits import MediaLimits
from medialens.media.resolved import ResolvedPart, selected_digest
from medialens.media.source import read_part, reference_of


def resolve_audio(part: Part, limits: MediaLimits) -> ResolvedPart:
    """Its bytes."""
    media = cast("Media", part)
    reference = reference_of(media)
    content = read_part(media, limits)
    digest = selected_digest(content.digest, reference)
    return ResolvedPart(part=part, content=content, reference=reference, digest=digest)


def decode_audio(resolved: ResolvedPart, _needs: MediaNeeds, _limits: MediaLimits) -> DecodedPart:
    """Its samples, at the model's rate."""
    kind = resolved.part.modality
    msg = f"{resolved.part!r} cannot be decoded: {kind} is not supported yet; text, image and video are"
    raise UnsupportedModalityError(msg, modalities=(kind,), supported=("text", "image", "video"))
