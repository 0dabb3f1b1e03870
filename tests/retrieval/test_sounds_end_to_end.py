"""Sounds from the file to the score, with a tiny CLAP: handles, errors, references, facts."""

from __future__ import annotations

import numpy as np
import pytest
from tests.media.tones import chirp, tone, write_wav
from tests.running import embed, item, load, sound

from medialens import Audio, Encoder, Image, Item, MediaStore, Reranker
from medialens.errors import MediaDecodeError, MediaError, UnsupportedModalityError
from medialens.media.segment.sounds import split_sound
from medialens.retrieval.description import describe
from medialens.retrieval.references import text_to_item

pytest.importorskip("av", reason="PyAV reads files of sound")

RATE = 8000
HIGH, LOW = write_wav(tone(1, RATE, hz=2500), RATE), write_wav(tone(1, RATE, hz=200), RATE)


@pytest.fixture(scope="module")
def folder(tiny_model):
    return str(tiny_model("clap"))


@pytest.fixture(scope="module")
def encoder(folder):
    return Encoder(folder, device="cpu")


def test_texts_and_sounds_in_one_call(encoder, tiny_model):
    """In any order, in any form; each as the model alone makes it of its samples."""
    samples = (np.round(tone(1, RATE, hz=200) * 32767) / 32768).astype(np.float32)

    vectors = encoder.encode(
        [
            "a dog",
            Audio(LOW),
            {"audio": {"array": samples, "sampling_rate": RATE}},
            {"text": "a dog"},
            samples,
            np.stack([samples, samples]),
            Audio(samples, sample_rate_hz=RATE, start_seconds=0, end_seconds=1),
        ]
    )

    assert vectors.shape == (7, 24)
    np.testing.assert_array_equal(vectors[0], vectors[3])
    for row in (2, 4, 5, 6):
        np.testing.assert_allclose(vectors[row], vectors[1], rtol=0, atol=5e-6)
    alone = embed(load(tiny_model("clap")), [item("a dog")])
    np.testing.assert_allclose(vectors[:1], alone, rtol=0, atol=5e-6)
    assert encoder.encode(samples).shape == (24,)  # one sound, no list of numbers


def test_other_rates_are_resampled(encoder):
    """Where Sentence Transformers refuses a dict of another rate."""
    slow, fast = (
        encoder.encode({"array": chirp(1, rate).astype(np.float32), "sampling_rate": rate}) for rate in (RATE, 48_000)
    )

    assert slow @ fast > 0.9999


def test_bad_sounds_are_their_own_errors_and_cost_nobody_else_anything(encoder):
    inputs = [
        "a dog",
        Audio(b"la la la"),
        Audio(LOW),
        Audio(LOW, start_seconds=5),
        Audio(HIGH[:44]),
        Image(np.zeros((4, 4, 3), np.uint8)),
        Item("a dog", Audio(LOW)),
        Audio(HIGH),
    ]

    result = encoder.encode(inputs, errors="return")

    expected = {
        1: MediaDecodeError,
        3: MediaError,
        4: MediaDecodeError,
        5: UnsupportedModalityError,
        6: UnsupportedModalityError,
    }
    assert {error.index: type(error) for error in result.errors.values()} == expected
    kept = [0, 2, 7]
    np.testing.assert_allclose(
        np.asarray(result.vectors)[kept], encoder.encode([inputs[row] for row in kept]), rtol=0, atol=5e-6
    )


def test_a_long_sound_of_which_a_window_is_asked(encoder):
    long = write_wav(np.concatenate([tone(30, RATE, hz=200), tone(30, RATE, hz=2500)]), RATE)

    window = encoder.encode(Audio(long, start_seconds=40, end_seconds=41))

    # The same tone, of another phase.
    assert window @ encoder.encode(Audio(HIGH)) > window @ encoder.encode(Audio(LOW))


def test_scores_are_probabilities_of_scaled_cosines(folder, encoder):
    reranker = Reranker(folder, device="cpu")

    scores = reranker.score([("a dog", Audio(LOW)), (Audio(HIGH), "a dog"), (Audio(HIGH), Audio(LOW))])

    dog, low, high = encoder.encode(["a dog", Audio(LOW), Audio(HIGH)])
    logits = np.array([dog @ low, high @ dog, high @ low]) / 0.07
    np.testing.assert_allclose(scores, 1 / (1 + np.exp(-logits)), rtol=0, atol=1e-5)
    ranking = reranker.rank(Audio(LOW), [Audio(HIGH), "a dog", Audio(LOW)])
    assert ranking[0].index == 2
    assert reranker.supports("audio")
    assert not reranker.supports("image")
    assert encoder.supports("audio")
    assert not encoder.supports(("text", "audio"))


def test_mixtures_with_a_fusion(folder):
    encoder = Encoder(folder, device="cpu", fusion="sum")

    mixed, text, heard = encoder.encode([Item("a dog", Audio(LOW)), "a dog", Audio(LOW)])

    expected = (text + heard) / np.linalg.norm(text + heard)
    np.testing.assert_allclose(mixed, expected, rtol=0, atol=5e-6)


def test_what_is_known_of_a_sound(tmp_path):
    path, store = tmp_path / "bell.wav", MediaStore("memory://described-sounds")
    path.write_bytes(LOW)

    found = describe(path, caption="a bell", store=store)
    facts = found.metadata()

    assert (facts["media_type"], facts["mime_type"]) == ("audio", "audio/wav")
    assert (facts["width"], facts["height"], facts["start_seconds"]) == (-1, -1, -1.0)
    (part,) = text_to_item(str(found.reference), store=store).parts
    assert isinstance(part, Audio)


def test_windows_are_found_through_their_references(encoder):
    store = MediaStore("memory://sounds-end-to-end")
    melody = [300, 2500, 800, 200]
    segments = split_sound(
        write_wav(np.concatenate([tone(3, RATE, hz=hz) for hz in melody]), RATE),
        store=store,
        window_seconds=3,
        overlap_seconds=0,
    )
    items = [text_to_item(str(segment.reference), store=store) for segment in segments]

    documents = encoder.encode_documents(items)
    queries = encoder.encode_queries([Audio(write_wav(tone(3, RATE, hz=hz), RATE)) for hz in melody])

    assert (queries @ documents.T).argmax(axis=1).tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(
        documents, encoder.encode_documents([segment.part for segment in segments]), rtol=0, atol=5e-6
    )


def test_a_fused_model_hears_all_of_a_longer_sound(tiny_model):
    fused = Encoder(str(tiny_model("clap_fused")), device="cpu")
    short, long = sound(RATE, 3).samples, sound(3 * RATE, 3).samples

    together = fused.encode([short, long, "a dog"])

    np.testing.assert_allclose(together[:2], [fused.encode(one) for one in (short, long)], rtol=0, atol=5e-6)
