"""The Python of docs/media.md runs as it stands, one block after the other."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture
from tests import tiny
from tests.media.clips import film
from tests.media.encoding import encode
from tests.media.tones import tone, write_sound
from tests.pictures import draw_picture

from medialens.media import capture

PAGE = Path(__file__).parents[2] / "docs" / "media.md"
NEEDS = ("av", "scenedetect", "torchcodec.decoders", "langchain_core")
FROM_THE_HUB = "laion/clap-htsat-unfused"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """With the files that the page names."""
    for name in NEEDS:
        pytest.importorskip(name, reason=f"the page needs {name}")
    draw_picture(tmp_path / "red.png", "red")
    sheets = [Picture.new("RGB", (850, 1100), colour) for colour in ("white", "red", "green", "blue")]
    sheets[0].save(tmp_path / "report.pdf", save_all=True, append_images=sheets[1:] * 3)
    Picture.new("RGB", (400, 3000), "white").save(tmp_path / "long-page.png")
    red, blue = (np.full((48, 64, 3), colour, np.uint8) for colour in ((255, 0, 0), (0, 0, 255)))
    for name in ("film.mp4", "talk.mp4"):
        (tmp_path / name).write_bytes(film([red] * 40 + [blue] * 60, fps=1, keyframe_every=1))
    (tmp_path / "film.srt").write_text("1\n00:00:01,000 --> 00:00:03,000\nHello there.\n")
    (tmp_path / "talk.srt").write_text("1\n00:00:01,000 --> 00:00:03,000\nHello there.\n")
    (tmp_path / "bell.wav").write_bytes(write_sound(tone(1.0), 48_000))
    (tmp_path / "talk.mp3").write_bytes(write_sound(tone(100.0, 16_000), 16_000, "mp3"))
    (tmp_path / "report.html").write_text("<h1>Hello</h1>")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDIALENS_STORE", str(tmp_path / "store"))
    return tmp_path


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_every_block_runs(folder, monkeypatch):
    from torchcodec.decoders import AudioDecoder

    shot = encode(Picture.new("RGB", (1280, 4000), "white"))
    monkeypatch.setattr(capture, "capture_page", lambda *_, **__: shot)  # no browser, and nothing from the network
    names = {"samples": tone(1.0, 16_000).astype(np.float32), "decoder": AudioDecoder(folder / "bell.wav")}
    text = PAGE.read_text(encoding="utf-8")
    assert FROM_THE_HUB in text
    text = text.replace(FROM_THE_HUB, str(tiny.clap(folder / "clap"))).replace('Audio("film.mp4")', 'Audio("talk.mp3")')
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    for block in blocks:
        exec(compile(block, PAGE.name, "exec"), names)  # noqa: S102  # our own text
    assert len(blocks) >= 11
    assert names["facts"].duration_seconds == 100
    assert (folder / "found.mp4").stat().st_size
    assert len(names["vectors"]) == 6
    assert names["tiles"][0].reference.box is not None
