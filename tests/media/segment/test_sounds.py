"""Sounds in windows: exact times, one file in the store, and what is said in each."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from tests.media.sounds.test_audio import film_with_sound
from tests.media.tones import KINDS, chirp, write_sound, write_wav

from medialens.errors import InputError, MediaDecodeError, MediaLimitError
from medialens.inputs import Audio, Item
from medialens.media.decode import decode, resolve
from medialens.media.decoded import MediaNeeds
from medialens.media.limits import MediaLimits
from medialens.media.segment.sounds import split_sound
from medialens.media.segment.subtitles import TimedText
from medialens.media.sounds.probing import probe_sound
from medialens.media.source import encoded
from medialens.media.store import MediaStore

pytest.importorskip("av", reason="PyAV reads files of sound")

RATE = 8000
LIMITS = MediaLimits()


@pytest.fixture
def store():
    return MediaStore("memory://sounds")


def hear(part, rate=RATE):
    needs = MediaNeeds(modalities=("audio",), sample_rate_hz=rate)
    return decode(resolve(Item(part), LIMITS), needs, LIMITS).audios[0].samples


def windows_of(segments):
    return [(one.reference.start_seconds, one.reference.end_seconds) for one in segments]


def test_windows_of_a_file(tmp_path, store):
    path = tmp_path / "song.wav"
    path.write_bytes(write_wav(chirp(25, RATE), RATE))

    segments = split_sound(path, store=store, window_seconds=10, overlap_seconds=2)

    assert windows_of(segments) == [(0, 10), (8, 18), (15, 25)]
    assert {segment.source for segment in segments} == {str(path)}
    assert {segment.parent for segment in segments} == {store.register(path)}
    assert str(segments[1].reference).endswith("?type=audio/wav#t=8.000,18.000>")
    assert len(list(store.references())) == 1  # the file, once
    for segment in segments:
        assert isinstance(segment.part, Audio)
        start, end = segment.reference.start_seconds, segment.reference.end_seconds
        expected = chirp(25, RATE)[round(start * RATE) : round(end * RATE)]
        np.testing.assert_allclose(hear(segment.part), expected, rtol=0, atol=2 / 32768)


def test_half_a_minute_by_default(store):
    segments = split_sound(write_wav(np.zeros(70 * RATE), RATE), store=store)

    assert windows_of(segments) == [(0, 30), (27, 57), (40, 70)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_is_covered_to_its_last_sample(kind, store):
    data = write_sound(chirp(6.3, 24_000), 24_000, kind)
    whole = hear(Audio(data), 24_000)
    facts = probe_sound(encoded(data, name="x"))
    rate = facts.sample_rate_hz

    segments = split_sound(data, store=store, window_seconds=2, overlap_seconds=0)

    assert facts.end_seconds * rate == len(hear(Audio(data), rate))
    assert (facts.start_seconds, facts.n_channels) == (0, 1)
    assert windows_of(segments)[-1][1] == pytest.approx(len(whole) / 24_000, abs=1e-3)
    assert all(earlier.reference.end_seconds >= later.reference.start_seconds for earlier, later in pairwise(segments))


def test_the_sound_of_a_film_is_heard_not_looked_at(store):
    segments = split_sound(film_with_sound(2.5), store=store, window_seconds=2, overlap_seconds=0)

    # Nothing is heard before 2.5; times are those of the pictures.
    assert windows_of(segments) == [(2, 4), (4, 6), (6, 8)]
    assert {segment.reference.mime_type for segment in segments} == {"audio/mp4"}
    assert isinstance(segments[0].part, Audio)
    np.testing.assert_allclose(hear(segments[1].part, 16_000), chirp(6, 16_000)[24_000:56_000], rtol=0, atol=2 / 32768)


def test_what_is_said_is_in_its_window(tmp_path, store):
    path = tmp_path / "talk.wav"
    path.write_bytes(write_wav(chirp(20, RATE), RATE))
    said = [TimedText(1.0, 3.0, "hello"), TimedText(11.0, 12.0, "goodbye")]

    segments = split_sound(path, store=store, window_seconds=10, overlap_seconds=0, transcript=said)
    assert [segment.text for segment in segments] == ["hello", "goodbye"]

    path.with_suffix(".vtt").write_text("WEBVTT\n\n00:12.000 --> 00:13.000\nlater\n", encoding="utf-8")
    segments = split_sound(path, store=store, window_seconds=10, overlap_seconds=0, transcript="beside")
    assert [segment.text for segment in segments] == ["", "later"]

    def recogniser(samples):
        yield TimedText(0.5, 1.0, f"{len(samples)} samples")

    segments = split_sound(path, store=store, window_seconds=10, overlap_seconds=0, transcript=recogniser)
    assert [segment.text for segment in segments] == [f"{20 * 16_000} samples", ""]


def test_what_cannot_be_cut(tmp_path, store):
    with pytest.raises(MediaDecodeError, match="no sound that can be decoded"):
        split_sound(b"la la la", store=store)
    with pytest.raises(InputError, match="overlap_seconds=30"):
        split_sound(write_wav(chirp(1, RATE), RATE), store=store, overlap_seconds=30)
    with pytest.raises(MediaLimitError):
        split_sound(write_wav(chirp(2, RATE), RATE), store=store, limits=MediaLimits(max_seconds=1))


def test_limits_count_also_for_what_is_remembered(store):
    data = write_wav(chirp(3, RATE), RATE)
    probe_sound(encoded(data, name="x"))

    with pytest.raises(MediaLimitError):
        probe_sound(encoded(data, name="x"), MediaLimits(max_seconds=2))
    assert probe_sound(encoded(data, name="x")).end_seconds == 3
