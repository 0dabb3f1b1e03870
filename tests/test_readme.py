"""The README's Python runs as it stands, one block after the other, in a folder with the pictures it names."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
from PIL import Image as Picture
from tests.media.clips import animate, film, grey, levels
from tests.media.tones import tone, write_sound

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(
    r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    paths = runpy.run_path(str(ROOT / "tests" / "quick_start.py"))["draw"](tmp_path)
    for name in ("chart.png", "good.png"):
        (tmp_path / name).write_bytes(paths[0].read_bytes())
    (tmp_path / "clip.gif").write_bytes(animate([grey(level) for level in levels(5)]))
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    Picture.open(paths[0]).convert("RGB").save(tmp_path / "report.pdf")
    Picture.new("RGB", (400, 3000), "white").save(tmp_path / "long-page.png")
    (tmp_path / "film.mp4").write_bytes(film([grey(level) for level in levels(24)]))
    (tmp_path / "call.mp3").write_bytes(write_sound(tone(2.0, 44_100), 44_100, "mp3"))
    (tmp_path / "files").mkdir()
    for name in ("report.pdf", "clip.gif", "good.png"):
        (tmp_path / "files" / name).write_bytes((tmp_path / name).read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDIALENS_STORE", str(tmp_path / "store"))


def test_every_block_runs(pictures, capsys):
    assert len(BLOCKS) >= 4
    names: dict[str, object] = {}
    for block in BLOCKS:
        exec(compile(block, "README.md", "exec"), names)  # noqa: S102  # our own text
    assert any("relevance_score" in block for block in BLOCKS)
    assert names["part"].reference.start_seconds >= 0
    assert {block["type"] for block in names["blocks"]} >= {"text", "image"}
    assert names["clip"].shape == names["vectors"][0].shape
    assert names["result"].errors.keys() == {1}
    assert len(names["best"]) == 1
    assert "Ranked(index=" in capsys.readouterr().out
