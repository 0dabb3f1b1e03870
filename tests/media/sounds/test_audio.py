"""Sounds from files: against the sine they were written from, ffmpeg, torchcodec, and themselves as arrays."""

from __future__ import annotations

import itertools
import subprocess
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest
from tests.media.clips import film, grey, levels
from tests.media.tones import KINDS, chirp, frames_of, tone, write_sound, write_wav
from tests.programs import needs

from medialens.errors import MediaDecodeError, MediaError, MediaLimitError, MissingExtraError
from medialens.media.limits import MediaLimits
from medialens.media.moments import Window
from medialens.media.sounds import track as sound_track
from medialens.media.sounds.audio import load_sound
from medialens.media.sounds.probing import probe_sound
from medialens.media.sounds.samples import load_samples
from medialens.media.source import encoded, read_source

LIMITS = MediaLimits()
RATE = 24_000
SECONDS = 8.0

EVERY = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def files():
    """Eight seconds of a chirp as a file of each kind, written when it is first asked for."""
    written: dict[str, bytes] = {}

    def write(kind):
        if kind not in written:
            written[kind] = write_sound(chirp(SECONDS, RATE), RATE, kind)
        return written[kind]

    return write


def hear(data, rate=RATE, start=None, end=None, **limits):
    sound = data if not isinstance(data, bytes) else encoded(data, name="sound")
    return load_sound(sound, sample_rate_hz=rate, window=Window.of(start, end), limits=MediaLimits(**limits)).samples


def lag_of(samples, expected):
    """By how many samples they are shifted, by their correlation."""
    size = 2 * len(samples)
    spectrum = np.fft.rfft(samples, size) * np.conj(np.fft.rfft(expected, size))
    peak = int(np.argmax(np.fft.irfft(spectrum, size)))
    return peak if peak < len(samples) else peak - size


# What is heard -----------------------------------------------------------------------------------------------------


@EVERY
def test_every_kind_of_file_is_heard_as_it_was_written(kind, files):
    expected = chirp(SECONDS, RATE)

    samples = hear(files(kind))

    assert encoded(files(kind), name="x").mime_type == KINDS[kind].mime_type
    if KINDS[kind].lossless:
        assert len(samples) == len(expected)
        np.testing.assert_allclose(samples, expected, rtol=0, atol=2 / 32768)
    else:
        # A coder may begin with silence and end with some; where files say how much, it is left out.
        assert 0 <= len(samples) - len(expected) <= 4096
        lag = lag_of(samples[: len(expected)], expected)
        assert lag == 0 or (kind in {"mkv", "avi", "ts", "adts", "mp3 without index"} and 0 < lag <= 1152 + 529 + 1024)
        shared = np.corrcoef(samples[lag : len(expected)], expected[: len(expected) - lag])[0, 1]
        assert shared > 0.99


@EVERY
def test_every_kind_of_file_is_heard_as_ffmpeg_decodes_it(kind, files, tmp_path):
    ffmpeg = needs("ffmpeg")
    path = tmp_path / "sound"
    path.write_bytes(files(kind))

    for rate in (RATE,) if kind == "mkv" else (RATE, 16_000):
        command = [ffmpeg, "-v", "error", "-i", str(path), "-af", f"aformat=fltp,aresample={rate}", "-f", "f32le", "-"]
        theirs = np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.float32)
        ours = hear(read_source(path, LIMITS), rate)

        # Another version of FFmpeg rounds its last bit otherwise; and may keep what a coder added at the end.
        if kind == "mkv":  # older ones do not leave out what the coder put before the sound
            theirs = theirs[max(0, lag_of(theirs[: len(ours)], ours[: len(theirs)])) :]
        shared = min(len(ours), len(theirs))
        assert max(len(ours), len(theirs)) - shared <= 2048
        inner = slice(64 if kind == "mkv" else 0, shared - 64)
        np.testing.assert_allclose(ours[inner], theirs[inner], rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "m4a", "opus", "webm"])
@pytest.mark.parametrize("rate", [RATE, 16_000, 44_100])
def test_every_kind_of_file_is_heard_as_torchcodec_decodes_it(kind, rate, files):
    decoders = pytest.importorskip("torchcodec.decoders", reason="torchcodec is not installed, or does not work")
    theirs = decoders.AudioDecoder(files(kind), sample_rate=rate, num_channels=1).get_all_samples().data[0].numpy()

    ours = hear(files(kind), rate)

    shared = min(len(ours), len(theirs))
    assert max(len(ours), len(theirs)) - shared <= 2048
    np.testing.assert_allclose(ours[: shared - 64], theirs[: shared - 64], rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", ["wav", "wav of floats", "wav of 24 bits", "compressed wav"])
@pytest.mark.parametrize("length", [0xFFFFFFFF, 0x7FFFFFFF - 36, 0xFFFFFFFF - 44, 0])
def test_a_wav_that_was_written_into_a_pipe_is_heard_to_its_end(kind, length, files):
    """FFmpeg, SoX and services that speak write a length that is none, since they cannot go back to say it."""
    data = files(kind)
    at = data.index(b"data") + 4
    piped = data[:4] + length.to_bytes(4, "little") + data[8:at] + length.to_bytes(4, "little") + data[at + 4 :]

    np.testing.assert_array_equal(hear(piped), hear(data))
    np.testing.assert_array_equal(hear(piped, RATE, 6.5, 7.5), hear(data, RATE, 6.5, 7.5))
    assert probe_sound(encoded(piped, name="x"), LIMITS) == probe_sound(encoded(data, name="y"), LIMITS)


def test_a_wav_that_ends_before_the_length_it_says_is_damaged(files):
    with pytest.raises(MediaDecodeError, match="cut off or damaged"):
        hear(files("wav")[:-5000])


@pytest.mark.parametrize(("source", "target"), [(44_100, 48_000), (48_000, 16_000), (8000, 48_000), (44_099, 16_000)])
def test_a_resampled_sine_is_a_sine(source, target):
    """Frequency, length, loudness and phase, from the definition."""
    data = write_wav(tone(2, source, hz=997, phase=0.7), source)

    samples = hear(data, target)

    assert len(samples) == 2 * target
    inner = slice(target // 20, -target // 20)  # the filter sees the sound begin and end
    np.testing.assert_allclose(samples[inner], tone(2, target, hz=997, phase=0.7)[inner], rtol=0, atol=2e-4)


def test_what_is_too_high_for_the_rate_is_left_out():
    high = write_wav(tone(1, 48_000, hz=11_000), 48_000)

    assert np.abs(hear(high, 16_000)[800:-800]).max() < 0.01 * 0.4


@pytest.mark.parametrize("rate", [RATE, 48_000, 16_000, 11_025])
def test_a_file_and_its_samples_are_the_same_sound(rate):
    """One resampler for both: equal to the last bit."""
    sound = np.stack([chirp(2, 44_100), tone(2, 44_100)])
    whole = np.round(sound * 32767).astype(np.int16)
    as_samples = load_samples(whole, sample_rate_hz=44_100, limits=LIMITS)

    np.testing.assert_array_equal(hear(write_wav(sound, 44_100), rate), hear(as_samples, rate))
    np.testing.assert_array_equal(hear(write_wav(sound, 44_100), rate, 0.33, 1.77), hear(as_samples, rate, 0.33, 1.77))


@pytest.mark.parametrize("kind", ["wav", "wav of floats", "flac"])
@pytest.mark.parametrize("n_channels", [2, 6])
def test_channels_are_heard_as_their_mean(kind, n_channels):
    channels = np.stack([tone(1, hz=300 + 100 * number, amplitude=0.6) for number in range(n_channels)])

    samples = hear(write_sound(channels, 48_000, kind), 48_000)

    np.testing.assert_allclose(samples, channels.mean(axis=0), rtol=0, atol=2 / 32768)


# Windows -----------------------------------------------------------------------------------------------------------

WINDOWS = [(0, 2), (1.5, 2.0), (3.1234567, 4), (5.9, 6.5), (6.5, 7.25), (7.9, 20), (7, None), (0.0005, 0.00051)]


@EVERY
@pytest.mark.parametrize("rate", [RATE, 16_000])
def test_a_window_is_the_same_samples_of_the_whole(kind, rate, files):
    """Also where it is sought: from five seconds on."""
    whole = hear(files(kind), rate)

    for start, end in WINDOWS:
        samples = hear(files(kind), rate, start, end)

        first = round(start * rate)
        last = len(whole) if end is None else min(len(whole), round(end * rate))
        assert len(samples) == max(1, last - first)
        # AAC fills bands with noise of its own, other each time; all else is equal to the last bit.
        tolerance = 2e-3 if KINDS[kind].codec == "aac" else 0
        np.testing.assert_allclose(samples, whole[first : first + len(samples)], rtol=0, atol=tolerance)


def test_windows_that_meet_are_the_whole(files):
    whole = hear(files("mp3"), 16_000)
    edges = [0, 0.1, 1 / 3, 2, 5.01, 6.70001, 7.9999, None]

    pieces = [hear(files("mp3"), 16_000, start, end) for start, end in itertools.pairwise(edges)]

    np.testing.assert_array_equal(np.concatenate(pieces), whole)


@pytest.mark.parametrize("kind", ["mp3", "mp3 of any rate", "m4a", "flac", "opus", "webm", "wav"])
def test_a_window_is_sought_not_decoded_to(kind, monkeypatch):
    data = write_sound(tone(60, 16_000), 16_000, kind)
    heard = []
    to_mono = sound_track.to_mono
    monkeypatch.setattr(sound_track, "to_mono", lambda frame: heard.append(frame.samples) or to_mono(frame))
    rate = 48_000 if "opus" in KINDS[kind].codec else 16_000

    hear(data, rate, 50, 51)

    assert rate < sum(heard) < 12 * rate  # of 60 seconds; Matroska has an index entry every five, Ogg has none


def test_a_window_after_the_end_has_nothing_to_hear(files):
    for start in (8.5, 60, 10_000):
        with pytest.raises(MediaError, match=f"no sound from {start:.3f} seconds on") as caught:
            hear(files("mp3"), RATE, start)
        assert caught.value.start_seconds == start


def film_with_sound(delay, seconds=8.0, *, container="mp4", first_picture=0.0):
    """A film of 10 frames a second, whose chirp begins `delay` seconds after time 0."""
    av = pytest.importorskip("av")
    import io

    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        video = out.add_stream("mpeg4", rate=10, options={"g": "10"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = out.add_stream("flac" if container == "matroska" else "alac", rate=16_000, layout="mono")
        for number, level in enumerate(levels(int(10 * seconds))):
            frame = av.VideoFrame.from_ndarray(grey(level), format="rgb24")
            frame.pts, frame.time_base = number + round(10 * first_picture), Fraction(1, 10)
            out.mux(video.encode(frame))
        sound = chirp(seconds - delay, 16_000)[None]
        resampler = av.AudioResampler(format=audio.format, layout="mono", rate=16_000)
        for frame in frames_of(av, sound, 16_000, "mono", start=round(16_000 * delay)):
            for ready in resampler.resample(frame):
                out.mux(audio.encode(ready))
        out.mux(video.encode(None))
        out.mux(audio.encode(None))
    return file.getvalue()


@pytest.mark.parametrize("container", ["mp4", "matroska"])
@pytest.mark.parametrize(("delay", "first_picture"), [(0.0, 0.0), (1.5, 0.0), (1.5, 1.0)])
def test_the_sound_of_a_film_goes_by_the_time_of_its_pictures(container, delay, first_picture):
    data = film_with_sound(delay, container=container, first_picture=first_picture)
    sound = chirp(8 - delay, 16_000)

    for start, end in ((2.0, 3.0), (6.0, 7.0)):
        samples = hear(data, 16_000, start, end)

        first = round(16_000 * (start - delay + first_picture))
        np.testing.assert_allclose(samples, sound[first : first + 16_000], rtol=0, atol=2 / 32768)
    np.testing.assert_allclose(hear(data, 16_000), sound, rtol=0, atol=2 / 32768)  # whole: from where it begins


def test_a_window_before_the_sound_begins_has_nothing_to_hear():
    with pytest.raises(MediaError, match="no sound from"):
        hear(film_with_sound(1.5), 16_000, 0, 1)

    assert len(hear(film_with_sound(1.5), 16_000, 0, 2)) == 8000


@pytest.mark.parametrize("gap_seconds", [0.5, 3.0])
def test_a_hole_in_the_times_is_silence(gap_seconds):
    """So that what comes after it is where the file says."""
    av = pytest.importorskip("av")
    import io

    rate, file, n_silent = 16_000, io.BytesIO(), round(gap_seconds * 16_000)
    before, after = chirp(1.024, rate), tone(2, rate)
    with av.open(file, "w", format="matroska") as out:
        stream = out.add_stream("pcm_s16le", rate=rate, layout="mono")
        resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
        for part, start in ((before, 0), (after, len(before) + n_silent)):
            for frame in frames_of(av, part[None], rate, "mono", start=start):
                for ready in resampler.resample(frame):
                    out.mux(stream.encode(ready))

    samples = hear(file.getvalue(), rate)

    expected = np.concatenate([before, np.zeros(n_silent), after])
    np.testing.assert_allclose(samples, expected, rtol=0, atol=2 / 32768)
    window = hear(file.getvalue(), rate, 1.024 + gap_seconds, 1.524 + gap_seconds)
    np.testing.assert_allclose(window, after[: rate // 2], rtol=0, atol=2 / 32768)


# Limits and bad files ----------------------------------------------------------------------------------------------


def test_too_long_is_refused_whatever_window_is_asked_for(files):
    for kind in ("wav", "mp3", "mp3 without index", "adts", "webm"):
        with pytest.raises(MediaLimitError) as caught:
            hear(files(kind), max_seconds=6)  # some of these do not say how long they are
        assert caught.value.limit == "max_seconds"
    with pytest.raises(MediaLimitError, match="raise it, or cut the file"):
        hear(files("wav"), RATE, 0, 1, max_seconds=6)
    assert len(hear(files("wav"), max_seconds=8)) == 8 * RATE


def test_too_many_samples_are_refused_and_a_window_is_not(files):
    with pytest.raises(MediaLimitError, match="start_seconds=") as caught:
        hear(files("flac"), max_samples=2 * RATE)

    assert caught.value.limit == "max_samples"
    assert len(hear(files("flac"), RATE, 3, 5, max_samples=2 * RATE)) == 2 * RATE


def bad_files():
    sound = write_wav(tone(1, 8000), 8000)
    silent_film = film([grey(level) for level in levels(4)])
    nan = np.array([0.1, np.nan, 0.2, 0.3] * 100, dtype="<f4").tobytes()
    floats = b"RIFF" + (36 + len(nan)).to_bytes(4, "little") + b"WAVEfmt \x10\0\0\0\x03\0\x01\0"
    floats += (8000).to_bytes(4, "little") + (32_000).to_bytes(4, "little") + b"\x04\0\x20\0data"
    floats += len(nan).to_bytes(4, "little") + nan
    fast = bytearray(sound)
    fast[24:28] = (4_000_000_000).to_bytes(4, "little")
    strange = bytearray(sound)
    strange[20:22] = b"\xfe\x7f"  # the number of a coding that nobody has
    return {
        "text": (b"la la la", "holds text/plain"),
        "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(50), "holds image/png"),
        "html": (b"<html><body>404</body></html>", "holds text/html"),
        "a film without sound": (silent_film, "holds only pictures"),
        "no samples": (sound[:44], "cannot be decoded|not a single sample"),
        "noise that says it is flac": (b"fLaC" + bytes(range(256)) * 4, "cannot be decoded|not a single sample"),
        "cut off within its head": (write_sound(tone(1), 48_000, "m4a")[:200], "cannot be decoded"),
        "no numbers": (floats, "infinite or no numbers"),
        "a coding that is not known": (bytes(strange), "holds a track of audio .* there is no decoder; convert it"),
        "a rate that is none": (bytes(fast), "sample rate|cannot be decoded"),
    }


@pytest.mark.parametrize("name", bad_files())
def test_bad_files_say_what_is_wrong(name):
    data, expected = bad_files()[name]

    with pytest.raises(MediaDecodeError, match=expected) as caught:
        hear(data, 16_000)

    assert "sound" in str(caught.value)


def test_silence_is_a_sound():
    assert not hear(write_wav(np.zeros(800), 8000), 16_000).any()


def test_a_tag_of_mp3_before_another_sound():
    tag = b"ID3\x04\0\0\0\0\x08\0" + bytes(1024)

    for kind in ("flac", "adts", "mp3"):
        data = write_sound(chirp(1, RATE), RATE, kind)
        np.testing.assert_array_equal(hear(tag + data), hear(data))


def test_rubbish_between_and_behind_the_frames_of_an_mp3_does_no_harm(files):
    data = files("mp3 without index")
    tagged = data + b"TAG" + b"A song".ljust(125, b"\0") + b"APETAGEX" + bytes(200)

    np.testing.assert_array_equal(hear(tagged)[: len(hear(data))], hear(data))


def test_without_pyav_the_error_says_how_to_get_it(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "av", None)

    with pytest.raises(MissingExtraError, match=r"pip install 'medialens\[audio\]'"):
        hear(write_wav(tone(1, 8000), 8000), 8000)
    with pytest.raises(MissingExtraError, match="Resampling a sound from 8000 to 16000 Hz"):
        hear(load_samples(tone(1, 8000), sample_rate_hz=8000, limits=LIMITS), 16_000)
    assert len(hear(load_samples(tone(1, 8000), sample_rate_hz=8000, limits=LIMITS), 8000)) == 8000


def test_many_threads_hear_the_same(files):
    expected = hear(files("mp3"), 16_000, 5.5, 6)

    with ThreadPoolExecutor(8) as threads:
        for samples in threads.map(lambda _: hear(files("mp3"), 16_000, 5.5, 6), range(24)):
            np.testing.assert_array_equal(samples, expected)
