"""Two hours of film, in a file larger than the memory that may be used for it."""

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from tests.programs import needs

pytest.importorskip("av", reason="PyAV is not installed: pip install 'medialens[video]'")
pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")

_MEGABYTE = 1024**2
_PROGRAM = """
import json, pathlib, re, sys
from medialens.inputs import Item, Video
from medialens.media.decode import decode, resolve
from medialens.media.decoded import MediaNeeds
from medialens.media.limits import MediaLimits
from medialens.media.probing import probe_video
from medialens.media.source import read_source

def peak():  # of this process alone; what getrusage says begins with the parent's peak
    return 1024 * int(re.search(r"VmHWM:\\s*(\\d+) kB", pathlib.Path("/proc/self/status").read_text())[1])

def look(path, start=None, end=None):
    needs = MediaNeeds(modalities=("video",), n_frames=16)
    item = resolve(Item(Video(path, start_seconds=start, end_seconds=end)), MediaLimits())
    return decode(item, needs, MediaLimits()).videos[0].times_seconds

short, long = sys.argv[1:]
look(short)  # brings all libraries in
before = peak()
whole = look(long)
for start in range(0, 7000, 350):
    window = look(long, start, start + 30)
facts = probe_video(read_source(long, MediaLimits()))
grown = peak() - before
print(json.dumps({"grown": grown, "whole": whole, "window": window, "duration": facts.duration_seconds}))
"""


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    ffmpeg, folder = needs("ffmpeg"), tmp_path_factory.mktemp("films")
    short, long = folder / "minute.mp4", folder / "two-hours.mp4"
    source = ("-f", "lavfi", "-i", "testsrc=size=320x180:rate=10:duration=60")
    run = [ffmpeg, "-v", "error", "-y"]
    subprocess.run([*run, *source, "-c:v", "libx264", "-preset", "ultrafast", "-g", "250", short], check=True)
    subprocess.run([*run, "-stream_loop", "119", "-i", short, "-c", "copy", long], check=True)
    with long.open("ab") as file:  # a box that players pass over, and that takes no space on the disk
        n_bytes = 600 * _MEGABYTE
        file.write(struct.pack(">I4sQ", 1, b"free", n_bytes))
        file.truncate(file.tell() + n_bytes - 16)
    return short, long


def test_a_two_hour_film_is_sampled_and_never_held(films):
    short, long = films
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, short, long], check=True, capture_output=True, text=True, env=environment
    )

    told = json.loads(done.stdout)
    assert long.stat().st_size > 600 * _MEGABYTE
    assert told["duration"] == pytest.approx(7200, abs=1)
    assert told["whole"] == pytest.approx([7200 * (2 * at + 1) / 32 for at in range(16)], abs=0.11)
    assert told["window"] == pytest.approx([6650 + 30 * (2 * at + 1) / 32 for at in range(16)], abs=0.11)
    assert told["grown"] < 300 * _MEGABYTE
