"""A sound as a part of an item: windows however they are named, and what it is known by."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from tests.media.tones import chirp, write_sound, write_wav

from medialens.errors import InputError, UnsupportedModalityError
from medialens.inputs import Audio, Item
from medialens.media.decode import decode, resolve
from medialens.media.decoded import MediaNeeds
from medialens.media.limits import MediaLimits
from medialens.media.reference import MediaReference
from medialens.media.store import MediaStore

RATE = 8000
LIMITS = MediaLimits()
SOUND = chirp(4, RATE)
DATA = write_wav(SOUND, RATE)


@pytest.fixture
def store():
    return MediaStore("memory://audio")


def hear(part, rate=RATE):
    needs = MediaNeeds(modalities=("audio",), sample_rate_hz=rate)
    return decode(resolve(Item(part), LIMITS), needs, LIMITS).audios[0]


def test_every_way_to_say_where_it_is(tmp_path, store):
    pytest.importorskip("av")
    path = tmp_path / "sound.any"
    path.write_bytes(DATA)
    uri = "data:audio/wav;base64," + base64.b64encode(DATA).decode()
    sources = [path, str(path), path.as_uri(), DATA, bytearray(DATA), io.BytesIO(DATA), uri]

    heard = [hear(Audio(source)) for source in [*sources, store.put(DATA), store.register(path)][:-2]]
    heard += [hear(Audio(reference, store=store)) for reference in (store.put(DATA), str(store.register(path)))]

    for sound in heard:
        np.testing.assert_allclose(sound.samples, SOUND, rtol=0, atol=2 / 32768)
        assert sound.sample_rate_hz == RATE
        assert sound.duration_seconds == 4
    assert len({sound.digest for sound in heard}) == 1


def test_a_window_by_the_part_or_by_the_reference(store):
    pytest.importorskip("av")
    reference = store.put(DATA)
    windowed = MediaReference(digest=reference.digest, mime_type="audio/wav", start_seconds=1, end_seconds=2.5)

    by_part = hear(Audio(reference, start_seconds=1, end_seconds=2.5, store=store))
    by_reference = hear(Audio(windowed, store=store))

    np.testing.assert_array_equal(by_part.samples, by_reference.samples)
    np.testing.assert_allclose(by_part.samples, SOUND[RATE : round(2.5 * RATE)], rtol=0, atol=2 / 32768)
    assert by_part.digest == by_reference.digest != hear(Audio(DATA)).digest


def test_not_by_both_and_not_by_a_page(store):
    reference = store.put(DATA)
    windowed = MediaReference(digest=reference.digest, mime_type="audio/wav", start_seconds=1, end_seconds=2)
    with pytest.raises(InputError, match="window of its own"):
        hear(Audio(windowed, start_seconds=1, store=store))
    page = MediaReference(digest=reference.digest, mime_type="audio/wav", page=2)
    with pytest.raises(UnsupportedModalityError, match="of audio, only t="):
        hear(Audio(page, store=store))


def test_samples_have_windows_as_files_have(store):
    pytest.importorskip("av")
    whole = np.round(SOUND * 32767).astype(np.int16)

    for rate in (RATE, 11_025):
        from_file = hear(Audio(DATA, start_seconds=0.7, end_seconds=3.1), rate)
        from_array = hear(Audio(whole, sample_rate_hz=RATE, start_seconds=0.7, end_seconds=3.1), rate)
        np.testing.assert_array_equal(from_array.samples, from_file.samples)


def test_samples_without_a_rate_are_taken_to_be_at_the_models():
    """As Sentence Transformers takes bare arrays; in `Audio` the rate must be said."""
    bare = Audio({"array": SOUND.astype(np.float32), "sampling_rate": None})

    assert hear(bare, 8000).duration_seconds == 4
    assert hear(bare, 16_000).duration_seconds == 2
    assert len(hear(Audio(bare.source, start_seconds=1, end_seconds=2), 4000).samples) == 4000
    with pytest.raises(InputError, match="sample_rate_hz"):
        hear(Audio(SOUND))


def test_a_file_says_its_rate_itself():
    with pytest.raises(InputError, match="a file says its rate itself"):
        hear(Audio(DATA, sample_rate_hz=8000))


def test_a_picture_is_no_sound():
    with pytest.raises(InputError, match="has the keys 'array' and 'sampling_rate'"):
        hear(Audio({"image": "x"}))


def test_a_film_can_be_heard_and_seen(store):
    pytest.importorskip("av")
    from tests.media.clips import film, grey

    from medialens.errors import MediaDecodeError

    data = film([grey(100)] * 4)
    with pytest.raises(MediaDecodeError, match="holds only pictures"):
        hear(Audio(data))
    assert hear(Audio(write_sound(SOUND, RATE, "mkv"))).duration_seconds == pytest.approx(4, abs=0.1)
