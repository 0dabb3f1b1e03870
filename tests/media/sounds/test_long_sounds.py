"""Two hours of sound: windows of it are sought, and all of it is never held."""

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.media.tones import tone, write_sound

pytest.importorskip("av", reason="PyAV is not installed: pip install 'medialens[audio]'")
pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")

_MEGABYTE = 1024**2
_RATE = 8000
_PROGRAM = """
import json, pathlib, re, sys
import numpy as np
from medialens import Audio, Item, MediaStore
from medialens.errors import MediaLimitError
from medialens.media.sounds import track as sound_track
from medialens.media.decode import decode, resolve
from medialens.media.decoded import MediaNeeds
from medialens.media.limits import MediaLimits
from medialens.media.segment.sounds import split_sound

def peak():  # of this process alone; what getrusage says begins with the parent's peak
    return 1024 * int(re.search(r"VmHWM:\\s*(\\d+) kB", pathlib.Path("/proc/self/status").read_text())[1])

def hear(part, rate=8000):
    needs = MediaNeeds(modalities=("audio",), sample_rate_hz=rate)
    return decode(resolve(Item(part), MediaLimits()), needs, MediaLimits()).audios[0].samples

short, long = sys.argv[1:]
hear(Audio(short), 48_000)  # brings all libraries in
before, n_decoded, to_mono = peak(), 0, sound_track.to_mono

def counted(frame):
    global n_decoded
    n_decoded += frame.samples
    return to_mono(frame)

sound_track.to_mono = counted
segments = split_sound(long, store=MediaStore("memory://long"))
pitches = []
for segment in segments[::40]:
    samples = hear(segment.part)
    pitches.append(float(np.abs(np.fft.rfft(samples * np.hanning(len(samples)))).argmax() * 8000 / len(samples)))
n_sought = n_decoded
try:
    hear(Audio(long), 48_000)
    refused = ""
except MediaLimitError as error:
    refused = error.limit
print(json.dumps({
    "grown": peak() - before, "windows": [[one.reference.start_seconds, one.reference.end_seconds] for one in segments],
    "pitches": pitches, "seconds": n_sought / 8000, "refused": refused,
}))
"""


def test_two_hours_of_sound(tmp_path):
    """Twelve tones of ten minutes each, as an mp3 without any index."""
    short, long = tmp_path / "short.mp3", tmp_path / "long.mp3"
    tones = [write_sound(tone(10, _RATE, hz=300 + 100 * at), _RATE, "mp3 without index") for at in range(12)]
    short.write_bytes(tones[0])
    with long.open("wb") as file:
        for data, _ in itertools.product(tones, range(60)):
            file.write(data)

    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, short, long],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )

    told = json.loads(done.stdout)
    start, end = told["windows"][-1]
    assert end == pytest.approx(7200, abs=120)  # each piece of ten seconds begins and ends with some of the coder's
    assert end - start == pytest.approx(30, abs=10)
    assert [window[0] for window in told["windows"]][:-1] == [27 * at for at in range(len(told["windows"]) - 1)]
    length = end / 12  # of one tone
    expected = [300 + 100 * int((start + 15) / length) for start, _ in told["windows"][::40]]
    np.testing.assert_allclose(told["pitches"], expected, rtol=0, atol=5)
    assert told["seconds"] < 60 * len(told["pitches"])  # of 7200
    assert told["refused"] == "max_samples"
    assert told["grown"] < 300 * _MEGABYTE
