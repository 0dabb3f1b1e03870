"""Sounds as telephones and older programs write them: heard as FFmpeg's own program decodes them, in any window."""

import io
import subprocess
from fractions import Fraction

import numpy as np
import pytest
from tests.media.tones import chirp, frames_of
from tests.programs import needs

from medialens.errors import MediaDecodeError
from medialens.media.limits import MediaLimits
from medialens.media.moments import Window
from medialens.media.sounds.audio import load_sound
from medialens.media.sounds.probing import probe_sound
from medialens.media.source import encoded, read_source

av = pytest.importorskip("av", reason="PyAV is not installed: pip install 'medialens[audio]'")

LIMITS = MediaLimits()
KINDS = {  # container, coder, sample format, rate, bits a second, type
    "wma": ("asf", "wmav2", "fltp", 44_100, 128_000, "audio/x-ms-wma"),
    "amr": ("amr", "libopencore_amrnb", "s16", 8_000, 12_200, "audio/amr"),
    "caf of alac": ("caf", "alac", "s16p", 44_100, None, "audio/x-caf"),
    "au of mu-law": ("au", "pcm_mulaw", "s16", 8_000, None, "audio/basic"),
}


def write(kind, seconds=4):
    container, codec, sample_format, rate, bit_rate, _ = KINDS[kind]
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        try:
            stream = output.add_stream(codec, rate=rate, layout="mono", format=sample_format)
        except Exception as error:  # noqa: BLE001  # builds of FFmpeg differ in what they can write
            pytest.skip(f"PyAV's FFmpeg cannot write {kind}: {error}")
        if bit_rate:
            stream.bit_rate = bit_rate
        resampler = av.AudioResampler(format=sample_format, layout="mono", rate=rate)
        for frame in frames_of(av, np.atleast_2d(chirp(seconds, rate)), rate, "mono"):
            for ready in resampler.resample(frame):
                output.mux(stream.encode(ready))
        output.mux(stream.encode(None))
    return file.getvalue()


@pytest.fixture(scope="module", params=KINDS)
def sound(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("sounds") / "sound"
    path.write_bytes(write(request.param))
    return request.param, path


def hear(path, rate, window=None):
    return load_sound(read_source(path, LIMITS), sample_rate_hz=rate, window=window or Window()).samples


def test_it_is_heard_as_ffmpeg_decodes_it(sound):
    kind, path = sound
    ffmpeg, rate = needs("ffmpeg"), KINDS[kind][3]
    command = [ffmpeg, "-v", "error", "-i", str(path), "-af", "aformat=fltp", "-ac", "1", "-f", "f32le", "-"]
    theirs = np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.float32)
    ours = hear(path, rate)
    assert read_source(path, LIMITS).mime_type == KINDS[kind][5]
    shared = min(len(ours), len(theirs))
    assert max(len(ours), len(theirs)) - shared <= 2048
    assert shared > 3.9 * rate
    np.testing.assert_allclose(ours[:shared], theirs[:shared], rtol=0, atol=1e-5)


@pytest.mark.parametrize(("start", "end"), [(0.0, 0.5), (0.7, 1.9), (2.25, 2.26), (3.0, None)])
def test_a_window_is_the_same_samples_of_the_whole(sound, start, end):
    kind, path = sound
    rate = KINDS[kind][3]
    whole, part = hear(path, rate), hear(path, rate, Window.of(start, end))
    first = round(start * rate)
    expected = whole[first : None if end is None else round(end * rate)]
    assert len(part) == len(expected)
    np.testing.assert_allclose(part, expected, rtol=0, atol=1e-6)


def test_how_long_it_is_is_told_to_the_sample(sound):
    kind, path = sound
    facts = probe_sound(read_source(path, LIMITS))
    rate = KINDS[kind][3]
    assert facts.sample_rate_hz == rate
    assert facts.end_seconds - facts.start_seconds == Fraction(len(hear(path, rate)), rate)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.01, 0.5])
def test_what_is_cut_off_is_an_error_or_heard_as_far_as_it_goes(kind, share):
    data = write(kind)
    heard, said = np.empty(0), "'cut'"
    try:
        heard = load_sound(encoded(data[: int(len(data) * share)], name="cut"), sample_rate_hz=8000).samples
    except MediaDecodeError as error:
        said = str(error)
    assert "'cut'" in said
    assert len(heard) <= (4 * share + 0.3) * 8000
