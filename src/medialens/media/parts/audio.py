"""A sound as a part of an item: read, then its samples at the rate that a model hears."""

from __future__ import annotations

from typing import cast

from medialens.errors import InputError
from medialens.inputs import Audio, Part
from medialens.media.decoded import DecodedPart, MediaNeeds
from medialens.media.limits import MediaLimits
from medialens.media.moments import Window
from medialens.media.resolved import ResolvedPart, selected_window, windowed_digest
from medialens.media.sounds.audio import load_sound
from medialens.media.sounds.decoder import is_decoder, read_decoder
from medialens.media.sounds.samples import Samples, load_samples
from medialens.media.source import Encoded, read_part, reference_of, says_where


def resolve_audio(part: Part, limits: MediaLimits) -> ResolvedPart:
    """Its bytes, or its samples where it came as samples."""
    audio = cast("Audio", part)
    reference = reference_of(audio) if says_where(audio.source) else None
    window = selected_window(audio, reference)
    content = _content(audio, window, limits)
    digest = windowed_digest(content.digest, window)
    return ResolvedPart(part=audio, content=content, reference=reference, digest=digest)


def decode_audio(resolved: ResolvedPart, needs: MediaNeeds, limits: MediaLimits) -> DecodedPart:
    """Its samples, at the model's rate."""
    return load_sound(
        cast("Encoded | Samples", resolved.content),
        sample_rate_hz=needs.sample_rate_hz,
        window=selected_window(cast("Audio", resolved.part), resolved.reference),
        digest=resolved.digest,
        limits=limits,
    )


def _content(audio: Audio, window: Window, limits: MediaLimits) -> Encoded | Samples:
    if not says_where(audio.source):
        if is_decoder(audio.source):
            return read_decoder(audio.source, sample_rate_hz=audio.sample_rate_hz, window=window, limits=limits)
        return load_samples(audio.source, sample_rate_hz=audio.sample_rate_hz, limits=limits)
    if audio.sample_rate_hz is not None:
        msg = f"sample_rate_hz={audio.sample_rate_hz!r} is for sounds that come as samples; a file says its rate itself"
        raise InputError(msg, value=audio.sample_rate_hz)
    return read_part(audio, limits)
